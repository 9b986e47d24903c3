"""Where reward models are kept: what the disk refuses, what is damaged there, and two workers with the same one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from safetensors import SafetensorError

from core.models import reward
from core.models.reward import Card
from core.models.start import load
from core.models.value import ValueModel

KNOWN: dict[str, Any] = {
    "model": "chain-sum-3x1",
    "start_sha256": "",
    "task": {},
    "shift": 0.0,
    "scale": 1.0,
    "preferences": 2,
    "heldout_accuracy": None,
    "settings": {},
}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))


@pytest.fixture(scope="module")
def model() -> ValueModel:
    return ValueModel(load("chain-sum-3x1", torch.device("cpu")).model)


def save(model: ValueModel) -> Card:
    return reward.save(model, KNOWN, "mine")


def test_what_the_disk_refuses_is_said_as_the_disks(model: ValueModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are written by a library that has an exception of its own for a full disk: a run ended by it."""

    def full(*_args: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(OSError, match="No space left"):
        save(model)
    assert list(reward.folder().iterdir()) == []


def test_a_damaged_one_of_the_name_is_replaced(model: ValueModel) -> None:
    made = save(model)
    (reward.folder() / made.name / reward.CARD).write_text("{")
    assert save(model) == made
    assert reward.card(made.name) == made


def test_of_two_workers_with_the_same_model_both_have_kept_it(
    model: ValueModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def another_was_faster(source: Path, place: Path) -> None:
        replace(source, place)
        raise OSError(39, "Directory not empty")

    monkeypatch.setattr(os, "replace", another_was_faster)
    made = save(model)
    assert reward.names() == [made.name]
    assert [x.name for x in reward.folder().iterdir()] == [made.name]
