"""The trace contract: what a step leaves behind. Column names here are the ones in every exported file.

`pass` 0 is the state before the step's first update (every ratio is 1, up to rounding where the sampler's
log-probabilities are reused: core/training/passes.py); pass k is the state after k passes over the rollout. Columns
that a learner does not have are null, never 0.

A gradient is taken at passes 0 … μ − 1, and none at pass μ. `ratio_update` and `clipped` are those of the gradient: in
the rows of pass k, what the next pass made of the token, with the weights that its mini-batch found. With one
mini-batch that ratio is `ratio`; with several, earlier ones have moved the policy on. Both are null at pass μ, and in a
step whose policy takes no gradient (while a critic warms up). Every other column is of the pass's state.

Before version 2, `clipped` was of the state, at pass μ, too: such rows have `clipped` without `ratio_update`; and
`approx_kl` was what `approx_kl_update` is, which their steps lack (core/runs/migrations/traces.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from core.rewards.verdict import PARTS

#: What the parts of a verdict are called where it is of held-out questions.
HELDOUT_PARTS = tuple(f"heldout_{x}" for x in PARTS)

#: One row per learner and step. Means are over every token of the step, not the panel's.
STEPS = pa.schema(
    [
        ("learner", pa.string()),
        ("step", pa.int32()),
        # Every response scored so far to learn from it: those trained on, those that dynamic sampling gave up,
        # continuations that measure values for the credit (vine's, an oracle critic's), and answers that a critic had
        # been fitted to before the first step. What is scored only to measure (held-out questions, the check of values)
        # teaches nothing.
        ("samples_seen", pa.int64()),
        ("wall_time_s", pa.float64()),
        ("reward", pa.float64()),
        ("reward_std", pa.float64()),
        ("group_reward_std", pa.float64()),  # the mean over groups of their rewards' standard deviation
        ("success_rate", pa.float64()),
        ("heldout_success", pa.float64()),
        ("frac_reward_zero_std", pa.float64()),
        # To the start model: the mean k3 of the policy's own responses. Of a learner whose responses are given it is
        # measured on fresh ones, at evaluations.
        ("kl", pa.float64()),
        ("entropy", pa.float64()),
        ("ratio_mean", pa.float64()),
        ("clip_ratio", pa.float64()),  # on either side; some logs from elsewhere do not tell the two apart
        ("clip_ratio_low", pa.float64()),
        ("clip_ratio_high", pa.float64()),
        # How far the step moved the policy: mean k3 of kept responses, from before its first update to after its last.
        ("approx_kl", pa.float64()),
        ("policy_loss", pa.float64()),
        ("value_loss", pa.float64()),
        ("vf_explained_var", pa.float64()),
        ("completion_length", pa.float64()),
        ("truncated_frac", pa.float64()),
        ("grad_norm", pa.float64()),
        ("tokens_per_second", pa.float64()),
        ("step_time_s", pa.float64()),
        ("rollout_time_s", pa.float64()),
        ("update_time_s", pa.float64()),
        # By what the step's advantages were normalised, where they were: over all its tokens, or all its responses.
        ("advantage_mean", pa.float64()),
        ("advantage_std", pa.float64()),
        ("score_std", pa.float64()),
        # The mean of k3 where gradients were taken, over the step's optimiser steps: what other libraries log as
        # approx_kl. The first of them has 0 by construction.
        ("approx_kl_update", pa.float64()),
        # Responses so far whose gradients were taken: the steps' own, P · G a step. Null in older runs.
        ("responses_trained", pa.int64()),
        # The check of values (core/training/value_check.py): what the learner's values know of the true ones, which are
        # measured at evaluations. Shares of a variance, of the true values' and of the outcomes' …
        ("value_explained", pa.float64()),
        ("value_outcome_explained", pa.float64()),
        ("value_outcome_ceiling", pa.float64()),  # what true values explain of it
        # … and mean squared errors: theirs, that of the mean reward of the group's other responses, of one number.
        ("value_error", pa.float64()),
        ("value_error_group_mean", pa.float64()),
        ("value_error_constant", pa.float64()),
        ("value_check_scored", pa.int64()),  # continuations written and scored for it
        # Coverage of a learner's fixed data set, measured at evaluations (core/training/coverage.py): the mean
        # log-probability per token of the set's responses, and of fresh responses to the same questions, under the
        # policy as it is; the effective sample size of the set's importance weights, as a share of its responses.
        ("coverage_data_logprob", pa.float64()),
        ("coverage_fresh_logprob", pa.float64()),
        ("coverage_ess", pa.float64()),
        # How far the models are from the start weights before this step, measured at evaluations
        # (core/training/distances.py): 0 is the start itself. Null in older runs.
        ("policy_distance", pa.float64()),
        ("value_distance", pa.float64()),
        # Of a reward model in training: −log σ(r_j − r_k) of the step's own labelled pairs before its update, the mean
        # weighted as the labels are, and how often the preferred response has the larger score; the same of the labels
        # that are held out, measured at evaluations. Null of any other learner.
        ("pair_loss", pa.float64()),
        ("pair_accuracy", pa.float64()),
        ("heldout_pair_loss", pa.float64()),
        ("heldout_pair_accuracy", pa.float64()),
        # Where unit tests decide: the mean shares of visible and of hidden tests that the step's responses passed, and
        # at evaluations those to held-out questions. Null where there are no such tests, and in older runs.
        *((name, pa.float64()) for name in (*PARTS, *HELDOUT_PARTS)),
    ]
)

#: Columns of STEPS that a check of values gives.
VALUE_CHECK = (
    *("value_explained", "value_outcome_explained", "value_outcome_ceiling"),
    *("value_error", "value_error_group_mean", "value_error_constant", "value_check_scored"),
)
#: Columns of STEPS that say how far models are from where they started.
DISTANCES = ("policy_distance", "value_distance")
#: Columns of STEPS that say how a learner's data set lies under its policy.
COVERAGE = ("coverage_data_logprob", "coverage_fresh_logprob", "coverage_ess")
#: Columns of STEPS that say how a reward model does on held-out labels, and those that only it has.
HELDOUT_PAIRS = ("heldout_pair_loss", "heldout_pair_accuracy")
OF_PAIRS = ("pair_loss", "pair_accuracy", *HELDOUT_PAIRS)
#: Columns of STEPS that are measured at evaluations: null at any other step.
AT_EVALUATIONS = ("heldout_success", *VALUE_CHECK, *COVERAGE, *DISTANCES, *HELDOUT_PAIRS, *HELDOUT_PARTS)

#: One row per learner, step and response.
SAMPLES = pa.schema(
    [
        ("learner", pa.string()),
        ("step", pa.int32()),
        ("sample", pa.int32()),
        ("group", pa.int32()),
        ("prompt", pa.string()),
        ("response", pa.string()),
        ("answer", pa.string()),  # the right one
        ("reward", pa.float32()),
        ("success", pa.bool_()),
        ("truncated", pa.bool_()),
        ("length", pa.int32()),
        ("score", pa.float32()),  # what the response was compared by: its reward, less its KL penalty if charged
        ("value_after", pa.float32()),  # the critic's value of the whole response
        *((name, pa.float32()) for name in PARTS),  # shares of its unit tests that passed
    ]
)

#: One row per learner, step, pass, response of the panel and position.
TOKENS = pa.schema(
    [
        ("learner", pa.string()),
        ("step", pa.int32()),
        ("pass", pa.int32()),
        ("sample", pa.int32()),
        ("position", pa.int32()),
        ("token_id", pa.int32()),
        ("token", pa.string()),
        ("logprob_old", pa.float32()),
        ("logprob", pa.float32()),
        ("logprob_ref", pa.float32()),
        ("ratio", pa.float32()),
        ("clipped", pa.int8()),  # -1 low side, 0 not, +1 high side
        ("kl_k1", pa.float32()),
        ("kl_k2", pa.float32()),
        ("kl_k3", pa.float32()),
        ("kl_exact", pa.float32()),
        ("entropy", pa.float32()),
        ("token_reward", pa.float32()),
        ("value", pa.float32()),  # the critic's; measured for vine
        ("delta", pa.float32()),
        ("advantage_raw", pa.float32()),
        ("advantage", pa.float32()),
        ("return", pa.float32()),
        ("objective", pa.float32()),
        ("written", pa.bool_()),  # by the policy; an environment's tokens have no other numbers
        ("ratio_update", pa.float32()),  # where the gradient was taken; null where none was
        # Of the responses that a check of values measured, null of all others: V*, what the prefix before the token is
        # truly worth, as the mean reward of fresh continuations; the variance of its error, s² / K; and what the token
        # changed of it. After the last token V* is the response's reward.
        ("value_measured", pa.float32()),
        ("value_measured_noise", pa.float32()),
        ("advantage_measured", pa.float32()),
    ]
)

#: One row per response of a data set that a learner learns from, collected before its first step. Nothing is added to
#: it while the learner learns.
COLLECTED = pa.schema(
    [
        ("learner", pa.string()),
        ("sample", pa.int32()),
        ("group", pa.int32()),  # which question of the set it answers
        ("prompt", pa.string()),
        ("response", pa.string()),
        ("answer", pa.string()),  # the right one
        ("reward", pa.float32()),  # as the learner sees it
        ("success", pa.bool_()),  # what the verifier says of the response
        ("truncated", pa.bool_()),
        ("length", pa.int32()),
        ("logprob", pa.float32()),  # of all its tokens, under the start model at the temperature of collection
        ("flipped", pa.bool_()),  # whether its reward was flipped to spoil it
        ("random", pa.bool_()),  # whether its tokens are random, to spoil it
    ]
)


def tokens_schema(columns: Iterable[str]) -> pa.Schema:
    """TOKENS with the further columns that a learner's kind declares, in their order."""
    return pa.schema([*TOKENS, *((name, pa.float32()) for name in columns)])


@dataclass(frozen=True)
class StepTrace:
    """What one learner leaves behind after one step."""

    learner: str
    step: int  # counts from 0
    scalars: dict[str, float | int | None]  # every column of STEPS but learner and step
    samples: pa.Table  # SAMPLES
    tokens: pa.Table  # TOKENS, of the panel
    prompt_hash: str  # of the step's prompts, in order; equal for all learners of a run without dynamic sampling
    events: list[dict[str, Any]] = field(default_factory=list)  # {"kind", "value", …}: what happened before this step
    collected: pa.Table | None = None  # COLLECTED, with the first step of a learner that learns from such a set
    labels: str | None = None  # as core.rewards.preferences.to_json, with the first step of a learner that made its own


def prompts_of(samples: pa.Table) -> list[str]:
    """A step's questions, in the order of its groups; `samples` are one learner's SAMPLES of the step."""
    prompts = dict(zip(samples["group"].to_pylist(), samples["prompt"].to_pylist(), strict=True))
    return [prompts[group] for group in sorted(prompts)]


def prompt_hash(prompts: Iterable[str]) -> str:
    """SHA-256 of a step's prompts in order: equal hashes are equal prompts."""
    return hashlib.sha256("\n".join(prompts).encode()).hexdigest()
