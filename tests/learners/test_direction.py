"""The gradient the card says a token has, against autograd: every surrogate and ratio level, each kind's credit."""

from __future__ import annotations

import itertools

import pytest
import torch

from core.algorithms.ratio import LEVELS
from core.algorithms.surrogates import SURROGATES
from core.config import RunConfig
from core.insight.whatif import StoredStep, effect_under, stored_step
from core.learners.registry import LEARNER_KINDS, credit_for, learner, regions_of
from core.training.trainer import Trainer
from tests.registered import surrogates_of

RUN = {"prompts_per_step": 4, "num_generations": 4, "steps": 1, "eval_every": 0, "trace": "all"}


#: A reward model moves no token's probability: its card speaks of its scores.
POLICIES = [name for name, kind in LEARNER_KINDS.items() if kind.trains == "policy"]


@pytest.fixture(scope="module")
def steps() -> dict[str, StoredStep]:
    """A step of each kind after whose passes many ratios are out of range."""
    made = {}
    for name in POLICIES:
        settings = learner(name, learning_rate=6e-3, num_iterations=3)
        [trace] = Trainer(RunConfig(learners=(settings,), **RUN), name).steps()
        made[name] = stored_step(trace.samples, trace.tokens)
    return made


FORMS = [
    (form, level, kind)
    for form, level, kind in itertools.product(SURROGATES, LEVELS, POLICIES)
    if form in surrogates_of(LEARNER_KINDS[kind])
]


@pytest.mark.parametrize(("form", "level", "kind"), FORMS)
def test_the_gradient_goes_where_the_card_says(form: str, level: str, kind: str, steps: dict[str, StoredStep]) -> None:
    settings = learner(kind, surrogate=form, importance_sampling_level=level)
    step, surrogate = steps[kind], SURROGATES[form]
    mask, credit = step.panel.mask, credit_for(settings)(step.experience)
    cuts = {x.side for x in regions_of(settings) if x.cuts}
    whole = surrogate.whole or (LEVELS[level].whole and not surrogate.fixed_ratio)
    seen = 0
    for number in range(1, step.passes + 1):
        effect = effect_under(step, credit, settings, 20, number)
        pull, advantage = -effect.gradient[mask], credit.advantages[mask]
        cut = torch.tensor([x in cuts for x in effect.clipped[mask].tolist()])
        if whole:  # the card says that a token's term moves its whole response, so a token by itself may go either way
            continue
        assert not pull[cut].any()
        free = ~cut & (advantage != 0)
        assert torch.equal(pull[free].sign(), advantage[free].sign())
        seen += int(cut.sum())
    assert whole or seen or not cuts
