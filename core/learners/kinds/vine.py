"""VinePPO: what a prefix is worth is not predicted by a critic but measured, by finishing it K times afresh.

    A_t = r_t + V(s_{t+1}) - V(s_t)        V(s) = mean reward of K fresh continuations of s

Kazemnejad et al. 2024, VinePPO (arXiv:2410.01679): no critic is trained, gamma is 1 and lambda is 0, since a
measured value needs no help from the outcome. The paper measures at the borders of reasoning steps, with K = 9; here it
is at every token. The measuring is done in core/training/continuations.py.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.algorithms.advantages import gae
from core.algorithms.masked import advantage_terms, whitened_credit
from core.algorithms.token_rewards import rewards_of, token_reward_terms
from core.algorithms.types import Credit, Experience
from core.errors import N_, RequestError
from core.learners.kind import LearnerKind, Needs
from core.learners.lines import NONE, PROMPTS, WHITENED, measured_value, token_reward
from core.learners.settings import LearnerSettings
from core.terms import Term

_CODE = "core/learners/kinds/vine.py:credit"


class VineSettings(LearnerSettings):
    """Credit per token, from fresh continuations of every prefix instead of a critic (VinePPO)."""

    algorithm: Literal["vine"] = "vine"
    name: str = Field("vine", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    continuations: int = Field(8, ge=1, le=256, description="Fresh continuations per prefix (K); their mean is V.")
    whiten_advantages: bool = Field(True, description="Shift and scale advantages to mean 0 and standard deviation 1.")
    whiten_ddof: Literal[0, 1] = Field(1, description="Divide by N (0) or N − 1 (1) in the standard deviation.")


def credit(experience: Experience, settings: VineSettings) -> Credit:
    """Advantages per token from measured values. Nothing is fitted to anything, so there are no returns.

    Raises RequestError if the experience lacks the values, or the reference of a KL penalty.
    """
    if experience.values is None:
        raise RequestError(
            "{learner}: VinePPO needs measured values of the prefixes, but there are none", learner=settings.name
        )
    rewards = rewards_of(experience, settings)
    raw, _, deltas = gae(rewards, experience.values, experience.mask, gamma=1.0, lam=0.0)
    plain = Credit(raw, raw, token_rewards=rewards, deltas=deltas)
    return whitened_credit(plain, experience.mask, settings.whiten_ddof) if settings.whiten_advantages else plain


def _terms(settings: VineSettings) -> tuple[Term, ...]:
    return (
        *token_reward_terms(settings),
        Term("value_next", "following(value, 0)", title=N_("value after it"), tex="V_{t+1}", source=_CODE),
        Term(
            "delta",
            "token_reward + value_next - value",
            title=N_("change of V"),
            help=N_("Reward + value after this token − value before it, both measured: what the token changed."),
            tex=r"\delta_t",
            source=_CODE,
        ),
        Term("advantage_raw", "delta", title=N_("raw advantage"), tex="A_t", source=_CODE),
        *advantage_terms("advantage_raw", whiten=settings.whiten_advantages),
    )


def _lines(settings: VineSettings) -> dict[str, str]:
    values = measured_value(settings.continuations)
    return {
        "questions": PROMPTS,
        "reward": token_reward(settings),
        "advantage": rf"A_t = r_t + V(s_{{t+1}}) - V(s_t),\quad {values}",
        "normalisation": WHITENED if settings.whiten_advantages else NONE,
    }


def _strip_title(settings: VineSettings) -> str:
    if settings.continuations == 1:
        return N_("{name}: each token its own credit, measured by one fresh ending")
    return N_("{name}: each token its own credit, measured by {continuations} fresh endings")


KIND = LearnerKind(
    name="vine",
    title="VinePPO",
    summary=N_("Each token its own credit, from fresh continuations of every prefix."),
    settings=VineSettings,
    colour="green",
    credit=credit,
    terms=_terms,
    lines=_lines,
    strip_title=_strip_title,
    source=_CODE,
    needs=lambda settings: Needs(continuations=settings.continuations),
    without=lambda _settings: frozenset(
        {"value_after", "return", "value_loss", "vf_explained_var", "score", "score_std"}
    ),
    order=30,
)
