"""prime-rl's token export as a run: advantage, entropy, ratio and mask of every token that it trained on.

A step's sequences are its responses; those with the same prompt are a group. Their numbers are of the one pass that
prime-rl makes: `logprob_old` is the inference engine's, `logprob` the trainer's, and their ratio is what it weighs the
advantage with. Its mismatch KL is k3 of that ratio, and its mean is where the mean KL of updates stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from core.errors import Message
from core.integrations.prime_rl import records
from core.integrations.prime_rl.records import TOKEN_FIELDS, TokenExport
from core.runs.foreign import (
    MOST_RESPONSES,
    MOST_STEPS,
    MOST_TOKENS,
    ForeignLearner,
    ImportFailed,
    add_run,
    clean,
    foreign_config,
    step_trace,
    two_sentences,
)
from core.runs.formats import TextReader
from core.runs.store import RunStore
from core.training.trace import StepTrace

NO_TEXT = Message(
    "prime-rl's token export holds neither text nor rewards: tokens are shown by their ids. A token counts as cut "
    "where prime-rl's own mask left it out of the update, as its probability had moved too far; where the mask names "
    "no side, that is not recorded."
)


#: Ids of a prompt, the last ones, and of a response, the first ones, that stand in its text.
_MOST_SHOWN = 10_000


def add(store: RunStore, files: Sequence[TokenExport], name: str | None) -> str:
    """One run from the files of all steps and ranks; returns its id. Raises ImportFailed."""
    steps = _by_step(files)
    warning = NO_TEXT
    if cut := sum(x.cut for x in files):
        warning = two_sentences(
            warning, Message("The last line of {count} of its files was cut short and is left out.", count=cut)
        )
    learner = ForeignLearner("grpo", {}, warning)
    run: dict[str, Any] = {"steps": len(steps)}
    sizes = {n for step in steps for n in _group_sizes(step)}
    if len(sizes) == 1:
        run["num_generations"] = sizes.pop()
    config = foreign_config("prime-rl token export", run, [learner])
    return add_run(store, config, name or "prime-rl", _traces(steps, config.learners[0].name), [learner])


def _by_step(files: Sequence[TokenExport]) -> list[list[records.Sequence]]:
    """The sequences of each step in the order in which they were trained on: by rank, then by line."""
    every = sorted((y for x in files for y in x.sequences), key=lambda x: (x.step, x.order))
    steps = [list(x) for _, x in groupby(every, key=lambda x: x.step)]
    if not steps:
        raise ImportFailed("prime-rl's token export holds no sequences.")
    if len(steps) > MOST_STEPS or len(every) > MOST_RESPONSES or sum(len(x.ids) for x in every) > MOST_TOKENS:
        raise ImportFailed(
            "prime-rl's token export is too long; at most {steps} steps, {responses} responses and {tokens} tokens are "
            "allowed.",
            steps=MOST_STEPS,
            responses=MOST_RESPONSES,
            tokens=MOST_TOKENS,
        )
    for step in steps:
        places = [x.order for x in step]
        if len(set(places)) < len(places):
            raise ImportFailed("Two files hold step {step} of rank {rank}.", step=step[0].step, rank=places[0][0])
    return steps


def _groups(step: Sequence[records.Sequence]) -> list[int]:
    numbers: dict[tuple[str, tuple[int, ...]], int] = {}
    return [numbers.setdefault((x.environment, tuple(x.prompt)), len(numbers)) for x in step]


def _group_sizes(step: Sequence[records.Sequence]) -> set[int]:
    return set(Counter(_groups(step)).values())


def _traces(steps: Sequence[Sequence[records.Sequence]], learner: str) -> Iterator[StepTrace]:
    seen = 0
    for number, step in enumerate(steps):
        seen += len(step)
        samples = [
            {
                "sample": i,
                "group": group,
                "prompt": clean(f"{x.environment}\n{_ids(x.prompt[-_MOST_SHOWN:])}".strip(), Message("A prompt")),
                "response": _ids(x.ids[:_MOST_SHOWN]),
                "length": len(x.ids),
            }
            for i, (group, x) in enumerate(zip(_groups(step), step, strict=True))
        ]
        counts = {"samples_seen": seen, "responses_trained": seen}
        yield step_trace(learner, number, {**counts, **_scalars(step)}, samples, _tokens(step))


def _ids(ids: Sequence[int]) -> str:
    return "".join(f"⟨{x}⟩" for x in ids)


def _tokens(step: Sequence[records.Sequence]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for sample, x in enumerate(step):
        count = len(x.ids)
        own: dict[str, list[Any]] = {
            "pass": [0] * count,
            "sample": [sample] * count,
            "position": list(range(count)),
            "token_id": x.ids,
            "token": [f"⟨{y}⟩" for y in x.ids],
            "written": x.written,
            **{name: _counted(x.numbers[name], x) for name in TOKEN_FIELDS.values()},
            "clipped": _counted(_sides(x), x),
        }
        own["ratio_update"] = own["ratio"]
        for name, column in own.items():
            columns.setdefault(name, []).extend(column)
    return columns


def _sides(x: records.Sequence) -> list[int | None]:
    return [_side(*y) for y in zip(x.high, x.low, x.masked, strict=True)]


def _side(high: bool | None, low: bool | None, masked: bool | None) -> int | None:
    """1 or -1 where the token was left out on that side, 0 where it was not; None where that is not told.

    A token that was left out without a side, or on both, is of an unknown one.
    """
    if high or low:
        return None if high and low else 1 if high else -1
    if masked or (masked is None and (high is None or low is None)):
        return None
    return 0


def _counted(values: Sequence[Any], x: records.Sequence) -> list[Any]:
    """The numbers of the tokens that the loss counts; the others have none."""
    return [value if written else None for value, written in zip(values, x.written, strict=True)]


def _cut(x: records.Sequence) -> list[bool | None]:
    """Whether each token was left out of the update, on whichever side; None where that is not told."""
    known = zip(_sides(x), x.high, x.low, x.masked, strict=True)
    return [True if high or low or masked else None if side is None else False for side, high, low, masked in known]


def _scalars(step: Sequence[records.Sequence]) -> dict[str, float | None]:
    """The step's means over the tokens that the loss counts."""

    def mean(name: str) -> float | None:
        return _mean([y for x in step for y in _counted(x.numbers[name], x)])

    written = [y for x in step for y in x.written]
    sides = [y for x in step for y in _sides(x)]
    cut = [y for x in step for y in _cut(x)]

    def share(marks: Sequence[bool | None]) -> float | None:
        """The share of the tokens that the loss counts; None where it is not known of some of them."""
        known = [x for x, is_written in zip(marks, written, strict=True) if is_written]
        return None if None in known else _mean([float(bool(x)) for x in known])

    return {
        "ratio_mean": mean("ratio"),
        "entropy": mean("entropy"),
        "approx_kl_update": mean("mismatch_kl"),
        "clip_ratio_low": share([None if x is None else x < 0 for x in sides]),
        "clip_ratio_high": share([None if x is None else x > 0 for x in sides]),
        "clip_ratio": share(cut),
        "completion_length": _mean([float(len(x.ids)) for x in step]),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [x for x in values if x is not None]
    return sum(known) / len(known) if known else None


READER = TextReader(read=records.read, add=add)
