"""`python -m core reward`: labels from files or from a machine judge, and a reward model that learns them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from core.cli.usage import UsageError
from core.errors import ConfigError, RequestError
from core.models.reward import check_name, folder
from core.presets import preset
from core.refusals import message
from core.rewards import preferences
from core.rewards.preferences import Preference

if TYPE_CHECKING:
    from core.training.reward_model import RewardModelSettings


def train_reward_model(options: argparse.Namespace) -> int:
    """Trains one, says how it comes along, and keeps it. Raises what is refused."""
    if options.keep and options.out is None:
        raise RequestError("--keep keeps a run, which --out makes: name a folder for it")
    check_name(options.name)
    settings = _settings(options)
    labels = _labels(options)
    if options.out is not None:
        return _as_run(options, labels)
    from core.training.reward_model import RewardTrainer

    trainer = RewardTrainer(settings, labels)
    print(f"{len(trainer.learnt)} labels to learn from, {len(trainer.held)} held out, {trainer.total} updates")
    for step in trainer.steps():
        if step.heldout is not None:
            loss = "none" if step.loss is None else f"{step.loss:.3f}"
            held = f"held out: loss {step.heldout.loss:.3f}, right {step.heldout.accuracy:.3f}"
            print(f"{step.step:5} loss {loss}, {held}", flush=True)
    try:
        card = trainer.keep(options.name)
    except OSError as error:
        raise _not_written(folder(), error) from None
    print(f"kept as {card.name}: --set reward=reward-model reward_model={card.name}")
    return 0


def _settings(options: argparse.Namespace) -> RewardModelSettings:
    """As the options have them; what is refused of them is raised before a judge has labelled anything."""
    from core.training.reward_model import RewardModelSettings

    config = preset(options.preset)
    own = {"model": config.model, "task": config.task.model_dump(mode="json"), "seed": options.seed}
    if options.epochs is not None:
        own["epochs"] = options.epochs
    try:
        return RewardModelSettings.model_validate(own)
    except ValidationError as error:
        raise ConfigError(*(message(x, []) for x in error.errors())) from None


def _as_run(options: argparse.Namespace, labels: tuple[Preference, ...]) -> int:
    """As the app trains one: by a worker, as a run with a trace, which is written into a folder."""
    from core.cli.train import make_run
    from core.reward_run import reward_config

    epochs = {} if options.epochs is None else {"epochs": options.epochs}
    base = preset(options.preset)
    config = reward_config(base, labels, seed=options.seed, name=options.name, **epochs)
    return make_run(config, options.out, keep=options.keep, labels=labels)


def _labels(options: argparse.Namespace) -> tuple[Preference, ...]:
    if (options.judge is None) == (options.preferences is None):
        raise RequestError("labels come from --preferences or from --judge: name one of the two")
    if options.preferences is not None:
        return preferences.put_together((x.stem, preferences.read(_content(x))) for x in options.preferences)
    if options.judge < 1:
        raise RequestError("--judge needs at least one pair")
    if options.labels is not None and not options.labels.parent.is_dir():
        raise UsageError("there is no folder {place}", place=options.labels.parent)
    from core.rewards.judge import judge
    from core.tasks.registry import task_for
    from core.training.pairs import sampled_pairs

    config = preset(options.preset)
    task, pairs = task_for(config.task), sampled_pairs(config, options.judge, options.seed)

    def verifier(prompt: str, response: str) -> float:
        return task.verify(prompt, response).reward

    labels = judge(pairs, verifier, noise=options.noise, seed=options.seed, source="verifier")
    print(f"{len(pairs)} pairs, of which the judge likes one better in {len(labels)}", file=sys.stderr)
    if options.labels is not None:
        write = preferences.to_csv if options.labels.suffix == ".csv" else preferences.to_json
        try:
            options.labels.write_text(write(labels), encoding="utf-8", newline="")
        except OSError as error:
            raise _not_written(options.labels, error) from None
    return labels


def _not_written(place: Path, error: OSError) -> RequestError:
    return RequestError("{place} cannot be written: {cause}", place=place, cause=error.strerror or error)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(preferences.MOST_BYTES + 1)  # one more: it is refused, and no more is read
    except OSError as error:
        raise RequestError("{place} cannot be read: {cause}", place=path, cause=error.strerror or error) from None
