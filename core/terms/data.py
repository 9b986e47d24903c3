"""What terms are evaluated on (one step, one learner, one pass), and what comes out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_COMPUTED = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}  # how the feed writes what is no JSON number


@dataclass(frozen=True)
class Value:
    """Numbers of one level, with what is missing.

    `level` 0 is one number for the step (numbers and null have shape []), 1 one per response [B], 2 one per token
    [B, T]. Where `null` is True there is no number (and `numbers` is NaN); NaN elsewhere was computed.
    """

    level: int
    numbers: Floats
    null: Bools

    def at(self, response: int = 0, token: int = 0) -> float | None:
        """The number for one token of one response; indices that the level does not need are ignored."""
        index = (response, token)[: self.level]
        return None if self.null[index] else float(self.numbers[index])


@dataclass(frozen=True)
class Data:
    """B responses of at most T tokens.

    `mask` bool [B, T] is True where a response has a token, and `holes` where the policy did not write it (an
    environment did): no number is read there. Columns of `responses` are float [B], columns of `tokens` float [B, T];
    NaN means that the number is missing, truth is 1 or 0. `responses["group"]` says which responses are compared.
    `step` holds recorded numbers of the whole step, by term. `whole` says whether every response of the step is here.
    A setting that is None or not there is unknown.

    Raises ValueError if a shape does not fit.
    """

    settings: Mapping[str, Any]
    mask: Bools
    responses: Mapping[str, Floats] = field(default_factory=dict)
    tokens: Mapping[str, Floats] = field(default_factory=dict)
    holes: Bools | None = None
    step: Mapping[str, float | None] = field(default_factory=dict)
    whole: bool = True
    computed: Mapping[str, Bools] = field(default_factory=dict)  # by column, where a NaN was computed, not missing

    def __post_init__(self) -> None:
        if self.mask.ndim != 2:
            raise ValueError(f"mask must have the shape [B, T], but has {self.mask.shape}")
        shapes = {name: (x.shape, self.mask.shape[:1]) for name, x in self.responses.items()}
        shapes |= {name: (x.shape, self.mask.shape) for name, x in self.tokens.items()}
        if self.holes is not None:
            shapes["holes"] = self.holes.shape, self.mask.shape
        for name, (shape, wanted) in shapes.items():
            if shape != wanted:
                raise ValueError(f"{name} must have the shape {wanted}, but has {shape}")

    @property
    def written(self) -> Bools:
        """Where the policy wrote a token, bool [B, T]."""
        return self.mask if self.holes is None else self.mask & ~self.holes

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Data:
        """From the form that terms.js takes: lists of one number, null, "nan", "inf" or "-inf" per response or token.

        {"settings": {…}, "step": {…}, "whole": true, "lengths": [tokens per response, holes included],
         "responses": {name: […]}, "tokens": {name: [[…], …]}, "holes": [[true or 1, …], …] or null}
        """
        lengths = np.asarray(given["lengths"], dtype=int)
        mask = np.arange(max(lengths, default=0))[None, :] < lengths[:, None]
        computed: dict[str, Bools] = {}

        def column(name: str, listed: Sequence[Any]) -> Floats:
            computed[name] = np.array([x == "nan" for x in listed], dtype=bool)
            return np.array([_number(x) for x in listed], dtype=float)

        def per_token(name: str, rows: Sequence[Sequence[Any]]) -> Floats:
            if [len(x) for x in rows] != lengths.tolist():
                raise ValueError(f"{name} must have {lengths.tolist()} numbers, but has {[len(x) for x in rows]}")
            flat = column(name, [x for row in rows for x in row])
            whole, marked = np.full(mask.shape, np.nan), np.zeros(mask.shape, dtype=bool)
            whole[mask], marked[mask] = flat, computed[name]
            computed[name] = marked
            return whole

        holes = given.get("holes")
        return cls(
            settings=given["settings"],
            mask=mask,
            responses={name: column(name, x) for name, x in given.get("responses", {}).items()},
            tokens={name: per_token(name, x) for name, x in given.get("tokens", {}).items()},
            holes=None if holes is None else per_token("holes", holes) == 1,
            step={name: None if x is None else _number(x) for name, x in given.get("step", {}).items()},
            whole=given["whole"],
            computed=computed,
        )


def _number(x: Any) -> float:
    return math.nan if x is None else _COMPUTED[x] if isinstance(x, str) else float(x)
