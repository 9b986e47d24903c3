"""DPO: pairs of a fixed data set, of which the better response is to become the likelier one, seen from the start.

    loss = −log σ(m)        m = Σ s_i r̂_i        r̂_i = β Σ_t (log π(o_t) − log π_ref(o_t))

Rafailov et al. 2023 (arXiv:2305.18290). r̂ is the implicit reward: that of the reward model that the policy would be the
best answer to. The pairs come from the data set: to one question, a response that scored above its mean and one that
did not. The credit is the weight that the gradient has at each token before the step's first update,

    A_t = s_i · β · σ(−m)

with which DPO's gradient is that of Σ A_t log π(o_t): the surrogate (core/algorithms/surrogates/dpo.py) works the
weight out anew at each further pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from core.algorithms.surrogates.dpo import DPOBeta, margins
from core.algorithms.types import Credit, Experience
from core.errors import N_, RequestError
from core.lazy import lazy
from core.learners.collected import Collected, CollectedSettings, drawn
from core.learners.kind import Column, LearnerKind, Needs
from core.learners.lines import NONE, OF_DATA, PROMPTS
from core.learners.offline import UNUSED, WITHOUT, refuses_penalty
from core.terms import Term

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")

_CODE = "core/learners/kinds/dpo.py:credit"


class DPOSettings(DPOBeta, CollectedSettings):
    """Offline: of pairs of a fixed data set the better response is made likelier, against the start model (DPO)."""

    algorithm: Literal["dpo"] = "dpo"
    name: str = Field("dpo", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    learning_rate: float = Field(1e-4, gt=0, le=1, description="Step size of the policy's Adam optimiser.")
    surrogate: Literal["dpo"] = Field(
        "dpo", description="What is maximised for a token, made of its ratio and its advantage."
    )
    aggregation: Literal["seq-mean-token-mean"] = Field(
        "seq-mean-token-mean", description="How per-token losses become one number."
    )
    num_generations: int | None = Field(
        2, ge=2, le=2, description="Responses per question for this learner: a pair is two."
    )

    @property
    def needs_reference(self) -> bool:
        """The start model is part of the loss."""
        return True


def credit(experience: Experience, settings: DPOSettings) -> Credit:
    """The weight of each token in DPO's gradient, [B, T]: ±β σ(−margin), margins as before the step's first update.

    Raises RequestError if there is no reference.
    """
    if experience.logprobs_ref is None:
        raise RequestError("{learner}: DPO needs a reference, but there is none", learner=settings.name)
    mask, side = experience.mask, sides(experience.rewards, experience.group)
    implicit = settings.dpo_beta * torch.where(mask, experience.logprobs_old - experience.logprobs_ref, 0)
    margin = margins(implicit.sum(1) / settings.dpo_beta, side, experience.group, settings.dpo_beta)
    weight = settings.dpo_beta * torch.sigmoid(-margin)
    advantages = torch.where(mask, (side * weight)[:, None], 0)
    return Credit(advantages, advantages, extra={"implicit_reward": implicit})


def sides(rewards: Tensor, group: Tensor) -> Tensor:
    """+1 for the response of a pair with the higher reward, −1 for the other one; rewards, group [B] → float [B]."""
    _, pair, count = group.unique(return_inverse=True, return_counts=True)
    mean = torch.zeros(len(count), dtype=rewards.dtype, device=rewards.device).index_add(0, pair, rewards) / count
    return (rewards - mean[pair]).sign()


def _draws(settings: DPOSettings, data: Collected, seed: int, step: int, count: int) -> list[list[int]]:
    if not data.pairs:
        raise RequestError(
            "{learner}: no pair can be made of the {count} collected responses, as to no question one scored more than "
            "another; collect more (data_responses), or several to each question (data_generations)",
            learner=settings.name,
            count=len(data),
        )
    return drawn(data.pairs, seed, step, count)


def _terms(_settings: DPOSettings) -> tuple[Term, ...]:
    return (
        Term(
            "chosen",
            "sign(reward - mean_group(reward))",
            title=N_("chosen (+1) or rejected (−1)"),
            help=N_("Which response of the pair scored more in the data set."),
            tex="s_i",
            source="core/learners/kinds/dpo.py:sides",
        ),
        Term(
            "implicit_reward",
            "dpo_beta * (logprob_old - logprob_ref)",
            title=N_("implicit reward of the token"),
            help=N_("β × how much likelier the token is than under the start model, before this step's update."),
            tex=r"\hat r_t",
            source=_CODE,
        ),
        Term(
            "implicit_sum",
            "sum_response(implicit_reward)",
            title=N_("implicit reward"),
            help=N_("Of the whole response: the sum over its tokens."),
            tex=r"\hat r_i",
            source=_CODE,
        ),
        Term(
            "margin",
            "sum_group(chosen * implicit_sum)",
            title=N_("margin"),
            help=N_("Implicit reward of the chosen response less that of the rejected one, before this step's update."),
            tex="m",
            source="core/algorithms/surrogates/dpo.py:margins",
        ),
        Term(
            "weight",
            "chosen * dpo_beta / (1 + exp(margin))",
            title=N_("weight of the pair"),
            help=N_("±β · σ(−margin): the same for every token of the response."),
            tex="w_i",
            source=_CODE,
        ),
        Term("advantage_raw", "per_token(weight)", title=N_("raw advantage"), tex="A_t", source=_CODE),
        Term(
            "advantage",
            "advantage_raw",
            title=N_("weight in the gradient"),
            help=N_("How strongly the first update pulls the token, and which way: what stands for an advantage."),
            tex=r"\hat A_t",
            source=_CODE,
        ),
    )


_PAIRED = N_("each with a pair")


def _lines(settings: DPOSettings) -> dict[str, str]:
    implicit = r"\log \frac{\pi_{\text{old}}(o_{j,t} \mid s_t)}{\pi_{\text{ref}}(o_{j,t} \mid s_t)}"
    parts = (
        rf"A_t = s_i\,{settings.dpo_beta:g}\,\sigma(-m)",
        rf"m = \textstyle\sum_j s_j\,{settings.dpo_beta:g} \sum_t {implicit}",
        r"s_i = \operatorname{sgn}(r_i - \operatorname{mean}(r_1,\dots,r_G))",
    )
    return {
        "questions": rf"{PROMPTS} \text{{ {OF_DATA}}},\ \text{{{_PAIRED}}}",
        "reward": "r_i",
        "advantage": r",\quad ".join(parts),
        "normalisation": NONE,
    }


KIND = LearnerKind(
    name="dpo",
    title="DPO",
    summary=N_("Offline: of pairs of a fixed data set the better response is made the likelier one."),
    settings=DPOSettings,
    colour="pink",
    credit=credit,
    terms=_terms,
    lines=_lines,
    strip_title=lambda _settings: N_("{name}: a pair of the data set, one weight for each response"),
    source=_CODE,
    needs=lambda _settings: Needs(smallest_group=2, logprobs=True, whole_groups=True),
    without=lambda _settings: WITHOUT | {"score"},
    columns=(
        Column(
            "implicit_reward",
            N_("implicit reward of the token"),
            N_("β × how much likelier the token is than under the start model, before this step's update."),
        ),
    ),
    refuses=refuses_penalty,
    unused=UNUSED,
    draws=_draws,
    order=50,
)
