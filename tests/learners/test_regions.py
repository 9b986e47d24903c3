"""The regions that surrogates declare, which pages draw and put in words, against the code that trains."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
import torch

from core.algorithms.surrogates import SURROGATES, Update
from core.learners.registry import AnyLearner, learner, refused, regions_of
from core.terms import Data, clip_sides, evaluate, evaluate_tree
from core.training.terms import known_values, terms_for


def settings_of(form: str) -> list[AnyLearner]:
    """Learners with this surrogate whose bounds all differ: clip range even and wider, dual clip off and on."""
    made = [
        learner("grpo", surrogate=form, epsilon=0.2, epsilon_high=high, dual_clip=dual)
        for high, dual in itertools.product((None, 0.1, 0.5), (None, 3.0))
    ]
    return [x for x in made if refused(x) is None]


#: Those that any learner may choose; one that is made for a kind alone is tried below.
GENERAL = [name for name, form in SURROGATES.items() if form.general]
CASES = [pytest.param(x, id=f"{form}-{x.epsilon_high}-{x.dual_clip}") for form in GENERAL for x in settings_of(form)]


def test_every_surrogate_is_tried_with_an_even_and_a_wider_range() -> None:
    for form in GENERAL:
        assert {None, 0.1, 0.5} <= {x.epsilon_high for x in settings_of(form)}
    assert {x.dual_clip for x in settings_of("clip")} == {None, 3.0}


@pytest.mark.parametrize("settings", CASES)
def test_a_token_is_in_a_declared_region_exactly_where_training_says_so(settings: AnyLearner) -> None:
    # The bounds themselves are among the ratios: a region ends before its bound.
    bounds = (1 - settings.epsilon, 1 + settings.epsilon, 1 + settings.clip_high, 3.0)
    ratios = np.array([*np.arange(0.1, 6.0, 0.05), *bounds])
    ratio, advantage = (x.reshape(-1) for x in np.meshgrid(ratios, (-1.0, 0.0, 1.0)))
    tokens = {"ratio": ratio[None], "advantage": advantage[None]}
    data = Data(known_values(settings), np.ones((1, ratio.size), dtype=bool), tokens=tokens)
    terms = terms_for(settings)
    declared = clip_sides(terms, data, evaluate(terms, data))
    assert not declared.null.any()

    of_ratio, of_advantage = torch.tensor(ratio)[None], torch.tensor(advantage)[None]
    update = Update(of_ratio, of_ratio.log(), of_advantage, torch.ones_like(of_ratio, dtype=torch.bool))
    trained = SURROGATES[settings.surrogate].side(update, settings)
    assert bool(trained.any()) == bool(regions_of(settings))
    wrong = [
        (r, a, d, t) for r, a, d, t in zip(ratio, advantage, declared.numbers[0], trained[0], strict=True) if d != t
    ]
    assert wrong == [], "(ratio, advantage, declared, trained)"


@pytest.mark.parametrize("settings", CASES)
def test_the_bound_in_a_regions_sentence_is_the_bound_of_the_region(settings: AnyLearner) -> None:
    for region in regions_of(settings):
        if "bound" in re.findall(r"\{(\w+)\}", region.says):
            assert region.values["bound"] in {region.ratio_from, region.ratio_to} - {None}, region.says


@pytest.mark.parametrize("settings", CASES)
def test_a_region_says_rightly_whether_a_gradient_is_left_in_it(settings: AnyLearner) -> None:
    ratio, advantage = (
        x.reshape(-1) for x in torch.meshgrid(torch.arange(0.105, 6, 0.05), torch.tensor([-1.0, 1.0]), indexing="ij")
    )
    logprob = ratio.double().log().requires_grad_()
    update = Update(logprob.exp()[None], logprob[None], advantage[None], torch.ones(1, len(ratio), dtype=torch.bool))
    form = SURROGATES[settings.surrogate]
    (gradient,) = torch.autograd.grad(form.objective(update, settings).sum(), logprob)
    data = Data(known_values(settings), np.ones((1, 1), dtype=bool))
    for declared in terms_for(settings).regions:
        region = declared.region
        low, high = (
            end if tree is None else float(evaluate_tree(tree, data, {}).numbers)
            for tree, end in ((declared.ratio_from, 0), (declared.ratio_to, torch.inf))
        )
        own = (ratio > low) & (ratio < high)
        if region.advantage != "any":
            own &= advantage > 0 if region.advantage == "positive" else advantage < 0
        assert own.any()
        assert region.cuts is bool((gradient[own] == 0).all()), region.says
        assert region.cuts is bool((gradient[own] == 0).any()), region.says
