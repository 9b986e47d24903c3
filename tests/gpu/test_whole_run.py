"""A chain-sum run on the GPU, as a learner of it would start it: every learner, held-out questions and all."""

from __future__ import annotations

import numpy as np
import pytest

from core.presets import preset
from core.training.trace import SAMPLES, STEPS, TOKENS
from core.training.trainer import Trainer
from tests.gpu.runs import column

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("learner", ["ppo", "grpo", "vine"])
def test_a_whole_step_leaves_a_whole_trace(learner: str, device: str) -> None:
    config = preset("chain-sum-vine").model_copy(
        update={"device": device, "steps": 2, "prompts_per_step": 8, "eval_every": 1, "compare_samples": 2}
    )
    trainer = Trainer(config, learner)
    for trace in trainer.steps():
        assert set(trace.scalars) == {x.name for x in STEPS} - {"learner", "step"}
        assert (trace.samples.schema, trace.tokens.schema) == (SAMPLES, TOKENS)
        assert trace.samples.num_rows == 64
        assert 0.2 < trace.scalars["heldout_success"] < 0.7
        assert set(column(trace, 0, "ratio")) == {1.0}
        assert np.ptp(column(trace, 2, "ratio")) > 0
        for name in ("logprob_old", "logprob_ref", "kl_exact", "entropy", "advantage", "objective"):
            assert np.isfinite(trace.tokens[name].to_numpy()).all()
        assert trace.events == []
    assert len(trainer.compared("after")["greedy"]) == 256
    assert set(trainer.final_evaluation()) == {"sampled", "greedy"}


@pytest.mark.parametrize("learner", ["ppo", "grpo"])
def test_it_learns(learner: str, device: str) -> None:
    config = preset("chain-sum").model_copy(update={"device": device, "steps": 25, "eval_every": 0})
    trainer = Trainer(config, learner)
    for _ in trainer.steps():
        pass
    assert trainer.final_evaluation()["sampled"] > 0.6  # from 0.44
