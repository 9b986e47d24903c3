"""Name a variant and race it against GRPO: `python -m examples.add_a_variant [NAME=VALUE …]`.

A variant is a kind of learner with other settings. In the app it is an entry of VARIANTS; its formula, its card and its
place on the page of algorithms follow from the settings.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from core.given_config import change, parse_config
from core.learners.registry import differing, lines
from core.learners.variants import VARIANTS, Variant
from core.presets import preset
from core.training.trainer import Trainer

VARIANTS["clip-higher"] = Variant(
    name="clip-higher",
    title="GRPO, clip-higher",
    paper="Yu et al. 2025, arXiv:2503.14476",
    kind="grpo",
    changes={"epsilon_high": 0.28},
    note="DAPO's higher upper bound of the ratio alone, all else as in GRPO.",
)


def main(assignments: list[str]) -> None:
    grpo, mine = VARIANTS["grpo"].settings, VARIANTS["clip-higher"].settings
    for line in differing(grpo, mine):
        print(f"{line}:\n  {lines(grpo)[line]}\n  {lines(mine)[line]}")
    race = parse_config({**preset("chain-sum").model_dump(), "learners": [grpo.model_dump(), mine.model_dump()]})
    settings: dict[str, Any] = {"steps": 20, "eval_every": 0}
    for name, _, value in (x.partition("=") for x in assignments):
        settings[name] = json.loads(value)
    config = change(race, settings)
    for learner in config.learners:
        trainer = Trainer(config, learner.name)
        cut = [float(trace.scalars["clip_ratio_high"] or 0) for trace in trainer.steps()]
        success = trainer.final_evaluation()["sampled"]
        print(f"{learner.name}: cut above {sum(cut) / len(cut):.3f} of tokens, held-out success {success:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
