"""A reward model: of two responses to a prompt, the one that somebody prefers is to get the larger score.

    loss = −log σ(r_j − r_k)        r_j, r_k: the scores of the preferred response of a labelled pair and of the other

Bradley and Terry 1952; for language models Stiennon et al. 2020 (arXiv:2009.01325) and Ouyang et al. 2022
(arXiv:2203.02155). What is trained is the start policy's backbone with a scalar head, read at the end-of-sequence token
(core/models/reward.py, core/training/reward_run.py). No policy moves, nothing is sampled and nobody is credited: there
is no ratio, no KL, no clip and no advantage. The labels come with the run; where it has none, a machine judge makes
them from the task's own reward.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from core.algorithms.types import Credit, Experience
from core.errors import N_, Message, RequestError
from core.lazy import lazy
from core.learners.kind import Column, LearnerKind, Needs
from core.learners.lines import NONE
from core.learners.settings import LearnerSettings
from core.rewards import VERIFIER
from core.terms import Term

if TYPE_CHECKING:
    import torch
else:
    torch = lazy("torch")

_CODE = "core/learners/kinds/reward_model.py:credit"
_LOSS = "core/algorithms/preferences.py:bradley_terry_loss"

#: Columns of the trace that it has none of: those of a policy, of its credit and of a critic. (`reward` is that of
#: steps; of responses it is the label.)
_WITHOUT = frozenset(
    {
        *("reward", "reward_std", "success_rate", "heldout_success", "success"),
        *("kl", "entropy", "ratio", "approx_kl", "policy_loss", "value_loss", "vf_explained_var", "truncated_frac"),
        *("logprob", "logprob_old", "logprob_ref", "kl_k1", "kl_k2", "kl_k3", "kl_exact", "token_reward"),
        *("value", "value_after", "delta", "return", "advantage", "advantage_raw", "advantage_mean", "advantage_std"),
        *("score_std", "rollout_time_s", "policy_distance", "value_distance"),
        *("value_measured", "value_measured_noise", "advantage_measured", "value_check_scored"),
        *("value_outcome_ceiling", "value_error_group_mean", "value_error_constant"),
        *("visible_tests", "hidden_tests", "heldout_visible_tests", "heldout_hidden_tests"),
    }
)


class RewardModelLearner(LearnerSettings):
    """Learns to score responses from labelled pairs: −log σ(r_j − r_k). What it leaves is a reward for other runs."""

    algorithm: Literal["reward-model"] = "reward-model"
    name: str = Field(
        "reward-model",
        pattern=r"^[a-z][a-z0-9-]{0,23}$",
        description="What the run calls this learner, and what the name of the model that it leaves begins with.",
    )
    learning_rate: float = Field(3e-4, gt=0, le=1, description="Step size of the reward model's Adam optimiser.")
    num_iterations: Literal[1] = Field(1, description="Passes over each step's pairs.")
    num_mini_batches: Literal[1] = Field(1, description="Optimiser steps per pass.")
    surrogate: Literal["bradley-terry"] = Field("bradley-terry", description="What is maximised for a pair.")
    importance_sampling_level: Literal["token"] = Field("token", description="It has no ratio.")
    aggregation: Literal["seq-mean-token-mean"] = Field(
        "seq-mean-token-mean", description="How per-token losses become one number."
    )
    num_generations: int | None = Field(
        2, ge=2, le=2, description="Responses per question for this learner: a pair is two."
    )
    heldout: float = Field(
        0.2, ge=0, le=0.9, description="Share of the labelled pairs that are held out to be measured by."
    )
    judge_pairs: int = Field(
        200,
        ge=2,
        le=5000,
        description="Where the run has no labels of its own, the start model writes so many pairs, and the task's own "
        "reward labels them.",
    )
    judge_noise: float = Field(0.0, ge=0, le=1, description="How often that judge errs.")


def credit(experience: Experience, settings: RewardModelLearner) -> Credit:
    """The weight of each token's score in the gradient of the objective, [B, T]: ±σ(−margin) where the response's score
    is read, at its last token, and 0 before. Nobody's credit, and the trace has none.

    Raises RequestError where the scores of the prefixes are not known.
    """
    if "score_after" not in experience.extra:
        raise RequestError("{learner}: a reward model needs the scores of its responses", learner=settings.name)
    mask, rewards = experience.mask, experience.rewards
    ends = mask & ~torch.nn.functional.pad(mask[:, 1:], (0, 1))
    score = torch.where(ends, experience.extra["score_after"], 0).sum(1)
    _, pair, count = experience.group.unique(return_inverse=True, return_counts=True)
    zeros = torch.zeros(len(count), dtype=score.dtype, device=score.device)
    side = (rewards - (zeros.index_add(0, pair, rewards.to(score.dtype)) / count)[pair]).sign()
    margin = zeros.index_add(0, pair, side * score)[pair]
    weight = torch.where(ends, (side * torch.sigmoid(-margin))[:, None], 0)
    return Credit(weight, weight, scores=score)


def _terms(_settings: RewardModelLearner) -> tuple[Term, ...]:
    return (
        Term(
            "chosen",
            "sign(reward - mean_group(reward))",
            title=N_("preferred (+1) or not (−1)"),
            help=N_("Which response of the pair the label prefers."),
            tex="s_i",
            source=_CODE,
        ),
        Term(
            "response_score",
            "score",
            title=N_("score of the response"),
            help=N_("What the model says after its end-of-sequence token."),
            tex="r_i",
            source="core/training/reward_model.py:sequences",
        ),
        Term(
            "preferred_score",
            "sum_group(max(chosen, 0) * response_score)",
            title=N_("score of the preferred response"),
            help=N_("Of the response that the label prefers."),
            tex="r_j",
            source=_LOSS,
        ),
        Term(
            "other_score",
            "sum_group(max(-chosen, 0) * response_score)",
            title=N_("score of the other response"),
            help=N_("Of the response that it does not prefer."),
            tex="r_k",
            source=_LOSS,
        ),
        Term(
            "margin",
            "preferred_score - other_score",
            title=N_("margin"),
            help=N_("Score of the preferred response less that of the other one."),
            tex="m",
            source=_LOSS,
        ),
        Term(
            "label_probability",
            "1 / (1 + exp(-margin))",
            title=N_("probability of the label"),
            help=N_("How likely the model holds it that this response is the preferred one: σ of the margin."),
            tex=r"\sigma(m)",
            source=_LOSS,
        ),
        Term(
            "pair_loss_of",
            "log(1 + exp(-margin))",
            title=N_("loss of the pair"),
            help=N_("What an update on the pair makes smaller; ln 2 where the model cannot tell the two apart."),
            tex=r"-\log \sigma(m)",
            source=_LOSS,
        ),
        Term(
            "advantage",
            "last * chosen * (1 - label_probability)",
            title=N_("weight in the gradient"),
            help=N_(
                "How strongly an update on the pair moves the score, and which way: only where the response's score is "
                "read."
            ),
            tex="A_t",
            source=_CODE,
        ),
    )


_OF_LABELS, _PREFERRED = N_("of the labels"), N_("preferred")


def _lines(_settings: RewardModelLearner) -> dict[str, str]:
    return {
        "questions": rf"(q, o_j, o_k) \text{{ {_OF_LABELS}}},\ o_j \text{{ {_PREFERRED}}}",
        "reward": r"r_i = r_\phi(q, o_i)",
        "advantage": r"A_t = \mathbb{1}[t = T]\,s_i\,\sigma(r_k - r_j)",
        "normalisation": NONE,
    }


def _refuses(settings: RewardModelLearner) -> Message | None:
    for name in ("kl_coef", "beta", "entropy_coef"):
        if getattr(settings, name):
            return Message(
                "{setting} is {given}, but a reward model is trained alone: there is no policy whose KL or entropy "
                "could count",
                setting=name,
                given=getattr(settings, name),
            )
    if settings.reward != VERIFIER:
        return Message(
            "reward is {given}, but a reward model learns from labels; where the run has none, the task's own reward "
            "({usual}) makes them",
            given=settings.reward,
            usual=VERIFIER,
        )
    return None


def _refuses_together(learners: Sequence[RewardModelLearner]) -> Message | None:
    if len({(x.judge_pairs, x.judge_noise) for x in learners}) == 1:
        return None
    return Message(
        "judge_pairs and judge_noise must be the same for all reward models of a run ({names}): its labels are "
        "one set, from which all of them learn",
        names=[x.name for x in learners],
    )


_NO_POLICY = N_("A reward model learns from labelled pairs alone: no policy moves, and no response is paid.")
_ONE_UPDATE = N_("Each step is one update on its labelled pairs, whose loss has one form.")

KIND = LearnerKind(
    name="reward-model",
    title="Reward model",
    summary=N_("From labelled pairs: the preferred response is to get the larger score. No policy is trained."),
    settings=RewardModelLearner,
    colour="brown",
    credit=credit,
    terms=_terms,
    lines=_lines,
    strip_title=lambda _settings: N_("{name}: labelled pairs that are held out, scored after each token"),
    source=_CODE,
    needs=lambda _settings: Needs(smallest_group=2, whole_groups=True),
    trains="reward-model",
    without=lambda _settings: _WITHOUT,
    columns=(
        Column(
            "score_after",
            N_("score after the token"),
            N_("What the reward model says of the response up to this token; the last one is the response's score."),
        ),
        Column(
            "score_before",
            N_("score before the token"),
            N_("What the reward model says of the response up to this token, the token left out."),
        ),
    ),
    refuses=_refuses,
    refuses_together=_refuses_together,
    unused={
        **dict.fromkeys(("beta", "kl_loss_estimator", "kl_coef", "kl_reward_estimator", "entropy_coef"), _NO_POLICY),
        **dict.fromkeys(("reward", "reward_model"), _NO_POLICY),
        **dict.fromkeys(("num_iterations", "num_mini_batches", "aggregation", "num_generations"), _ONE_UPDATE),
    },
    fixed=frozenset({"heldout", "judge_pairs", "judge_noise"}),
    order=70,
)
