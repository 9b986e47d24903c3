"""Supervised fine-tuning on the best of a fixed data set: rejection sampling, without a reward in the loss.

    loss = −mean log π(o_t)        over the tokens of the chosen responses

The start model's own responses are collected once; those that scored best are kept, and the policy is made to write
them. "RFT" of Yuan et al. 2023 (arXiv:2308.01825), and the rejection sampling of Llama 2 (Touvron et al. 2023,
arXiv:2307.09288, section 3.2.3) with one round. Wrong responses are never seen, and nothing is compared: there is no
advantage, and as nobody is to be corrected for, no ratio either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from core.algorithms.types import Credit, Experience
from core.errors import N_, RequestError
from core.lazy import lazy
from core.learners.collected import Collected, CollectedSettings, drawn
from core.learners.kind import LearnerKind
from core.learners.lines import ALL, NONE, OF_DATA, PROMPTS, WITH
from core.learners.offline import UNUSED, WITHOUT, refuses_penalty
from core.terms import Term

if TYPE_CHECKING:
    import torch
else:
    torch = lazy("torch")

_CODE = "core/learners/kinds/sft.py:credit"


class SFTSettings(CollectedSettings):
    """Offline: makes the best responses of a fixed data set likelier, each token alike. No credit, no ratio."""

    algorithm: Literal["sft"] = "sft"
    name: str = Field("sft", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    surrogate: Literal["log-likelihood"] = Field(
        "log-likelihood", description="What is maximised for a token, made of its ratio and its advantage."
    )
    data_best: Literal["right", "best-of-group"] = Field(
        "right",
        description="What is learnt from: every response with the highest reward there is, or each question's best.",
    )


def credit(experience: Experience, _settings: SFTSettings) -> Credit:
    """Every token counts 1: a weight, no advantage, and the trace has none."""
    one = torch.where(experience.mask, 1.0, 0.0)
    return Credit(one, one)


def _draws(settings: SFTSettings, data: Collected, seed: int, step: int, count: int) -> list[list[int]]:
    units = data.right if settings.data_best == "right" else data.best
    if not units:
        raise RequestError(
            "{learner}: of the {count} collected responses none is better than another, so there is nothing to learn "
            "from; collect more (data_responses), or choose an easier task",
            learner=settings.name,
            count=len(data),
        )
    return drawn(units, seed, step, count)


def _terms(_settings: SFTSettings) -> tuple[Term, ...]:
    return (
        Term(
            "advantage",
            "1",
            title=N_("weight"),
            help=N_("Each token of a chosen response counts alike. Nothing is compared, so it is no advantage."),
            tex="A_t",
            source=_CODE,
        ),
    )


def _lines(settings: SFTSettings) -> dict[str, str]:
    chosen = rf"r_i = \max(\text{{{ALL} }} r)" if settings.data_best == "right" else r"r_i = \max(r_1,\dots,r_G)"
    return {
        "questions": rf"{PROMPTS} \text{{ {OF_DATA}}},\ \text{{{WITH} }} {chosen}",
        "reward": "r_i",
        "advantage": "A_t = 1",
        "normalisation": NONE,
    }


KIND = LearnerKind(
    name="sft",
    title="SFT",
    summary=N_("Offline: the best responses of a fixed data set are made likelier, each token alike."),
    settings=SFTSettings,
    colour="grey",
    credit=credit,
    terms=_terms,
    lines=_lines,
    strip_title=lambda _settings: N_("{name}: the data set's best responses, no credit"),
    source=_CODE,
    without=lambda _settings: WITHOUT | {"advantage", "advantage_raw", "score"},
    refuses=refuses_penalty,
    unused=UNUSED,
    draws=_draws,
    fixed=frozenset({"data_best"}),
    order=40,
)
