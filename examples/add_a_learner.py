"""Add a kind of learner and race it against GRPO: `python -m examples.add_a_learner [NAME=VALUE …]`.

All above `main` is what would be the file core/learners/kinds/discounted.py, which is found by being there; then
`--learner discounted` takes it, and an entry of VARIANTS brings it onto the page of algorithms. Here it is entered by
hand. Texts that pages show are message templates in N_; `python -m lessons.i18n.update` collects them.

    A_t = γ^(T - t) (r - mean(r_1 … r_G))        T: the response's last token

A response's reward against its group's, as in GRPO without the division, but counted less the longer before the end a
token stands: the discounted return of REINFORCE (Williams 1992; Sutton & Barto 2018, section 13.3).
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from core.algorithms.advantages import gae, group_advantages
from core.algorithms.token_rewards import score_terms, token_rewards
from core.algorithms.types import Credit, Experience
from core.errors import N_, Message
from core.given_config import change
from core.lazy import lazy
from core.learners.kind import Column, LearnerKind, Needs
from core.learners.lines import NONE, PROMPTS
from core.learners.registry import LEARNER_KINDS, lines
from core.learners.settings import LearnerSettings
from core.learners.variants import VARIANTS
from core.presets import preset
from core.terms import Term, evaluate
from core.training.terms import data_of, known_values, terms_for
from core.training.trainer import Trainer

if TYPE_CHECKING:
    import torch
else:  # knowing which there are must not take the seconds that importing torch takes
    torch = lazy("torch")

_CODE = "examples/add_a_learner.py:credit"


class DiscountedSettings(LearnerSettings):
    """Credit per token: the response's reward against its group's, discounted from its end."""

    algorithm: Literal["discounted"] = "discounted"
    name: str = Field("discounted", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    gamma: float = Field(0.9, ge=0, le=1, description="Discount: how much a reward one token later counts.")


def credit(experience: Experience, settings: DiscountedSettings) -> Credit:
    """Advantages per token [B, T]; 0 where the mask is False."""
    rewards, mask = experience.rewards, experience.mask
    centred, _ = group_advantages(rewards, experience.group, "none")
    nothing = torch.zeros(mask.shape, dtype=rewards.dtype, device=rewards.device)
    # Without values and with λ = 1 the sum of discounted surprises is that of discounted rewards.
    raw, _, _ = gae(token_rewards(centred, mask), nothing, mask, settings.gamma, lam=1.0)
    weight, _, _ = gae(token_rewards(torch.ones_like(rewards), mask), nothing, mask, settings.gamma, lam=1.0)
    return Credit(raw, raw, scores=rewards, extra={"discount": weight})


def _terms(settings: DiscountedSettings) -> tuple[Term, ...]:
    return (
        *score_terms(settings),
        Term(
            "baseline_value",
            "mean_group(score)",
            title=N_("mean of the group"),
            help=N_("What the response is compared with: the mean reward of its group, its own included."),
            tex=r"\bar r",
            source=_CODE,
        ),
        Term(
            "credit",
            "score - baseline_value",
            title=N_("relative"),
            help=N_("The reward against what it is compared with, before it is discounted."),
            tex=r"\hat A_i",
            source=_CODE,
        ),
        Term(
            "discount",
            "scan(1 if last else 0, gamma)",
            title=N_("discount"),
            help=N_("What a reward at the end counts here: γ for each token that follows."),
            tex=r"\gamma^{T-t}",
            source=_CODE,
        ),
        Term(
            "advantage_raw",
            "discount * credit",
            title=N_("raw advantage"),
            help=N_("The response's credit, as much of it as counts at this token."),
            tex="A_t",
            source=_CODE,
        ),
        # The last one is always called so: it is what the loss uses.
        Term(
            "advantage",
            "advantage_raw",
            title=N_("advantage Â"),
            help=N_("The token's credit as it is, without whitening: what the loss uses."),
            tex=r"\hat A_t",
            source=_CODE,
        ),
    )


def _lines(settings: DiscountedSettings) -> dict[str, str]:
    return {
        "questions": PROMPTS,
        "reward": "r_i",
        "advantage": rf"A_t = {settings.gamma:g}^{{T-t}}\,(r_i - \operatorname{{mean}}(r_1,\dots,r_G))",
        "normalisation": NONE,
    }


KIND = LearnerKind(
    name="discounted",
    title="Discounted",
    summary=N_("Each token its response's credit, less the longer before the end it stands."),
    settings=DiscountedSettings,
    colour="pink",  # of the palette; where another learner has it already, the next free one
    credit=credit,
    terms=_terms,
    lines=_lines,
    strip_title=lambda _settings: N_("{name}: a response's credit, discounted from its end"),
    source=_CODE,
    needs=lambda _settings: Needs(groups=True, smallest_group=2),  # no critic, no continuations
    # Columns of the trace that it has none of: they are null there, and read "none".
    without=lambda _settings: frozenset(
        {"token_reward", "value", "value_after", "delta", "return", "value_loss", "vf_explained_var"}
    ),
    # A column of its own, per token. What the credit needs and nobody measures comes from `measure`, in `extra`.
    columns=(Column("discount", N_("discount"), N_("What a reward at the end counts here."), signed=False),),
    refuses=lambda settings: (
        Message("kl_coef is {given}, but this credit has no place for a penalty per token", given=settings.kl_coef)
        if settings.kl_coef > 0
        else None
    ),
)


def main(assignments: list[str]) -> None:
    LEARNER_KINDS[KIND.name] = KIND
    settings: dict[str, Any] = {"steps": 20, "eval_every": 0, "trace": "all"}
    for name, _, value in (x.partition("=") for x in assignments):
        settings[name] = json.loads(value)
    config = change(preset("chain-sum"), settings)
    for mine in (VARIANTS["grpo"].settings, DiscountedSettings()):
        print(f"{mine.name}: {lines(mine)['advantage']}")
        trainer = Trainer(config.model_copy(update={"learners": (mine,)}), mine.name)
        gap = 0.0
        for trace in trainer.steps():
            # The card's numbers are worked out from the terms: they have to be those that trained.
            data = data_of(known_values(mine), trace.samples, trace.tokens, trace.scalars)
            trained = data.tokens["advantage"][data.mask]
            computed = evaluate(terms_for(mine), data, recompute=True)["advantage"].numbers[data.mask]
            gap = max(gap, float(np.abs(computed - trained).max()))
        print(f"  terms and training differ by {gap:.0e}")
        print(f"  held-out success {trainer.final_evaluation()['sampled']:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
