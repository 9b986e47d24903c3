"""Train from Python, without page, store or worker: `python -m examples.train_from_python [NAME=VALUE …]`.

`Trainer.steps()` is the same generator that the app's workers consume; every step is a `StepTrace`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from core.given_config import change
from core.presets import preset
from core.training.trainer import Trainer


def main(assignments: list[str]) -> None:
    # Any setting of `python -m core settings`; epsilon without a learner's name holds for both.
    settings: dict[str, Any] = {"steps": 20, "seed": 1, "epsilon": 0.1, "ppo.lam": 1.0, "eval_every": 0}
    for name, _, value in (x.partition("=") for x in assignments):
        settings[name] = json.loads(value)
    config = change(preset("chain-sum"), settings)
    for learner in config.learners:
        trainer = Trainer(config, learner.name)
        print(f"{learner.name} starts at {trainer.start_hash[:8]}")
        for trace in trainer.steps():
            tokens = trace.tokens.to_pandas()  # a row per pass, response and position
            now = tokens[tokens["pass"] == 0]
            print(
                f"  step {trace.step:2}  success {trace.scalars['success_rate']:.2f}"
                f"  advantages from {now['advantage'].min():+.2f} to {now['advantage'].max():+.2f}"
            )
        print(f"  held-out success {trainer.final_evaluation()['sampled']:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
