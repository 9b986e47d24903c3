"""Policy gradient on a fixed data set: GRPO's advantages of responses that the start model wrote once.

    objective_t = min(ρ_t A_t, clip(ρ_t) A_t)        ρ_t = π(o_t) / π_collect(o_t)

All is as online but for who wrote the responses: the ratio is against the policy that collected them, step after step,
so that it does not begin at 1 again, and the clip (or its absence: surrogate=unclipped, log-likelihood) decides how far
the policy may leave its data. Off-policy policy gradient with importance weights per token (Degris et al. 2012,
arXiv:1205.4839; for language models Levine et al. 2020, arXiv:2005.01643, section 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from core.algorithms.advantages import group_advantages, group_terms
from core.algorithms.types import Credit, Experience
from core.errors import N_, RequestError
from core.lazy import lazy
from core.learners.collected import Collected, CollectedSettings, drawn
from core.learners.kind import LearnerKind, Needs
from core.learners.lines import NONE, OF_DATA, PROMPTS
from core.learners.offline import UNUSED, WITHOUT, refuses_penalty
from core.terms import Term

if TYPE_CHECKING:
    import torch
else:
    torch = lazy("torch")

_CODE = "core/learners/kinds/offline_pg.py:credit"


class OfflinePGSettings(CollectedSettings):
    """Offline: GRPO's credit on a fixed data set, with the ratio against the policy that collected it."""

    algorithm: Literal["offline-pg"] = "offline-pg"
    name: str = Field("offline-pg", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    baseline: Literal["group-mean", "leave-one-out"] = Field(
        "group-mean", description="What a response is compared with: its group, or the others in it."
    )
    scale_rewards: Literal["group", "none"] = Field(
        "group", description="Divide by the group's standard deviation, or not at all."
    )
    scale_ddof: Literal[0, 1] = Field(1, description="Divide by G (0) or G − 1 (1) in the standard deviation.")
    scale_eps: float = Field(1e-4, ge=0, le=1, description="Added to the standard deviation before dividing by it.")


def credit(experience: Experience, settings: OfflinePGSettings) -> Credit:
    """One advantage per response, the same for all its tokens, from the rewards of its group in the data set."""
    rewards, mask = experience.rewards, experience.mask
    scale, ddof, eps = settings.scale_rewards, settings.scale_ddof, settings.scale_eps
    advantage, raw = group_advantages(rewards, experience.group, scale, ddof, eps, settings.baseline)
    return Credit(torch.where(mask, advantage[:, None], 0), torch.where(mask, raw[:, None], 0), scores=rewards)


def _draws(settings: OfflinePGSettings, data: Collected, seed: int, step: int, count: int) -> list[list[int]]:
    if not data.pairs:
        raise RequestError(
            "{learner}: to no question of the {count} collected responses one scored more than another, so there is "
            "nothing to compare; collect more (data_responses), or choose an easier task",
            learner=settings.name,
            count=len(data),
        )
    return drawn(data.groups, seed, step, count)


def _terms(settings: OfflinePGSettings) -> tuple[Term, ...]:
    return (
        Term("score", "reward", title=N_("reward"), tex="r_i"),
        *group_terms(settings.baseline, settings.scale_rewards),
        Term(
            "advantage",
            "per_token(credit)",
            title=N_("advantage Â"),
            help=N_("The token's credit as it is, without whitening: what the loss uses."),
            tex=r"\hat A_t",
            source=_CODE,
        ),
    )


def _lines(settings: OfflinePGSettings) -> dict[str, str]:
    against = {
        "group-mean": r"A_{i,t} = r_i - \operatorname{mean}(r_1,\dots,r_G)",
        "leave-one-out": r"A_{i,t} = r_i - \tfrac{1}{G-1}\textstyle\sum_{j \ne i} r_j",
    }
    spread = rf"A \leftarrow A \,/\, (\operatorname{{std}}(r_1,\dots,r_G) + {settings.scale_eps:g})"
    return {
        "questions": rf"{PROMPTS} \text{{ {OF_DATA}}}",
        "reward": "r_i",
        "advantage": against[settings.baseline],
        "normalisation": spread if settings.scale_rewards == "group" else NONE,
    }


KIND = LearnerKind(
    name="offline-pg",
    title="Offline PG",
    summary=N_("Offline: one credit a response, from its group in a fixed data set."),
    settings=OfflinePGSettings,
    colour="red",
    credit=credit,
    terms=_terms,
    lines=_lines,
    strip_title=lambda _settings: N_("{name}: one credit a response, from its group of {size} in the data set"),
    source=_CODE,
    needs=lambda _settings: Needs(groups=True, smallest_group=2),
    without=lambda _settings: WITHOUT,
    refuses=refuses_penalty,
    unused=UNUSED,
    draws=_draws,
    against_collector=True,
    order=60,
)
