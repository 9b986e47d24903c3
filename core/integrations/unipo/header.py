"""A UNIPO log as text, and what its header tells of the run and its learner."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.errors import Message
from core.learners.registry import LEARNER_KINDS, learner, needs_of
from core.runs.foreign import ForeignLearner, ImportFailed, clean, two_sentences

_ALGORITHMS: dict[str, tuple[str, dict[str, Any]]] = {
    "ppo": ("ppo", {}),
    "vine": ("vine", {}),
    "grpo": ("grpo", {"baseline": "group-mean"}),
    "dapo": ("grpo", {"baseline": "group-mean"}),
    "drgrpo": ("grpo", {"baseline": "group-mean", "scale_rewards": "none"}),
    "reinforce": ("grpo", {"baseline": "none"}),
}
#: What one by another name is shown like.
_OTHERWISE: tuple[str, dict[str, Any]] = ("grpo", {})


#: What the explorer's own runs call a setting → our name of it.
_HPARAMS = {"max_norm": "max_grad_norm", "kl_estimator": "kl_loss_estimator"}


@dataclass(frozen=True)
class UnipoLog:
    """One log: a header, and entries as they came, one per update."""

    header: dict[str, Any]
    entries: list[dict[str, Any]]
    prompts: list[Any] | None = None  # those of entries that name none
    key: str = ""  # what its file is called after: ppo for ppo_metrics.json
    cut: int | None = None  # the number of a last line that was cut short, and is lost


def parsed(text: str) -> Any:
    """The JSON of a text, null for what is not finite; None where it is none. Raises ImportFailed at a deep one."""
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except RecursionError as error:
        raise ImportFailed("The JSON is nested too deeply.") from error
    except ValueError:
        return None


def log_of(whole: Any, name: str) -> UnipoLog | None:
    """A log from the JSON of a file called `name`; None where this is none. Raises ImportFailed at a broken one."""
    if not isinstance(whole, dict) or not isinstance(whole.get("header"), dict) or "entries" not in whole:
        return None
    if not isinstance(whole["entries"], list) or not all(isinstance(x, dict) for x in whole["entries"]):
        raise ImportFailed("A UNIPO log's entries must be a list of objects.")
    blueprint = whole.get("blueprint")
    prompts = blueprint.get("prompts") if isinstance(blueprint, dict) else None
    return UnipoLog(whole["header"], whole["entries"], prompts, key=name.removesuffix(".json").removesuffix("_metrics"))


def log_from_lines(text: str) -> UnipoLog | None:
    """A log from JSON lines; None where they are none. Raises ImportFailed where a line among them is not JSON.

    The last one may be cut short, as a run that was killed leaves it: it alone is lost.
    """
    lines = [x for x in text.split("\n") if x.strip()]  # a text may hold what else Python takes for a line's end
    entries: list[dict[str, Any]] = []
    cut = None
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line, parse_constant=lambda _: None)
        except (ValueError, RecursionError) as error:
            if number == 1:
                return None
            if number == len(lines):
                cut = number
                break
            raise ImportFailed("Line {line} of the UNIPO log is not JSON.", line=number) from error
        if not isinstance(entry, dict) or (number == 1 and "algorithm" not in entry):
            return None
        entries.append(entry)
    return UnipoLog(entries[0], entries[1:], cut=cut) if entries else None


# -- what is known of the learner --------------------------------------------------------------------------------------


def learner_of(log: UnipoLog) -> ForeignLearner:
    """The learner's kind and settings from the header. Raises ImportFailed where it names no algorithm."""
    named = log.header.get("algorithm")
    if not isinstance(named, str) or not named.strip():
        raise ImportFailed("A UNIPO log's header must name its algorithm, e.g. ppo or grpo.")
    key = "".join(x for x in named.lower() if x.isalnum())
    algorithm, settings = _ALGORITHMS.get(key, _OTHERWISE)
    settings = {**settings, **_hparams(log.header, algorithm)}
    warning = None
    if key not in _ALGORITHMS:
        name = clean(named, Message("The algorithm"))[:40]
        warning = Message("Its algorithm is called {name}; it is shown like GRPO.", name=name)
    if log.cut is not None:
        lost = Message("Line {line} of its log, the last one, was cut short and is left out.", line=log.cut)
        warning = lost if warning is None else two_sentences(warning, lost)
    return ForeignLearner(algorithm, settings, warning)


def run_of(log: UnipoLog) -> dict[str, Any]:
    """What the header tells about the run itself, by our settings' names."""
    hparams = fields_of(log.header.get("hparams"))
    fields = {"model": log.header.get("model_name"), **{x: hparams.get(x) for x in ("temperature", "seed")}}
    fields["max_completion_length"] = hparams.get("generate_max_len")
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
    if "lam" in fields and "gae_lambda" in given:
        settings["lam"] = given["gae_lambda"]
    # Without a critic theirs is the weight in the loss.
    if not needs_of(learner(algorithm)).critic and "kl_coef" in given:
        settings.pop("kl_coef", None)
        settings.setdefault("beta", given["kl_coef"])
        if "kl_coef_in_reward" in given:
            settings["kl_coef"] = given["kl_coef_in_reward"]
    for theirs, own in _HPARAMS.items():
        if own in fields and given.get(theirs) is not None:
            settings.setdefault(own, given[theirs])
    if given.get("use_kl_loss") and given.get("init_kl_coef") is not None:
        settings.setdefault("beta", given["init_kl_coef"])
    epochs = header.get("update_epochs", given.get("max_epochs"))
    if epochs is not None:
        settings.setdefault("num_iterations", epochs)
    return {name: value for name, value in settings.items() if name not in ("name", "algorithm")}


def fields_of(value: Any) -> dict[str, Any]:
    """The value if it is an object with fields, else an empty one."""
    return value if isinstance(value, dict) else {}
