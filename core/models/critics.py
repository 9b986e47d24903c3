"""The fitted critics that are shipped with the app: start weights of a critic, each for one start model, a folder each.

`python -m core.insight.fit_critic` makes them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError

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


def load(name: str, start_hash: str) -> FittedCritic:
    """The critic called `name`, for the start model with that hash.

    Raises ConfigError if there is none of that name, or it was fitted to another start model.
    """
    from safetensors.torch import load_file

    if name not in names():
        raise ConfigError(
            "value_model: there is no fitted critic called {given}; there are {names}", given=repr(name), names=names()
        )
    card = json.loads((FOLDER / name / CARD).read_text(encoding="utf-8"))
    if card["start_sha256"] != start_hash:
        raise ConfigError(
            "value_model: {given} was fitted to the answers of {model}, which is not the start model of this run; "
            "leave value_model out, and set value_pretrain_updates to fit a critic to this one",
            given=repr(name),
            model=card["model"],
        )
    return FittedCritic(load_file(FOLDER / name / WEIGHTS), card["responses"])
