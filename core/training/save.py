"""A trained policy as a folder in Hugging Face's format, with a model card that says how it came about.

Weights are saved in float32. That is what training moves: at a learning rate of 1e-5 forty steps move a weight by less
than the next number that bfloat16 could hold, so rounding would take part of the training back.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import extras
from core.config import RunConfig
from core.errors import ConfigError, Message
from core.models import bundled, smollm2, start
from core.models.fetching import need_space
from core.places import expanded
from core.training.answer import rates
from core.training.model_card import card


@dataclass(frozen=True)
class Trained:
    """A policy and all that its card says of it."""

    model: PreTrainedModel  # adapters, if any, are merged into it when it is saved
    tokenizer: PreTrainedTokenizerBase
    config: RunConfig
    learner: str
    steps: int  # that were made
    start_hash: str  # of the start weights
    versions: dict[str, str]
    run: str | None = None  # what the run was called
    events: list[dict[str, Any]] = field(default_factory=list)  # of this learner, evaluations only as they should be
    heldout: list[tuple[int, float]] = field(default_factory=list)  # (step before which, success rate)
    origin: dict[str, Any] | None = None  # which checkpoint of which run on this machine


def save_pretrained(trained: Trained, folder: Path) -> str:
    """Writes the folder whole or not at all; returns the hash of the weights. Raises ConfigError, OSError.

    The model given is changed: its adapters become part of its weights.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError("{place} is there already; give the model a new or an empty folder", place=folder)
    needed = 4 * sum(x.numel() for x in trained.model.parameters())
    need_space(folder.parent, needed + 20_000_000, Message("The saved model"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        fresh = Path(scratch) / folder.name
        merged = merge(trained.model).float()
        merged.save_pretrained(fresh)
        trained.tokenizer.save_pretrained(fresh)
        digest = start.stored_hash(fresh)
        facts = _facts(trained, digest)
        (fresh / start.MARK).write_text(json.dumps(facts, indent=1) + "\n")
        (fresh / "README.md").write_text(card(facts), encoding="utf-8")
        if folder.is_dir():
            folder.rmdir()  # an empty one
        os.replace(fresh, folder)
    return digest


def merge(model: PreTrainedModel) -> PreTrainedModel:
    """The model with its adapters added to the weights that they stand beside; one without is returned as it is."""
    if not extras.LORA.installed():  # then no model here can have adapters
        return model
    from peft.tuners.tuners_utils import BaseTunerLayer

    adapted = [(name, x) for name, x in model.named_modules() if isinstance(x, BaseTunerLayer)]
    for name, layer in adapted:
        layer.merge(safe_merge=True)
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, layer.get_base_layer())
    if adapted:  # for save_pretrained it is no longer a model with adapters
        model._hf_peft_config_loaded = False
        del model.peft_config
    return model


def license_of(name: str) -> str | None:
    """Under which licence a start model came, where that is known."""
    if name in bundled.names():
        return "apache-2.0"
    if name == smollm2.NAME:
        return smollm2.LICENSE
    folder = start.models_folder() / name if name in start.saved_names() else expanded(name)
    if not (folder / "README.md").is_file():
        return None
    lines = (folder / "README.md").read_text(encoding="utf-8", errors="replace").splitlines()
    head = lines[1 : lines.index("---", 1)] if lines[:1] == ["---"] and "---" in lines[1:] else []
    named = [x.removeprefix("license:").strip().strip("\"'") for x in head if x.startswith("license:")]
    return named[0] if named and named[0].replace("-", "").replace(".", "").isalnum() else None


def _facts(trained: Trained, digest: str) -> dict[str, Any]:
    config = trained.config
    learner = config.learner(trained.learner)
    settings = config.model_dump(mode="json", exclude={"learners"}) | {"learner": learner.model_dump(mode="json")}
    if "questions" in settings["task"]:  # the trainer's own, and perhaps not meant for everybody
        settings["task"]["questions"] = len(settings["task"]["questions"])
    measured = [x for x in trained.events if x["kind"] in ("evaluation", "final")]
    return {
        "format": 1,
        "hash": digest,
        "parameters": sum(x.numel() for x in trained.model.parameters()),
        "base": {
            # A folder's path is of no use to anybody else, and nobody else's business.
            "name": Path(config.model).name if expanded(config.model).is_dir() else config.model,
            "hash": trained.start_hash,
            "license": license_of(config.model),
        },
        "run": trained.run,
        "origin": trained.origin,
        "learner": learner.name,
        "algorithm": learner.kind,
        "reward": learner.reward,
        "steps": trained.steps,
        "settings": settings,
        "versions": trained.versions,
        "results": [_result(x) for x in measured],
        "heldout": trained.heldout,
    }


def _result(event: dict[str, Any]) -> dict[str, Any]:
    """What an evaluation came to: shares of right answers, by how they were written."""
    value = event["value"]
    if event["kind"] == "final":
        shares = {x: value.get(x) for x in ("sampled", "greedy")}
        return {"when": "after", "step": event["step"] + 1, **shares}
    return {
        "when": value["when"],
        "step": 0 if value["when"] == "before" else event["step"] + 1,
        "questions": len(value["greedy"]),
        "samples": value["samples"],
        **rates(value),
    }
