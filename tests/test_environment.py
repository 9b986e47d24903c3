"""Environment variables: each is read in one place, a bad one is named and counts as not set, the README has all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.cli import AS_JSON
from core.environment import PREFIX, EnvironmentVariables, environment, problems
from core.workers.starting import training_off

ROOT = Path(__file__).parents[1]
NAMES = {PREFIX + name.upper() for name in EnvironmentVariables.model_fields}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_what_is_set_is_read_and_the_rest_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_MAX_STEPS", " 500 ")
    monkeypatch.setenv("CREDIT_LAB_KEEP_DAYS", "1.5")
    monkeypatch.setenv("CREDIT_LAB_MODELS", "one, /two/three ,")
    monkeypatch.setenv("CREDIT_LAB_MAX_RUNS", "")
    monkeypatch.setenv("CREDIT_LAB_FRAME_ANCESTORS", "'self'  https://school.example")
    given = environment()
    assert (given.max_steps, given.keep_days, given.models) == (500, 1.5, ("one", "/two/three"))
    assert given.frame_ancestors == "'self' https://school.example"
    assert (given.max_runs, given.training, given.home, given.max_disk_gb) == (None, True, None, None)
    assert problems() == ()


@pytest.mark.parametrize(
    ("word", "training"), [("off", False), ("No", False), ("0", False), ("on", True), ("TRUE", True)]
)
def test_training_is_switched_by_a_word(monkeypatch: pytest.MonkeyPatch, word: str, training: bool) -> None:
    monkeypatch.setenv("CREDIT_LAB_TRAINING", word)
    assert environment().training is training


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_RUNS", "many"), ("MAX_RUNS", "0"), ("MAX_RUNS", "9" * 5000), ("MAX_STEPS", "1e3"), ("MAX_STEPS", "-1"),
        ("MAX_RESPONSES", "2.5"), ("MAX_TOKENS", "٣x"), ("MAX_DISK_GB", "nan"), ("MAX_DISK_GB", "inf"),
        ("MAX_DISK_GB", "lots"), ("KEEP_RUNS", "no"), ("KEEP_DAYS", "0"), ("TRAINING", "perhaps"),
        ("FRAME_ANCESTORS", "*; script-src *"), ("FRAME_ANCESTORS", "a, b"), ("HOME", "~nosuchuser/x"),
        ("SMOLLM2", "~nosuchuser"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_named_leaves_the_others_alone_and_nothing_trains(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    other = "KEEP_RUNS" if name != "KEEP_RUNS" else "MAX_RUNS"
    monkeypatch.setenv(PREFIX + other, "7")
    assert getattr(environment(), name.lower()) == EnvironmentVariables.model_fields[name.lower()].default
    assert getattr(environment(), other.lower()) == 7
    (problem,) = problems()
    assert str(problem).startswith(f"{PREFIX}{name}: ")
    assert f"{PREFIX}{name}: " in str(training_off())  # a limit that was mistyped must not count as none


def test_each_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_MAX_RUNS", "many")
    monkeypatch.setenv("CREDIT_LAB_KEEP_DAYS", "long")
    assert [str(x).partition(":")[0] for x in problems()] == ["CREDIT_LAB_MAX_RUNS", "CREDIT_LAB_KEEP_DAYS"]


def test_no_other_variable_of_ours_is_read_or_spoken_of() -> None:
    files = [x for folder in ("core", "lessons", ".ci") for x in (ROOT / folder).rglob("*.py")]
    named = {name for file in files for name in re.findall(rf"{PREFIX}[A-Z0-9_]+", file.read_text(encoding="utf-8"))}
    assert {"CREDIT_LAB_HOME", "CREDIT_LAB_MODELS"} <= named
    assert named <= NAMES | {AS_JSON}
    reading = [str(x.relative_to(ROOT)) for x in files if re.search(rf"environ\S*{PREFIX}", x.read_text("utf-8"))]
    assert [x for x in reading if x.split("/")[0] != ".ci"] == []


def test_the_readme_has_them_all_in_its_words() -> None:
    table = dict(
        re.findall(rf"^\| `({PREFIX}[A-Z0-9_]+)[^|]*\| (.*) \|$", (ROOT / "README.md").read_text("utf-8"), re.M)
    )
    assert table.keys() == NAMES
    for name, field in EnvironmentVariables.model_fields.items():
        assert table[PREFIX + name.upper()].startswith(str(field.description)), name
