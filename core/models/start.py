"""Start models, by name: bundled ones, SmolLM2, what this app saved, a local folder, or a model of the hub.

Nothing heavy is imported up here, as pages ask for the names. Weights are read from safetensors alone and no model's
own code is run: a start model is data.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.environment import environment
from core.errors import ConfigError, Message, cause_of
from core.models import bundled, hub, smollm2
from core.models.fetching import Progress
from core.places import data_folder, expanded

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from core.models.codec import Codec

#: What tells a model that this app saved from any other folder.
MARK = "credit-lab.json"


@dataclass(frozen=True)
class StartModel:
    """A policy as a run starts with it, its codec, and the hash of its weights."""

    model: PreTrainedModel
    codec: Codec
    hash: str  # SHA-256 of the weights as they are stored: equal hashes are equal models


def models_folder() -> Path:
    """Where models are kept on this machine: the converted SmolLM2, and what was saved."""
    return data_folder() / "models"


def names() -> list[str]:
    """What can be chosen by name: bundled, SmolLM2 (fetched at first use), saved, and what CREDIT_LAB_MODELS lists.

    That variable is for whoever deploys the app: folders or hub ids, with commas between them.
    """
    return list(dict.fromkeys([*bundled.names(), smollm2.NAME, *saved_names(), *environment().models]))


def saved_names() -> list[str]:
    """Models that this app saved, by the names of their folders."""
    folder = models_folder()
    there = sorted(x.name for x in folder.iterdir()) if folder.is_dir() else []
    return [x for x in there if _saved(x) is not None]


def safe_name(text: str) -> str:
    """A folder's name made of any text: letters, digits, dots, dashes and underlines, never a path."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-_")[:80].rstrip(".-_")
    return re.sub(r"\.{2,}", ".", plain) or "model"


def load(
    name: str,
    device: torch.device | str = "cpu",
    *,
    dtype: torch.dtype | None = None,
    system_prompt: str | None = None,
    progress: Progress | None = None,
) -> StartModel:
    """Loads a start model with its weights in `dtype` (None: float32) and dropout off.

    Names mean, in this order: a bundled model, SmolLM2-135M-Instruct, a saved model, a local folder, a hub's
    `organisation/model`. `progress(message, share)` is called with what is being done and the share that is done (0
    to 1, None: not known). Raises ConfigError with one sentence where there is no such model, or it cannot be fetched
    or read.
    """
    say = progress if progress is not None else (lambda _text, _share: None)
    folder, digest = locate(name, say)
    say(Message("Loading the weights of {name}.", name=name), None)
    model, tokenizer = _read(folder, name, dtype)
    if digest is None:
        digest = bundled.weights_hash(model) if folder.parent == bundled.BUNDLED else stored_hash(folder)
    from core.models.codec import Codec

    ends = getattr(model.generation_config, "eos_token_id", None)
    end_ids = [] if ends is None else [ends] if isinstance(ends, int) else list(ends)
    size = model.get_input_embeddings().weight.shape[0]
    codec = Codec(tokenizer, system_prompt=system_prompt, end_ids=end_ids, vocabulary=size)
    return StartModel(model.to(device).eval(), codec, digest)


def locate(name: str, progress: Progress | None = None) -> tuple[Path, str | None]:
    """(the folder that holds a model, fetched where need be; the hash of its weights where that is known already).

    Raises ConfigError where there is no model of this name, or it cannot be fetched.
    """
    say = progress if progress is not None else (lambda _text, _share: None)
    if name in bundled.names():
        return bundled.BUNDLED / name, None
    if name == smollm2.NAME:
        return smollm2.folder(models_folder(), say)
    if (saved := _saved(name)) is not None:
        return saved, None
    folder = expanded(name)
    if folder.is_dir():
        _check_folder(folder, name)
        return folder, None
    if hub.is_id(name):
        return hub.folder(name, say), None
    raise ConfigError(
        "model: there is no model and no folder called {given}; there are {names}, and those of the hub as "
        "organisation/model",
        given=repr(name),
        names=names(),
    )


def config_of(name: str) -> dict[str, Any] | None:
    """A model's config.json where it can be read without fetching or converting anything, else None."""
    import json

    places = [bundled.BUNDLED / name, models_folder() / name, expanded(name)]
    if name not in bundled.names() and name != smollm2.NAME and _saved(name) is None:
        places = places[2:]
    for place in places:
        try:
            config = json.loads((place / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return config if isinstance(config, dict) else None
    return smollm2.CONFIG if name == smollm2.NAME else hub.cached_config(name)


def stored_hash(folder: Path) -> str:
    """SHA-256 of a folder's weights as stored: of its one safetensors file, or of the digests of all of them."""
    digests = []
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _saved(name: str) -> Path | None:
    """The folder of a saved model; None where there is none, and where the name is a path."""
    if safe_name(name) != name:
        return None
    folder = models_folder() / name
    return folder if (folder / MARK).is_file() and (folder / "config.json").is_file() else None


def _check_folder(folder: Path, name: str) -> None:
    if not (folder / "config.json").is_file():
        raise ConfigError(
            "model: the folder {given} holds no model in Hugging Face's format (it has no config.json)",
            given=repr(name),
        )
    if not any(folder.glob("model*.safetensors")):
        raise ConfigError(
            "model: the folder {given} holds no weights as safetensors (model.safetensors); other kinds are not read, "
            "as they can run code",
            given=repr(name),
        )


def _read(folder: Path, name: str, dtype: torch.dtype | None) -> tuple[PreTrainedModel, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    closed = {"local_files_only": True, "trust_remote_code": False}
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype or torch.float32, use_safetensors=True, output_loading_info=True, **closed
        )
        if report["missing_keys"]:  # transformers would go on with random numbers in their place
            missing = report["missing_keys"]
            raise ConfigError("its files lack {count} weights, {name} first", count=len(missing), name=min(missing))
        return model, AutoTokenizer.from_pretrained(folder, **closed)
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # transformers, tokenizers and safetensors each have their own
        raise ConfigError("model: {given} cannot be read ({cause})", given=repr(name), cause=cause_of(error)) from error
