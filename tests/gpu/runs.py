"""Small runs on a device, for the tests beside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc

from core.config import RunConfig
from core.given_config import change
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from tests.tiny import chat_trainer

SMALL = {"prompts_per_step": 4, "num_generations": 4, "eval_every": 0, "trace": "all", "steps": 2}


def bundled(learner: str, device: str, **settings: Any) -> Trainer:
    """On the bundled model, which the lean pass runs."""
    settings = {"device": device, "dtype": "float32", **SMALL, **settings}
    return Trainer(change(RunConfig(), settings), learner)


def chat(model: str, learner: str, device: str, **settings: Any) -> Trainer:
    """On a made-up chat model, which the packed pass runs."""
    own = {"algorithm": learner, **settings.pop("own", {})}
    return chat_trainer(model, own, device=device, **settings)


def column(trace: StepTrace, number: int, name: str) -> np.ndarray:
    """A column of the tokens table after pass `number`."""
    return trace.tokens.filter(pc.equal(trace.tokens["pass"], number))[name].to_numpy()
