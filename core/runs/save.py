"""A run's policy, from its newest checkpoint, as a model of one's own."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import Message, Refusal, cause_of
from core.learners.registry import trains_policy
from core.models import start
from core.models.fetching import Progress
from core.runs.event_values import is_evaluation
from core.runs.records import RunInfo
from core.runs.store import RunStore
from core.training import checkpoints

log = logging.getLogger(__name__)

LEFT_OUT = Message(
    "What the run's store holds of responses to held-out questions is damaged: the model card leaves it out."
)


class SaveError(Refusal, RuntimeError):
    """A run's model cannot be saved."""


def default_name(info: RunInfo, learner: str, step: int) -> str:
    """What a run's model is called among the start models; hostile names of runs come out harmless."""
    return start.safe_name(f"{start.safe_name(info.name)[:40]}-{learner}-{step}-{info.id[:8]}")


def save_model(
    store: RunStore,
    run_id: str,
    learner: str,
    folder: Path | None = None,
    *,
    progress: Progress | None = None,
) -> Path:
    """Saves the policy of the newest readable checkpoint; returns the folder, which then is a start model.

    `folder` None: among the app's own models, where `core.models.start.names()` lists it. One that was saved there
    before, from the same checkpoint, is returned as it is. Raises SaveError, ConfigError, RunNotFound, StoreError.
    """
    import torch

    from core.models import adapters
    from core.stored_config import read_config
    from core.training.save import Trained, save_pretrained

    info = store.get(run_id)
    say = progress if progress is not None else (lambda _text, _share: None)
    path = _newest(store, info, learner)
    folder = folder or start.models_folder() / default_name(info, learner, int(path.stem))
    if _is_from(folder, run_id, learner, int(path.stem)):
        return folder
    say(Message("Reading the checkpoint."), None)
    with _checkpoint(path):
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        config, made, policy = read_config(state["config"]), int(state["step"]), dict(state["policy"])
    begun = start.load(config.model, system_prompt=config.system_prompt, progress=progress)
    if config.lora_rank:
        adapters.add(begun.model, config.lora_rank)
    with _checkpoint(path):
        begun.model.load_state_dict(policy, strict=not config.lora_rank)
    rows = [x for x in store.rows_since(run_id, 0)[0] if x["learner"] == learner and x["step"] <= made]
    trained = Trained(
        model=begun.model,
        tokenizer=begun.codec.tokenizer,
        config=config,
        learner=learner,
        steps=made,
        start_hash=begun.hash,
        versions=info.versions,
        run=info.name,
        events=_sound_events(store, run_id, learner, made, say),
        heldout=[(x["step"], x["heldout_success"]) for x in rows if x["heldout_success"] is not None],
        origin={"run": run_id, "learner": learner, "step": int(path.stem)},
    )
    say(Message("Writing the model."), None)
    try:
        save_pretrained(trained, folder)
    except OSError as error:
        raise SaveError(
            "The model could not be written to {place}: {cause}.", place=folder, cause=error.strerror or error
        ) from error
    return folder


def _newest(store: RunStore, info: RunInfo, learner: str) -> Path:
    """The newest readable checkpoint of a policy. Raises SaveError where there is none, or can be none."""
    settings, every = info.config.learner(learner), info.config.checkpoint_every
    if info.recorded:
        raise SaveError("This run was recorded elsewhere: its weights are not here, so there is no model to save.")
    if not trains_policy(settings):
        raise SaveError(
            "{learner} trains a reward model, with which no run can begin; its run leaves it for others to train on.",
            learner=learner,
        )
    path = next(iter(checkpoints.saved(checkpoints.folder(store.home, info.id, learner))), None)
    if path is None and every == 1:
        raise SaveError(
            "There is no checkpoint of {learner} yet; one is written after each step, and when the run pauses, stops "
            "or ends.",
            key="there-is-no-checkpoint-yet-one-after-each-step",
            learner=learner,
        )
    if path is None:
        raise SaveError(
            "There is no checkpoint of {learner} yet; one is written every {every} steps, and when the run pauses, "
            "stops or ends.",
            learner=learner,
            every=every,
        )
    return path


def _sound_events(store: RunStore, run_id: str, learner: str, made: int, say: Progress) -> list[dict[str, Any]]:
    """What happened to a learner in the steps that it made, without evaluations that are damaged; says if there are."""
    events = [x for x in store.events(run_id) if x["learner"] == learner and x["step"] < max(1, made)]
    sound = [x for x in events if x["kind"] != "evaluation" or is_evaluation(x["value"])]
    if len(sound) < len(events):
        log.warning("%s", LEFT_OUT)
        say(LEFT_OUT, None)
    return sound


@contextlib.contextmanager
def _checkpoint(path: Path) -> Iterator[None]:
    """Turns whatever a file that is no checkpoint of this run leads to into a SaveError."""
    try:
        yield
    except Exception as error:
        raise SaveError(
            "The checkpoint {place} cannot be read ({cause}).", place=path, cause=cause_of(error)
        ) from error


def _is_from(folder: Path, run_id: str, learner: str, step: int) -> bool:
    try:
        origin = json.loads((folder / start.MARK).read_text())["origin"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(origin == {"run": run_id, "learner": learner, "step": step})
