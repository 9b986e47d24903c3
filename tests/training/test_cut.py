"""What is recorded as cut is what the update did: autograd on each gradient that was taken, against the trace."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.algorithms.ratio import LEVELS
from core.config import RunConfig
from core.learners.registry import LEARNER_KINDS, AnyLearner, learner, regions_of
from core.runs.migrations.traces import cuts_of_states
from core.training import update
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from tests.helpers import kl_of_updates
from tests.registered import surrogates_of

RUN = {"prompts_per_step": 4, "num_generations": 4, "steps": 2, "eval_every": 0, "max_completion_length": 12}
FAST = {"learning_rate": 3e-3, "epsilon": 0.1}  # so that ratios leave the range within a pass
#: (mini-batches, responses a part) of an update.
SPLITS = {"whole": (1, None), "in parts": (1, 3), "mini-batches": (4, None), "mini-batches in parts": (2, 3)}
PASSES = (1, 2, 4)


@dataclass
class Gradients:
    """Each gradient that was taken, by pass (from 0), response and position."""

    ratio: dict[tuple[int, int, int], float] = field(default_factory=dict)
    flows: dict[tuple[int, int, int], bool] = field(default_factory=dict)  # whether the token's term has a gradient
    advantage: dict[tuple[int, int, int], float] = field(default_factory=dict)
    passes: Counter[int] = field(default_factory=Counter)  # by response

    def clear(self) -> None:
        for record in (self.ratio, self.flows, self.advantage, self.passes):
            record.clear()


@pytest.fixture
def gradients(monkeypatch: pytest.MonkeyPatch) -> Gradients:
    """Fills while a step is made: the ratio in float64 by its definition, and autograd of each token's own term."""
    known, rows = Gradients(), list[int]()
    take, objective = update.take, update.policy_objective

    def taking(given: Any, index: Tensor) -> Any:
        rows[:] = index.tolist()
        return take(given, index)

    def taken(logprob: Tensor, experience: Any, credit: Any, settings: Any, *more: Any) -> Any:
        free = logprob.detach().clone().requires_grad_()
        with torch.enable_grad():
            terms = objective(free, experience, credit, settings, *more).objective
            columns = [terms[:, t].sum() for t in range(terms.shape[1])]
            # The responses are apart, so the gradient of a column is that of each response's own term.
            pulls = [torch.autograd.grad(x, free, retain_graph=True)[0].abs().amax(1) for x in columns]
        gap = (logprob.detach().double() - experience.logprobs_old.double()) * experience.mask
        if settings.importance_sampling_level == "sequence":
            gap = (gap.sum(1) / experience.mask.sum(1))[:, None].expand_as(gap)
        for i, response in enumerate(rows):
            for t in range(int(experience.mask[i].sum())):
                key = known.passes[response], response, t
                known.ratio[key] = float(gap[i, t].exp())
                known.flows[key] = bool(pulls[t][i] > 0)
                known.advantage[key] = float(credit.advantages[i, t])
            known.passes[response] += 1
        return objective(logprob, experience, credit, settings, *more)

    monkeypatch.setattr(update, "take", taking)
    monkeypatch.setattr(update, "policy_objective", taken)
    return known


#: The surrogates that cut a gradient or bound a weight; the others have nothing that could be cut.
CUTTING = [x for x in surrogates_of(LEARNER_KINDS["ppo"]) if regions_of(learner("ppo", surrogate=x))]


def one_step(settings: AnyLearner, micro: int | None, **run: Any) -> StepTrace:
    config = RunConfig(learners=(settings,), micro_batch_size=micro, **{**RUN, "trace": "all", **run})
    return next(Trainer(config, settings.name).steps())


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("surrogate", CUTTING)
@pytest.mark.parametrize(("kind", "split"), [*(("ppo", x) for x in SPLITS), ("grpo", "mini-batches in parts")])
def test_clipped_is_what_each_gradient_met(
    gradients: Gradients, kind: str, surrogate: str, level: str, split: str
) -> None:
    batches, micro = SPLITS[split]
    form = {"surrogate": surrogate, "importance_sampling_level": level, "num_mini_batches": batches}
    if level == "sequence":  # a mean moves less than its tokens
        form["epsilon"] = 0.01
    met = Counter[bool]()
    for passes in PASSES:
        gradients.clear()
        settings = learner(kind, **{**FAST, **form}, num_iterations=passes)
        cuts = any(x.cuts for x in regions_of(settings))
        trace = one_step(settings, micro)
        seen = 0
        for row in trace.tokens.to_pylist():
            key = row["pass"], row["sample"], row["position"]
            if row["pass"] == passes:
                assert row["clipped"] is None
                assert row["ratio_update"] is None
                continue
            seen += 1
            assert row["ratio_update"] == pytest.approx(gradients.ratio[key], rel=1e-5)
            cut = cuts and row["clipped"] != 0
            assert gradients.flows[key] == (not cut and gradients.advantage[key] != 0), key
            assert row["clipped"] == side(settings, row["ratio_update"], row["advantage"]), "recomputed from its row"
            met[row["clipped"] != 0] += 1
        assert seen == len(gradients.ratio)
        assert not cuts_of_states(trace.tokens)
        if passes == batches == 1:
            assert not met[True], "with one pass in one mini-batch there is nothing to cut"
    assert min(met[True], met[False]) > 3, "ratios must have left the range for this to say anything"


