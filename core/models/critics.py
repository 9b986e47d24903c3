"""The fitted critics that are shipped with the app: start weights of a critic, each for one start model, a folder each.

`python -m core.insight.fit_critic` makes them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ConfigError, Message
from core.models import bundled

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = Path(__file__).parent / "bundled_critics"
#: How often each answer is learnt from, where a critic is fitted (core/training/fitted.py).
PASSES = 4
WEIGHTS, CARD = "critic.safetensors", "card.json"


@dataclass(frozen=True)
class FittedCritic:
    """A critic that has learnt from answers of the start policy."""

    weights: dict[str, Tensor]  # of a ValueModel
    responses: int  # answers that were sampled and scored for it


def names() -> list[str]:
    """The critics there are, by name."""
    return sorted(x.name for x in FOLDER.iterdir() if (x / WEIGHTS).is_file()) if FOLDER.is_dir() else []


def refusal(name: str, model: str, lora_rank: int = 0) -> Message | None:
    """Why a run that starts from `model` cannot begin a critic with the one called `name`, as far as that is known
    before anything is loaded; None where nothing speaks against it."""
    if name not in names():
        return Message(
            "value_model: there is no fitted critic called {given}; there are {names}", given=repr(name), names=names()
        )
    if lora_rank:
        return Message(
            "value_model: {given} has all weights of its own, but with lora_rank a critic has only adapters; leave "
            "one of the two out",
            given=repr(name),
        )
    return _of_another(name) if model in bundled.names() and model != _card(name)["model"] else None


def _of_another(name: str) -> Message:
    return Message(
        "value_model: {given} was fitted to the responses of {model}, which is not the start model of this run; leave "
        "value_model out, and set value_pretrain_updates to fit a critic to this one",
        given=repr(name),
        model=_card(name)["model"],
    )


def _card(name: str) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((FOLDER / name / CARD).read_text(encoding="utf-8"))
    return card


def load(name: str, start_hash: str) -> FittedCritic:
    """The critic called `name`, for the start model with that hash.

    Raises ConfigError if there is none of that name, or it was fitted to another start model.
    """
    from safetensors.torch import load_file

    if (problem := refusal(name, "")) is not None:
        raise ConfigError(problem)
    card = _card(name)
    if card["start_sha256"] != start_hash:
        raise ConfigError(_of_another(name))
    return FittedCritic(load_file(FOLDER / name / WEIGHTS), card["responses"])
