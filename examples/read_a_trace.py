"""Read a run's files and compute GRPO's credit from the rewards again: `python -m examples.read_a_trace [DIR]`.

DIR is what `python -m core export RUN --out DIR` or `python -m core train … --out DIR` wrote; without one, the recorded
run that comes with the app is read. Nothing of the app is needed for that, only pandas.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

RECORDED = Path(__file__).parents[1] / "core" / "runs" / "shipped" / "long-sums"


def main(folder: Path) -> None:
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    settings = next(x for x in run["config"]["learners"] if x["algorithm"] == "grpo")
    samples = pd.read_parquet(folder / "samples.parquet")  # a row per learner, step and response
    tokens = pd.read_parquet(folder / "tokens.parquet")  # a row per learner, step, pass, response and position
    print(f"{run['name']}: {len(samples)} responses, {len(tokens)} rows of tokens")

    # The ratio of every token, from the two log-probabilities that it is made of.
    ratio = np.exp(tokens["logprob"] - tokens["logprob_old"])
    print(
        f"largest difference between ratio and exp(logprob − logprob_old): {(ratio - tokens['ratio']).abs().max():.1e}"
    )

    # GRPO: a response's reward against its group's mean, divided by the group's standard deviation.
    grpo = samples[samples["learner"] == settings["name"]].copy()
    group = grpo.groupby(["step", "group"])["reward"]
    spread = group.transform("std", ddof=settings["scale_ddof"]) + settings["scale_eps"]
    grpo["credit"] = (grpo["reward"] - group.transform("mean")) / spread
    trained = tokens[(tokens["learner"] == settings["name"]) & (tokens["pass"] == 0)]
    both = trained.merge(grpo[["step", "sample", "credit"]], on=["step", "sample"])
    difference = (both["credit"] - both["advantage"]).abs().max()
    print(f"largest difference between our credit and GRPO's advantage: {difference:.1e}")

    # A response of the first step, token by token: one number a response for GRPO, one a token for PPO.
    shown = both[both["credit"] != 0].iloc[0]
    for learner in samples["learner"].unique():
        own = tokens[(tokens["learner"] == learner) & (tokens["pass"] == 0)]
        response = own[(own["step"] == shown["step"]) & (own["sample"] == shown["sample"])]
        print(f"{learner}: " + "  ".join(f"{x.token}{x.advantage:+.2f}" for x in response.itertuples()))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else RECORDED)
