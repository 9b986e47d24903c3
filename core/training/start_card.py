"""The card beside a bundled model: how it was made, and its start success as measured by the app's own sampler."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch

from core.models import start as starts
from core.tasks.kind import Recipe
from core.tasks.registry import task_for, task_kind
from core.training.answer import share
from core.training.evaluation import answers

SAMPLES_PER_QUESTION = 8


def write_card(folder: Path, name: str, recipe: Recipe, weights_hash: str) -> dict[str, Any]:
    """Measures the saved model on its held-out questions, writes card.json and README.md, returns what was measured."""
    start, task = starts.load(str(folder)), task_for(recipe.task)
    rates = {
        "sampled": share(answers(start.model, start.codec, task, seed=0, samples=SAMPLES_PER_QUESTION)),
        "greedy": share(answers(start.model, start.codec, task, seed=None)),
    }
    parameters = sum(p.numel() for p in start.model.parameters())
    card = {
        "name": name,
        "parameters": parameters,
        "weights_sha256": weights_hash,
        "torch": torch.__version__,
        "recipe": {**dataclasses.asdict(recipe), "task": recipe.task.model_dump()},
        "heldout_success": rates,
    }
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    read = "whole words" if task_kind(recipe.task).words else "single characters"
    about = {"kind": recipe.task.kind, "does": recipe.does, "taught": recipe.taught, "read": read}
    (folder / "README.md").write_text(
        _CARD.format(
            questions=len(task.heldout),
            k=SAMPLES_PER_QUESTION,
            judged=_JUDGED.format(weight=recipe.judge) if recipe.judge else "",
            **about,
            **card,
            **rates,
        )
    )
    return card


_CARD = """---
license: apache-2.0
---
# {name}

A Llama of {parameters:,} parameters over {read} that {does}:
a start policy of Credit Lab's runs on the task `{kind}`.

Made by `python -m core.training.pretrain {name}` (torch {torch}, one CPU thread) from scratch, on {taught}
(how often: `recipe` in `card.json`). No held-out question was among them.{judged}

Measured on {questions} held-out questions: {sampled:.3f} success sampled at temperature 1 ({k} samples a question),
{greedy:.3f} greedy. SHA-256 of the weights: `{weights_sha256}`.
"""

_JUDGED = """

A second loss, of weight {weight:g}, asked at every token whether the answer was right so far. Its head was thrown away,
but the features stay: a critic that starts from this model finds in them what it is to learn."""
