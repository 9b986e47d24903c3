"""The settings of reasoning-gym's data sets, and those that fit the ones which lessons and presets use."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field, field_validator

from core.errors import ConfigError
from core.tasks.in_words import Extraction, InWords

#: Options of a data set, as JSON.
MOST_OPTIONS_BYTES = 4096


class ReasoningGymSettings(InWords):
    """Which data set, with which options of its own."""

    kind: Literal["reasoning-gym"] = "reasoning-gym"
    dataset: str = Field(
        "chain_sum", pattern=r"^[a-z][a-z0-9_]{0,59}$", description="The data set's name in reasoning-gym."
    )
    options: dict[str, Any] = Field(
        default_factory=lambda: dict(_OPTIONS["chain_sum"]),
        description="The data set's own settings, as JSON.",
    )
    partial_credit: bool = Field(
        False, description="Pay what the verifier gives for answers that are nearly right; otherwise only 1 or 0."
    )

    reordered_apart: bool = Field(
        True,
        description="Keep sums and products with the same terms in another order on one side: where 3 + 5 is kept "
        "apart, 5 + 3 is never trained on.",
    )

    @field_validator("options")
    @classmethod
    def _small(cls, options: dict[str, Any]) -> dict[str, Any]:
        try:
            size = len(json.dumps(options, allow_nan=False))
        except (TypeError, ValueError, RecursionError):
            raise ConfigError("must be JSON: text, numbers, true, false, null, and lists and objects of them") from None
        if size > MOST_OPTIONS_BYTES:
            raise ConfigError(
                "may have at most {bound} characters as JSON, but have {given}", bound=MOST_OPTIONS_BYTES, given=size
            )
        return options


#: The data sets a page offers first, from easy to hard for a small model.
OFFERED = ("chain_sum", "spell_backward", "letter_counting", "countdown", "gsm_symbolic")

_OPTIONS: dict[str, dict[str, Any]] = {
    "chain_sum": {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1},
    "spell_backward": {"min_word_len": 3, "max_word_len": 4},
    "letter_counting": {"min_words": 1, "max_words": 3},
    "countdown": {
        "min_numbers": 3, "max_numbers": 3, "min_value": 1, "max_value": 9, "min_target": 1, "max_target": 30,
    },
    "gsm_symbolic": {},
}  # fmt: skip
_INSTRUCTIONS = {
    "spell_backward": "Answer with the reversed word only.",
    "letter_counting": "Answer with a number.",
    "gsm_symbolic": "Think step by step, and end with the final answer as a number.",
}
#: Verifiers that read more than a number.
_WHOLE = frozenset({"spell_backward", "countdown"})
#: Tokens; room for the answer and some words around it, or for working where that is asked for.
_LENGTHS = {"chain_sum": 16, "spell_backward": 24, "letter_counting": 24, "countdown": 48, "gsm_symbolic": 200}
#: For every other data set: their answers go from one word to a grid.
_LENGTH = 128


def suggested(dataset: str) -> ReasoningGymSettings:
    """Settings under which the data set is a fair task; of one that is not OFFERED its own defaults, read whole."""
    extraction: Extraction = "last-number" if dataset in OFFERED and dataset not in _WHOLE else "whole"
    return ReasoningGymSettings(
        dataset=dataset,
        options=dict(_OPTIONS.get(dataset, {})),
        instruction=_INSTRUCTIONS.get(dataset, ""),
        extraction=extraction,
    )


def completion_length(dataset: str) -> int:
    """Tokens that a response may have where the run's config names no limit."""
    return _LENGTHS.get(dataset, _LENGTH)
