"""Made-up traces of a model that reads words: long responses in sub-word tokens, questions of several lines, no
reference model. No model runs here; see tests/helpers.py for sums in single characters."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from core.config import RunConfig
from core.presets import PRESETS
from core.training.trace import SAMPLES, TOKENS, StepTrace
from tests.helpers import HOSTILE, _normalised_by, _response, _scalars, _whiten

QUESTION = """Here is a word problem about rolls. A baker has {a} trays with {b} rolls each.
He sells {c} of them before noon. In the afternoon he bakes one more tray and sells nothing.
How many rolls are there in the evening?
Think step by step, then write your answer as \\boxed{{…}}."""
THOUGHTS = """Let's work it out.
First, the baker starts with {a} trays, and each tray holds {b} rolls, so there are {a} * {b} = {n} rolls altogether.
Then he sells {c} rolls before noon. That leaves {n} - {c} = {m} rolls.
In the afternoon one more tray comes out of the oven: {m} + {b} = {r}. Voilà — that’s it!
So the answer is \\boxed{{{r}}}."""
#: What a byte-level tokenizer's pieces look like once they have been given readable names.
PIECE = re.compile(r" ?[A-Za-z]{1,6}|[a-z]+| ?\d|\n| ?[^\sA-Za-z\d]|\s")
#: Half of a character: a token need not end where a character does.
BROKEN = ("\\xe5\\x8a", "\\xa0")
END = "<|im_end|>"


def worded_config(**update: object) -> RunConfig:
    """The instruct model's preset, with eight questions of sixteen responses unless told otherwise."""
    wanted = {"num_generations": 16, "prompts_per_step": 8, "steps": 40, "panel_size": 64, **update}
    return PRESETS["smollm2-sums"].model_copy(update=wanted)


def worded_trace(config: RunConfig, learner: str, step: int, *, groups: int = 4, times: int = 1) -> StepTrace:
    """One learner's trace of one step; `times`: how often the thoughts are repeated (2: some 250 tokens)."""
    settings = config.learner(learner)
    rng = np.random.default_rng([step, len(learner)])
    asked = np.random.default_rng([step]).integers(2, 9, size=(config.prompts_per_step, 3))
    samples, tokens = [], []
    for group, (a, b, c) in enumerate(asked.tolist()):
        prompt, right = QUESTION.format(a=a, b=b, c=c), a * b - c + b
        if group == 1:
            prompt = prompt.replace("A baker", f"A {HOSTILE[0]} baker")
        results = np.where(rng.random(config.num_generations) < 0.5, right, right + 1)
        rewards = (results == right).astype(float)
        for result, reward in zip(results.tolist(), rewards.tolist(), strict=True):
            text = "\n".join([THOUGHTS.format(a=a, b=b, c=c, n=a * b, m=a * b - c, r=result)] * times)
            pieces = [*PIECE.findall(text), *BROKEN]
            truncated = bool(rng.random() < 0.05)
            pieces = pieces if truncated else [*pieces, END]
            number = len(samples)
            row = (learner, step, number, group, prompt, text, str(right), reward, reward > 0, truncated, len(pieces))
            samples.append((*row, None if learner == "ppo" else reward, None, None, None))
            if group < groups and number < config.panel_size:
                centred = reward - rewards.mean()
                credit = centred / (rewards.std(ddof=1) + 1e-4)
                tokens.append(_response(settings, number, step, pieces, reward, credit, centred, rng))
    rows = _whiten(settings, tokens)
    unmeasured = ("logprob_ref", "kl_k1", "kl_k2", "kl_k3", "kl_exact")
    columns = {name: [None] * len(rows["step"]) if name in unmeasured else rows[name] for name in TOKENS.names}
    scalars = {**_scalars(config, settings, step, float(np.mean([x[7] for x in samples])), rng), "kl": None}
    scalars |= {
        "wall_time_s": 21.4 * (step + 1),
        "step_time_s": 21.4,
        "completion_length": 140.0,
        **_normalised_by(settings, tokens),
    }
    return StepTrace(
        learner=learner,
        step=step,
        scalars=scalars,
        samples=pa.Table.from_pylist([dict(zip(SAMPLES.names, x, strict=True)) for x in samples], schema=SAMPLES),
        tokens=pa.Table.from_pydict(columns, schema=TOKENS),
        prompt_hash=f"{step:064x}",
    )
