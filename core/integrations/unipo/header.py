"""A UNIPO log as text, and what its header tells of the run and its learner."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.errors import Message
from core.learners.registry import LEARNER_KINDS
from core.runs.foreign import ForeignLearner, ImportFailed, clean

_ALGORITHMS: dict[str, tuple[str, dict[str, Any]]] = {
    "ppo": ("ppo", {}),
    "vine": ("vine", {}),
    "grpo": ("grpo", {"baseline": "group-mean"}),
    "dapo": ("grpo", {"baseline": "group-mean"}),
    "drgrpo": ("grpo", {"baseline": "group-mean", "scale_rewards": "none"}),
    "reinforce": ("grpo", {"baseline": "none"}),
}


@dataclass(frozen=True)
class UnipoLog:
    """One log: a header, and entries as they came, one per update."""

    header: dict[str, Any]
    entries: list[dict[str, Any]]
    prompts: list[Any] | None = None  # those of entries that name none


def read_log(text: str) -> UnipoLog | None:
    """A log from the text of a file; None where this is no such log. Raises ImportFailed where it is a broken one."""
    try:
        whole = json.loads(text, parse_constant=lambda _: None)
    except RecursionError as error:
        raise ImportFailed("The JSON is nested too deeply.") from error
    except ValueError:
        return _from_lines(text)
    if not isinstance(whole, dict) or not isinstance(whole.get("header"), dict) or "entries" not in whole:
        return None
    if not isinstance(whole["entries"], list) or not all(isinstance(x, dict) for x in whole["entries"]):
        raise ImportFailed("A UNIPO log's entries must be a list of objects.")
    blueprint = whole.get("blueprint")
    prompts = blueprint.get("prompts") if isinstance(blueprint, dict) else None
    return UnipoLog(whole["header"], whole["entries"], prompts)


def _from_lines(text: str) -> UnipoLog | None:
    lines = [x for x in text.splitlines() if x.strip()]
    entries = []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line, parse_constant=lambda _: None)
        except (ValueError, RecursionError) as error:
            if number == 1:
                return None
            raise ImportFailed("Line {line} of the UNIPO log is not JSON.", line=number) from error
        if not isinstance(entry, dict):
            return None
        entries.append(entry)
    return UnipoLog(entries[0], entries[1:]) if entries and "algorithm" in entries[0] else None


# -- what is known of the learner --------------------------------------------------------------------------------------


def learner_of(log: UnipoLog) -> ForeignLearner:
    """The learner's kind and settings from the header. Raises ImportFailed where it names no algorithm."""
    named = log.header.get("algorithm")
    if not isinstance(named, str) or not named.strip():
        raise ImportFailed("A UNIPO log's header must name its algorithm, e.g. ppo or grpo.")
    key = "".join(x for x in named.lower() if x.isalnum())
    algorithm, settings = _ALGORITHMS.get(key, ("grpo", {}))
    settings = {**settings, **_hparams(log.header, algorithm)}
    warning = None
    if key not in _ALGORITHMS:
        name = clean(named, Message("The algorithm"))[:40]
        warning = Message("Its algorithm is called {name}; it is shown like GRPO.", name=name)
    return ForeignLearner(algorithm, settings, warning)


def run_of(log: UnipoLog) -> dict[str, Any]:
    """What the header tells about the run itself, by our settings' names."""
    hparams = fields_of(log.header.get("hparams"))
    fields = {"model": log.header.get("model_name"), **{x: hparams.get(x) for x in ("temperature", "seed")}}
    return {name: value for name, value in fields.items() if value is not None}


def _hparams(header: dict[str, Any], algorithm: str) -> dict[str, Any]:
    given = fields_of(header.get("hparams"))
    fields = LEARNER_KINDS[algorithm].settings.model_fields
    # Null in a log says "none" of a setting of ours only where it is ours to write: a foreign null says nothing.
    ours = "importance_sampling_level" in given
    settings = {x: given[x] for x in fields if x in given and (ours or given[x] is not None)}
    clip = given.get("clip_eps")
    if isinstance(clip, list) and len(clip) == 2:
        settings |= {"epsilon": clip[0], "epsilon_high": clip[1]}
    elif clip is not None:
        settings |= {"epsilon": clip, "epsilon_high": None}
    if algorithm == "ppo" and "gae_lambda" in given:
        settings["lam"] = given["gae_lambda"]
    if algorithm != "ppo" and "kl_coef" in given:  # without a critic theirs is the weight in the loss
        settings.pop("kl_coef", None)
        settings.setdefault("beta", given["kl_coef"])
        if "kl_coef_in_reward" in given:
            settings["kl_coef"] = given["kl_coef_in_reward"]
    epochs = header.get("update_epochs", given.get("max_epochs"))
    if epochs is not None:
        settings.setdefault("num_iterations", epochs)
    return {name: value for name, value in settings.items() if name not in ("name", "algorithm")}


def fields_of(value: Any) -> dict[str, Any]:
    """The value if it is an object with fields, else an empty one."""
    return value if isinstance(value, dict) else {}
