"""A reward model: the start policy's backbone with a scalar head, read at the end-of-sequence token. Where it is kept.

It is a value model by build (core/models/value.py): what the head says after a prefix is that prefix's score, and after
the end-of-sequence token the response's. `core/training/reward_model.py` trains it; a run takes it by the setting
`reward_model`. One that was saved never changes: its name ends with the beginning of its weights' hash.

Pages ask for the names, so nothing heavy is imported up here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.environment import environment
from core.errors import ConfigError, Message, cause_of
from core.models.scratch import written
from core.places import reward_models_folder

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from core.models.value import ValueModel

WEIGHTS, CARD, VERSION = "model.safetensors", "card.json", 1
#: Of a server's disk, at most.
_SHARE = 0.1
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Card:
    """What is known of a saved reward model. A run's reward is (score − shift)/scale."""

    name: str
    model: str  # the start model whose backbone it began with
    start_sha256: str
    weights_sha256: str
    task: dict[str, Any]
    shift: float  # mean score of the responses that it learnt from
    scale: float  # their standard deviation
    preferences: int
    heldout_accuracy: float | None  # None where no pair was held out
    settings: dict[str, Any]
    torch: str
    version: int = VERSION


def folder() -> Path:
    """Where reward models are kept on this machine."""
    return reward_models_folder()


def names() -> list[str]:
    """The reward models that are kept here."""
    there = sorted(x.name for x in folder().iterdir()) if folder().is_dir() else []
    return [x for x in there if _NAME.fullmatch(x) and (folder() / x / CARD).is_file()]


def card(name: str) -> Card:
    """What is known of one. Raises ConfigError where there is none of that name, or its card cannot be read."""
    if name not in names():
        raise ConfigError(
            "reward_model: there is no reward model called {given}; there are {names}", given=repr(name), names=names()
        )
    try:
        values = json.loads((folder() / name / CARD).read_text(encoding="utf-8"))
        if values["version"] != VERSION:
            raise ConfigError("its version is {given}", given=repr(values["version"])[:20])
        return Card(**values)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            "reward_model: {given} cannot be read ({cause})", given=repr(name), cause=cause_of(error)
        ) from error


def refusal(name: str, model: str) -> Message | None:
    """Why a run on this start model cannot take that reward model, as far as that is known before anything is loaded;
    None where nothing speaks against it."""
    try:
        known = card(name)
    except ConfigError as error:
        return error.message
    return None if known.model == model else _of_another(name, known)


def load(name: str, start: PreTrainedModel, start_hash: str) -> tuple[ValueModel, Card]:
    """The reward model called `name`, frozen, on the start model's device. Raises ConfigError as `card` does, and where
    it was made of another start model or its weights are not those of its card."""
    from safetensors.torch import load_file

    from core.models.bundled import weights_hash
    from core.models.value import ValueModel

    known = card(name)
    if known.start_sha256 != start_hash:
        raise ConfigError(_of_another(name, known))
    made = ValueModel(start)
    try:
        made.load_state_dict(load_file(folder() / name / WEIGHTS))
    except Exception as error:  # safetensors has exceptions of its own
        raise ConfigError(
            "reward_model: {given} cannot be read ({cause})", given=repr(name), cause=cause_of(error)
        ) from error
    if weights_hash(made) != known.weights_sha256:
        raise ConfigError("reward_model: the weights of {given} are not those that were saved", given=repr(name))
    return made.requires_grad_(False), known


def check_name(name: str) -> None:
    """Raises ConfigError where no reward model's name can begin so."""
    if not _NAME.fullmatch(f"{name}-{'0' * 8}"):
        raise ConfigError(
            "a reward model's name has lower-case letters, digits and dashes, 40 at most; {given} has not",
            given=repr(name[:60]),
        )


def save(model: ValueModel, known: dict[str, Any], name: str) -> Card:
    """Keeps a reward model; `known` are the fields of its card that do not follow from its weights. Returns its card.

    The same weights under the same name are kept once. Raises ConfigError where the name cannot be one, OSError where
    the disk does not take it.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    from core.models.bundled import weights_hash

    digest = weights_hash(model)
    check_name(name)
    full = f"{name}-{digest[:8]}"
    made, place = Card(name=full, weights_sha256=digest, torch=torch.__version__, **known), folder() / full
    if there := _kept(full, digest):
        return there
    weights = {x: y.detach().cpu().contiguous() for x, y in model.state_dict().items()}

    def write(scratch: Path) -> Card:
        whole = scratch / full
        whole.mkdir()
        try:
            save_file(weights, whole / WEIGHTS)
        except SafetensorError as error:  # a full disk, too: no OSError, as who saves expects
            raise OSError(str(error)) from error
        (whole / CARD).write_text(json.dumps(asdict(made), indent=1) + "\n", encoding="utf-8")
        if there := _kept(full, digest):  # another worker was faster, with the same model
            return there
        if place.is_dir():  # what is there is no whole one, or another one whose hash begins alike
            shutil.rmtree(place, ignore_errors=True)
        try:
            os.replace(whole, place)
        except OSError:
            if there := _kept(full, digest):
                return there
            raise
        return made

    there = written(folder(), write)
    _tidy(full)
    return there


def _kept(name: str, digest: str) -> Card | None:
    """The card of that name, where it can be read and is of these very weights."""
    try:
        known = card(name)
    except ConfigError:
        return None
    return known if known.weights_sha256 == digest else None


def _tidy(newest: str) -> None:
    """Where a server's disk is limited, reward models take at most a tenth of it, and the oldest go first: no page can
    delete one, and runs are what the disk is for. The newest stays, whatever its size."""
    limit = environment().max_disk_gb
    if limit is None:
        return
    there = sorted((folder() / x for x in names() if x != newest), key=lambda x: x.stat().st_mtime, reverse=True)
    total = _bytes(folder() / newest)
    for place in there:
        total += _bytes(place)
        if total > _SHARE * limit * 1e9:
            shutil.rmtree(place, ignore_errors=True)


def _bytes(place: Path) -> int:
    return sum(x.stat().st_size for x in place.iterdir())


def _of_another(name: str, known: Card) -> Message:
    return Message(
        "reward_model: {given} was made of {model}, which is not the start model of this run",
        given=repr(name),
        model=known.model,
    )
