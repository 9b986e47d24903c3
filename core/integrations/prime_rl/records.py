"""The lines of prime-rl's token export (schema version 1): one training sequence each, with numbers token by token.

`trainer.enable_token_export` writes token_exports/step_<n>/rank_<r>.jsonl. A line holds the ids of the whole sequence,
prompt included, and lists that are as long; what the trainer could not compute for the batch is null. It decodes no
text and knows no rewards.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from core.runs.foreign import ImportFailed, brief, real

SCHEMA_VERSION = 1
#: Their name of a token's number → ours.
TOKEN_FIELDS = {
    "inference_logprobs": "logprob_old",
    "trainer_logprobs": "logprob",
    "importance_ratio": "ratio",
    "advantages": "advantage",
    "entropy": "entropy",
}
_MASKS = ("loss_mask", "is_masked_high", "is_masked_low", "is_masked")


@dataclass(frozen=True)
class Sequence:
    """One line: a response with its prompt. Lists are of the tokens from the first that the loss counts."""

    step: int
    order: tuple[int, int]  # rank, and the place in its file
    environment: str
    prompt: list[int]  # ids
    ids: list[int]
    written: list[bool]  # which of them the loss counts: the others are an environment's
    numbers: dict[str, list[float | None]]  # our columns, and mismatch_kl
    high: list[bool | None]  # left out of the update as their probability had risen, or fallen, too far
    low: list[bool | None]
    masked: list[bool | None]  # left out of the update, on whichever side


@dataclass(frozen=True)
class TokenExport:
    """One file."""

    place: PurePosixPath
    sequences: list[Sequence]
    cut: bool  # its last line was cut short, and is lost


def read(text: str, place: PurePosixPath) -> TokenExport | None:
    """A file of token exports; None where this is none. Raises ImportFailed at another version, or a broken line."""
    lines = [x for x in text.split("\n") if x.strip()]  # a text may hold what else Python takes for a line's end
    sequences: list[Sequence] = []
    for number, line in enumerate(lines, 1):
        try:
            values = json.loads(line, parse_constant=lambda _: None)
        except (ValueError, RecursionError) as error:
            if number == 1:
                return None
            if number == len(lines):
                return TokenExport(place, sequences, cut=True)
            raise ImportFailed("{where} is not JSON.", where=_where(place, number)) from error
        if number == 1 and not _is_ours(values):
            return None
        sequences.append(_sequence(values, _where(place, number), number))
    return TokenExport(place, sequences, cut=False) if sequences else None


def _where(place: PurePosixPath, line: int) -> str:
    return f"{place.name}:{line}"


def _is_ours(values: Any) -> bool:
    return isinstance(values, dict) and {"schema_version", "token_ids", "loss_mask"} <= values.keys()


def _sequence(values: Any, where: str, number: int) -> Sequence:
    if not _is_ours(values):
        raise ImportFailed("{where}: there is no sequence of prime-rl's token export.", where=where)
    if values["schema_version"] != SCHEMA_VERSION:
        raise ImportFailed(
            "{where}: the token export is of schema version {given}; version {known} can be read.",
            where=where,
            given=brief(values["schema_version"]),
            known=SCHEMA_VERSION,
        )
    ids, step, rank = values["token_ids"], values.get("step"), values.get("rank", 0)
    if not isinstance(ids, list) or not all(_is_number(x) for x in ids):
        raise ImportFailed("{where}: token_ids must be a list of whole numbers from 0.", where=where)
    if not _is_number(step) or not _is_number(rank):
        raise ImportFailed("{where}: step and rank must be whole numbers from 0.", where=where)
    masks = {name: _list(values, name, len(ids), where) for name in _MASKS}
    if not all(isinstance(x, bool) for x in masks["loss_mask"]):
        raise ImportFailed("{where}: loss_mask must say true or false of every token.", where=where)
    for name in _MASKS[1:]:
        if not all(x is None or isinstance(x, bool) for x in masks[name]):
            raise ImportFailed("{where}: {name} must say true, false or null of every token.", where=where, name=name)
    start = masks["loss_mask"].index(True) if True in masks["loss_mask"] else len(ids)
    numbers = {
        ours: [real(x, f"{where}: {theirs}") for x in _list(values, theirs, len(ids), where)[start:]]
        for theirs, ours in {**TOKEN_FIELDS, "mismatch_kl": "mismatch_kl"}.items()
    }
    environment = values.get("env_name")
    return Sequence(
        step=step,
        order=(rank, number),
        environment=environment if isinstance(environment, str) else "",
        prompt=ids[:start],
        ids=ids[start:],
        written=masks["loss_mask"][start:],
        numbers=numbers,
        high=masks["is_masked_high"][start:],
        low=masks["is_masked_low"][start:],
        masked=masks["is_masked"][start:],
    )


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**31


def _list(values: dict[str, Any], name: str, count: int, where: str) -> list[Any]:
    """A list of the line, one value a token; nulls where the line has none."""
    given = values.get(name)
    if given is None:
        return [None] * count
    if not isinstance(given, list) or len(given) != count:
        raise ImportFailed(
            "{where}: {name} must be a list as long as token_ids ({count}), but is {given}.",
            where=where,
            name=name,
            count=count,
            given=brief(given),
        )
    return given
