"""Fits the critic of a bundled start model, and measures it: `python -m core.insight.fit_critic chain-sum-6x1`.

The critic learns what fresh answers of the start policy score (core/training/fitted.py), and what is saved beside its
card is what a run begins with that names it as `value_model`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tqdm import tqdm

from core.algorithms.foresight import best_constant, foresight
from core.config import RunConfig
from core.errors import Message
from core.insight.agreement import compare
from core.insight.rounding import significant
from core.insight.study import examined
from core.insight.whatif import credit_under, values_of
from core.learners.registry import learner
from core.models import critics
from core.models.bundled import weights_hash
from core.tasks.registry import recipes
from core.training import fitted
from core.training.continuations import Oracle
from core.training.gather import Asker
from core.training.trainer import Trainer

COMMAND = "python -m core.insight.fit_critic"
UPDATES, LEARNING_RATE, RESPONSES = 1200, 1e-3, 128
#: Questions, answers to each, and continuations of each prefix by which the critic is measured.
QUESTIONS, ANSWERS, CONTINUATIONS = 16, 8, 64
#: No seed of a run: the answers that the critic is measured by are none that it was fitted to.
_SEED = 2**31 - 2


def critic_name(model: str) -> str:
    """What the fitted critic of a start model is called."""
    return f"{model}-critic"


def fit(model: str, updates: int = UPDATES) -> tuple[Trainer, int]:
    """(a trainer at its first step whose critic is fitted, how many answers it was fitted to)."""
    config = RunConfig(
        task=recipes()[model].task,
        model=model,
        prompts_per_step=RESPONSES,
        num_generations=1,
        eval_every=0,
        seed=_SEED,
        learners=(learner("ppo", kl_coef=0.0),),
    )
    trainer = Trainer(config, "ppo")
    assert trainer.value_model is not None
    how = {"value_pretrain_updates": updates, "value_pretrain_learning_rate": LEARNING_RATE}
    settings = trainer.settings.model_copy(update=how)
    plan = fitted.plan_of(config, settings, trainer.start_hash, trainer.device, trainer.dtype)
    asker = Asker(trainer.policy, trainer.codec, trainer.task, config, settings, trainer.max_length)
    with tqdm(total=1.0, bar_format="{l_bar}{bar}| {elapsed}<{remaining}") as bar:

        def progress(message: Message, share: float | None) -> None:
            bar.set_description(str(message))
            bar.n = share or 0.0
            bar.refresh()

        fitted.learn(trainer.value_model, asker, plan, progress)
    return trainer, plan.rollouts * plan.responses


def measured(trainer: Trainer) -> dict[str, Any]:
    """What the critic knows of fresh answers of the start policy, beside the true values; numbers for the card."""
    step, responses = examined(trainer, {"prompts_per_step": QUESTIONS, "num_generations": ANSWERS})
    seen, values = step.experience, values_of(step, "stored")
    assert values is not None
    truth = Oracle.of(trainer).estimate(responses, continuations=CONTINUATIONS, seed=_SEED)
    single = credit_under(step, trainer.settings.model_copy(update={"lam": 0.0})).advantages_raw
    known = foresight(values, truth.values, seen.rewards, seen.mask)
    group = values_of(step, "leave-one-out")
    assert group is not None
    blame = compare(single, truth.advantages, seen.mask, seen.rewards, truth.advantages_high)
    return {
        "responses": len(seen.rewards),
        "continuations": CONTINUATIONS,
        "success": float(seen.rewards.mean()),
        "explained_variance": known.explained,
        "outcome_explained": known.outcome,
        "ceiling": foresight(truth.values, truth.values, seen.rewards, seen.mask).outcome,
        "error": known.error,
        "group_mean_error": foresight(group, truth.values, seen.rewards, seen.mask).error,
        "constant_error": best_constant(truth.values, seen.mask),
        "lambda_0": asdict(blame),
    }


def write(folder: Path, model: str, trainer: Trainer, responses: int, updates: int = UPDATES) -> dict[str, Any]:
    """Saves weights, card.json and README.md; returns what the card says."""
    assert trainer.value_model is not None
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: x.detach().contiguous() for name, x in trainer.value_model.state_dict().items()}
    save_file(weights, folder / critics.WEIGHTS)
    (folder / critics.WEIGHTS).chmod(0o644)  # as git keeps it: whoever installs the app may read it
    recipe = recipes()[model]
    numbers = measured(trainer)
    card: dict[str, Any] = {
        "name": critic_name(model),
        "model": model,
        "start_sha256": trainer.start_hash,
        "weights_sha256": weights_hash(trainer.value_model),
        "torch": torch.__version__,
        "responses": responses,
        "updates": updates,
        "learning_rate": LEARNING_RATE,
        "task": recipe.task.model_dump(),
        "measured": numbers,
    }
    (folder / critics.CARD).write_text(json.dumps(significant(card, 6), indent=1) + "\n", encoding="utf-8")
    blame = numbers["lambda_0"]
    about = {"right": blame["blame_accuracy"] or 0.0, "chance": blame["chance"] or 0.0, "of": blame["blamed"]}
    facts = {**card, **numbers, **about, "seen": responses, "responses": numbers["responses"]}
    (folder / "README.md").write_text(_CARD.format(**facts), encoding="utf-8")
    return card


_CARD = """---
license: apache-2.0
---
# {name}

A critic for `{model}`, the start policy of Credit Lab's runs of that task: its backbone began as the start model's, its
head at zero. It was fitted by the mean squared error to what {seen:,} fresh answers of the start policy scored (one
answer a question, {updates:,} updates of 128 answers, a learning rate that rises to {learning_rate:g} and falls again).

Made by `python -m core.insight.fit_critic {model}` (torch {torch}, one CPU thread). A run begins with it by
`value_model={name}`.

Measured on {responses} other responses of the start policy ({success:.3f} right), the true values being the mean of
{continuations} fresh continuations of every prefix: it explains {explained_variance:.3f} of the true values' variance,
and {outcome_explained:.3f} of the outcomes', of which the measured values explain {ceiling:.3f}. Mean squared error to
the true values: {error:.4f}; of the best constant {constant_error:.4f}, of the mean of the other answers to the same
question {group_mean_error:.4f}. The token at which it falls furthest is the one that ruined the answer in {right:.3f}
of {of} wrong answers (any token alike: {chance:.3f}). SHA-256 of the weights: `{weights_sha256}`.
"""


def main(arguments: list[str] | None = None) -> None:
    """Fits the critic of the named start model, saves it where the app finds it, and prints its card."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", choices=recipes(), help="the start model")
    parser.add_argument("--out", type=Path, help="folder to write to (default: the bundled critic's own)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    trainer, responses = fit(options.model)
    folder = options.out or critics.FOLDER / critic_name(options.model)
    print(json.dumps(write(folder, options.model, trainer, responses), indent=1))


if __name__ == "__main__":
    main()
