"""How long a text a model can take, prompt and response together, and what comes of longer ones.

Positions that are looked up in a table (GPT-2, OPT, GPT-Neo, GPT-J) end where the table does: the next token is an
IndexError. Rotary positions (Su et al. 2021, arXiv:2104.09864) are computed, so a longer text can be read, but its
positions are none that the model has learnt from. Two kinds of rotary positions change with the text's length, also for
the tokens before (transformers.modeling_rope_utils: "dynamic" and "longrope"): past that length what was sampled with a
cache cannot be scored again, as its keys were turned by other angles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from transformers import PreTrainedModel

from core.errors import ConfigError, Message

#: Names that configs have for the number of positions; transformers maps most of them to the first.
_NAMES = ("max_position_embeddings", "n_positions", "max_seq_len")


@dataclass(frozen=True)
class Limit:
    """What ends after `most` tokens: a table, angles that stay as they are, or what the model has learnt from."""

    most: int
    ends: Literal["table", "angles", "learnt"]


def limit_of(model: PreTrainedModel) -> Limit | None:
    """A model's limit; None where its config names none."""
    config = model.config.get_text_config()
    most = next((x for x in (getattr(config, name, None) for name in _NAMES) if isinstance(x, int) and x > 0), None)
    for rope in _ropes(config):
        kind = str(rope.get("rope_type", rope.get("type", "")))
        if kind == "longrope":
            original = rope.get("original_max_position_embeddings") or getattr(
                config, "original_max_position_embeddings", most
            )
            return Limit(int(original), "angles") if original else None
        if "dynamic" in kind and most:
            return Limit(most, "angles")
    if most is None:
        return None
    rotary = any("Rotary" in type(x).__name__ for x in model.modules())
    return Limit(most, "learnt" if rotary else "table")


def _ropes(config: Any) -> Iterator[dict[str, Any]]:
    """The settings of a model's rotary positions: one, or one for each kind of layer."""
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    if isinstance(rope, dict):
        yield rope
        yield from (x for x in rope.values() if isinstance(x, dict))


def check(model: PreTrainedModel, name: str, prompt: int, response: int) -> Message | None:
    """Whether a prompt of so many tokens and a response of up to so many are more than the model takes.

    Raises ConfigError where it could not go on, or not be scored; a warning where it can; None where they fit.
    """
    limit = limit_of(model)
    if limit is None or prompt + response <= limit.most:
        return None
    numbers: dict[str, Any] = {
        "name": name,
        "most": limit.most,
        "prompt": prompt,
        "response": response,
        "need": prompt + response,
    }
    room = max(0, limit.most - prompt)
    if limit.ends == "table":
        raise ConfigError(
            "model: {name} has places for {most} tokens, but a question of {prompt} and a response of up to {response} "
            "need {need}; a max_completion_length of at most {room}, or shorter questions, would fit",
            room=room,
            **numbers,
        )
    if limit.ends == "angles":
        raise ConfigError(
            "model: past {most} tokens {name} turns its positions by other angles, so that responses could not be "
            "scored as they were sampled; a question of {prompt} and a response of up to {response} tokens reach "
            "{need}; a max_completion_length of at most {room}, or shorter questions, would fit",
            room=room,
            **numbers,
        )
    return Message(
        "{name} was made for texts of up to {most} tokens; a question of {prompt} and a response of up to {response} "
        "tokens reach {need}, and what it writes past {most} may make no sense.",
        **numbers,
    )
