"""A reward model in the making, recorded for the lesson on it: `python -m core.insight.reward_example`.

Pairs of replies that the start policy wrote (the pool, which people label, too), a machine judge's labels of them, and
after every update of a reward model that learns these: its loss, and its scores of a few pairs that it does not learn.
Deterministic on the CPU. Nothing heavy is imported to read what was recorded.
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.insight.recorded_file import stored, write_text
from core.presets import preset
from core.rewards.judge import judge
from core.rewards.preferences import Preference
from core.tasks.tastes import TASTES
from core.versions import versions

RECORDED = Path(__file__).parent / "recorded" / "reward-example.json"
COMMAND = "python -m core.insight.reward_example"
#: What the file is like.
VERSION = 1
PRESET, TASTE, SEED = "reply", "warm", 0
#: Pairs in the pool; held-out pairs whose scores are recorded, those with the fewest words.
POOL, SHOWN = 200, 6
#: A pair of short replies, the preferred one first: of four tokens with its end. Nobody learns from it.
WORKED = ("Hi. The coat came broken. Can you help me?", "Good day.", "No.")

#: (prompt, response, another response)
TextPair = tuple[str, str, str]


@dataclass(frozen=True)
class PairScores:
    """A labelled pair, and what the model said of both replies after each update (the first: before any)."""

    prompt: str
    chosen: str
    rejected: str
    chosen_scores: tuple[float, ...]
    rejected_scores: tuple[float, ...]


@dataclass(frozen=True)
class PrefixScores:
    """A reply token by token, its end included, and after each update the score of every prefix that ends there."""

    tokens: tuple[str, ...]
    scores: tuple[tuple[float, ...], ...]  # update → a score a token; the last is the reply's


@dataclass(frozen=True)
class RewardExample:
    """What was recorded."""

    pool: tuple[TextPair, ...]
    labels: int  # of the pool's pairs those that the judge likes unlike
    learnt: int  # pairs that it learnt from
    heldout: int  # pairs that it did not learn from
    losses: tuple[float, ...]  # of each update's own pairs before it
    heldout_losses: tuple[float, ...]  # before any update, and after each
    shown: tuple[PairScores, ...]
    worked: tuple[PrefixScores, PrefixScores]  # the preferred reply of WORKED, and the other


def labelled(pool: Sequence[TextPair]) -> tuple[Preference, ...]:
    """The judge's labels, none of them wrong."""
    return judge(pool, TASTES[TASTE].score, seed=SEED, source=TASTE)


def record() -> RewardExample:
    """Samples the pool, lets the judge label it, and trains a reward model on the labels."""
    from core.training.pairs import sampled_pairs
    from core.training.reward_model import RewardModelSettings, RewardTrainer

    config = preset(PRESET)
    pool = sampled_pairs(config, POOL, SEED)
    labels = labelled(pool)
    own = {"model": config.model, "task": config.task.model_dump(mode="json"), "seed": SEED, "eval_every": 1}
    trainer = RewardTrainer(RewardModelSettings.model_validate(own | {"device": "cpu"}), labels)
    shown = sorted(trainer.held, key=lambda x: len(x.a.split()) + len(x.b.split()))[:SHOWN]
    prompt, chosen, rejected = WORKED
    texts = [(x.prompt, y) for x in shown for y in (x.chosen, x.rejected)]
    losses, heldout, scores = list[float](), list[float](), list[list[float]]()
    prefixes: tuple[list[Any], list[Any]] = ([], [])
    for step in trainer.steps():
        if step.loss is not None:
            losses.append(step.loss)
        assert step.heldout is not None  # at every update
        heldout.append(step.heldout.loss)
        scores.append(trainer.scores(texts))
        for kept, text in zip(prefixes, (chosen, rejected), strict=True):
            kept.append(trainer.prefixes(prompt, text))
    by_text = list(zip(*scores, strict=True))
    return RewardExample(
        pool=tuple(pool),
        labels=len(labels),
        learnt=len(trainer.learnt),
        heldout=len(trainer.held),
        losses=tuple(losses),
        heldout_losses=tuple(heldout),
        shown=tuple(
            PairScores(x.prompt, x.chosen, x.rejected, by_text[2 * i], by_text[2 * i + 1]) for i, x in enumerate(shown)
        ),
        worked=(_prefix_scores(prefixes[0]), _prefix_scores(prefixes[1])),
    )


def _prefix_scores(scored: Sequence[Any]) -> PrefixScores:
    """The scores after each token; the one before a reply's first token, which belongs to no token, is left out."""
    return PrefixScores(scored[0].tokens, tuple(x.rewards[1:] for x in scored))


@functools.cache
def read(path: Path = RECORDED) -> RewardExample | None:
    """What was recorded; None where the file is absent. Raises ValueError where it is of another version."""
    content = stored(path, VERSION)
    if content is None:
        return None
    values = _tuples(content["example"])
    shown = tuple(PairScores(**dict(x)) for x in values.pop("shown"))
    first, second = (PrefixScores(**dict(x)) for x in values.pop("worked"))
    return RewardExample(**values, shown=shown, worked=(first, second))


def _tuples(value: Any) -> Any:
    """JSON's lists as tuples."""
    if isinstance(value, dict):
        return {name: _tuples(x) for name, x in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def write(made: RewardExample, path: Path) -> None:
    about = {
        "version": VERSION,
        "preset": PRESET,
        "taste": TASTE,
        "seed": SEED,
        "command": COMMAND,
        "versions": versions(),
    }
    example = json.loads(json.dumps(asdict(made)), parse_float=lambda x: round(float(x), 4))
    text = json.dumps({"about": about, "example": example}, ensure_ascii=False)
    write_text(text + "\n", path)


def main(arguments: list[str] | None = None) -> None:
    import torch

    parser = argparse.ArgumentParser(prog=COMMAND, description="A reward model in the making, recorded for its lesson.")
    parser.add_argument("--out", type=Path, default=RECORDED, help="where to write it (default: the recorded result)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    made = record()
    write(made, options.out)
    print(f"{made.labels} labels, {made.heldout} of them held out, {len(made.losses)} updates; wrote {options.out}")


if __name__ == "__main__":
    main()