def side(settings: Any, ratio: float, advantage: float) -> int:
    """By hand, of the two surrogates that there are."""
    if settings.surrogate == "cispo":
        return int(ratio > np.float32(1 + settings.clip_high) and advantage != 0)
    if settings.dual_clip is not None and advantage < 0 and ratio > settings.dual_clip:
        return 1
    return int(advantage > 0 and ratio > 1 + settings.clip_high) - int(advantage < 0 and ratio < 1 - settings.epsilon)


@pytest.mark.parametrize("split", SPLITS)
def test_with_one_mini_batch_the_gradients_ratio_is_the_states(split: str) -> None:
    batches, micro = SPLITS[split]
    tokens = one_step(learner("grpo", **FAST, num_mini_batches=batches), micro).tokens.to_pandas()
    taken = tokens[tokens["pass"] < 2]
    same = (taken["ratio"] == taken["ratio_update"]).all()
    assert same == (batches == 1)
    assert (taken["ratio"][taken["pass"] == 0] == 1).all()
    moved = (taken["ratio_update"][taken["pass"] == 0] - 1).abs().max()
    assert (moved > 0.01) == (batches > 1), "later mini-batches find a policy that the first ones have moved"


def test_a_panel_has_its_own_responses_gradients() -> None:
    """Kept responses only, in a shuffled order, with the numbers that they have where all are kept."""
    settings = learner("ppo", **FAST, num_mini_batches=4)
    whole, part = (one_step(settings, 3, **x) for x in ({}, {"trace": "panel", "panel_size": 8}))
    keys = ["pass", "sample", "position"]
    kept = whole.tokens.to_pandas().query("sample < 8").sort_values(keys)
    panel = part.tokens.to_pandas().sort_values(keys)
    for name in ("ratio_update", "clipped"):
        np.testing.assert_allclose(panel[name], kept[name], rtol=1e-4, err_msg=name)


def test_a_dual_clip_is_recorded_where_it_cuts(gradients: Gradients) -> None:
    settings = learner("ppo", learning_rate=3e-3, epsilon=0.02, dual_clip=1.05, num_iterations=4)
    rows = [x for x in one_step(settings, None).tokens.to_pylist() if x["pass"] < 4]
    for row in rows:
        key = row["pass"], row["sample"], row["position"]
        assert gradients.flows[key] == (row["clipped"] == 0 and row["advantage"] != 0)
        assert row["clipped"] == side(settings, row["ratio_update"], row["advantage"])
    assert any(x["clipped"] == 1 and x["advantage"] < 0 for x in rows)


def test_while_the_critic_warms_up_no_gradient_is_recorded() -> None:
    trace = one_step(learner("ppo", value_warmup_steps=1), None)
    for name in ("ratio_update", "clipped"):
        assert trace.tokens[name].null_count == trace.tokens.num_rows
    assert trace.tokens["ratio"].null_count == 0
    assert trace.scalars["approx_kl"] is trace.scalars["approx_kl_update"] is None
    assert not kl_of_updates(trace.scalars)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("passes", PASSES)
def test_how_far_a_step_moved_is_measured_after_its_last_update(split: str, passes: int) -> None:
    """From the trace alone, on the kept responses; also after one pass, where every gradient was taken at ratio 1."""
    batches, micro = SPLITS[split]
    settings = learner("grpo", **FAST, num_iterations=passes, num_mini_batches=batches)
    trace = one_step(settings, micro, trace="panel", panel_size=8)
    last = trace.tokens.to_pandas().query("`pass` == @passes")
    gap = last["logprob"].astype(float) - last["logprob_old"].astype(float)
    moved = float((np.exp(gap) - 1 - gap).mean())
    assert trace.scalars["approx_kl"] == pytest.approx(moved, rel=1e-3)
    assert moved > 1e-4
    where_taken = trace.scalars["approx_kl_update"]
    assert where_taken is not None
    assert where_taken < moved
    assert (where_taken == 0) == (passes == batches == 1)
    assert not kl_of_updates(trace.scalars)


@pytest.mark.parametrize("split", ["whole", "mini-batches"])
def test_the_share_of_cut_tokens_counts_each_gradient_once(split: str) -> None:
    batches, micro = SPLITS[split]
    trace = one_step(learner("ppo", **FAST, num_iterations=4, num_mini_batches=batches), micro)
    taken = trace.tokens.to_pandas().query("`pass` < 4")
    shares = [float((taken["clipped"] == x).mean()) for x in (-1, 1)]
    low, high = trace.scalars["clip_ratio_low"], trace.scalars["clip_ratio_high"]
    # Mini-batches have the same number of responses, not quite of tokens.
    assert (low, high) == pytest.approx(shares, rel=1e-5 if batches == 1 else 0.2)
    assert min(shares) > 0
