"""`python -m core reward`: a judge's labels, files of them, and what is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.__main__ import main
from core.models import reward
from core.rewards.preferences import read

pytestmark = pytest.mark.usefixtures("warm_python")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path / "home"))


def test_a_judges_labels_are_written_and_learnt_and_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "labels.csv"
    assert main(["reward", "--judge", "24", "--labels", str(file), "--epochs", "1", "--name", "mine"]) == 0
    out = capsys.readouterr().out
    [name] = reward.names()
    assert name.startswith("mine-")
    assert f"reward=reward-model reward_model={name}" in out
    assert "held out: loss" in out
    labels = read(file.read_bytes())
    assert {x.source for x in labels} == {"verifier"}
    assert reward.card(name).preferences == len(labels)
    # The same labels from their file make the same model: kept once, under the same name.
    assert main(["reward", "--preferences", str(file), "--epochs", "1", "--name", "mine"]) == 0
    assert reward.names() == [name]


def test_as_a_run_it_has_a_trace_and_leaves_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["reward", "--judge", "24", "--epochs", "1", "--name", "mine", "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    [name] = reward.names()
    assert f"mine: finished after 1 of 1 steps; kept as {name}: --set reward=reward-model reward_model={name}" in out
    names = {x.name for x in (tmp_path / "out").iterdir()}
    assert names == {"run.json", "steps.parquet", "samples.parquet", "tokens.parquet", "preferences.json"}
    assert {x.source for x in read((tmp_path / "out" / "preferences.json").read_bytes())} == {"verifier"}
    assert main(arguments) == 0  # into the folder of an earlier export
    assert reward.names() == [name]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name one of the two"),
        (["--judge", "4", "--preferences", "x"], "name one of the two"),
        (["--judge", "0"], "at least one pair"),
        (["--judge", "4", "--noise", "2"], "noise is a probability"),
        (["--judge", "24", "--keep"], "name a folder for it"),
        (["--judge", "4", "--epochs", "0"], "epochs: must be at least 1, but is 0"),
        (["--judge", "4", "--seed", "-1"], "seed: must be at least 0, but is -1"),
        (["--judge", "4", "--epochs", "1", "--name", "Mine"], "'Mine' has not"),
        (["--judge", "4", "--labels", "nowhere/labels.csv"], "there is no folder nowhere"),
        (["--preferences", "nowhere.json"], "nowhere.json cannot be read: No such file"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reward", *arguments]) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert "updates" not in printed.out, "it is said before a model has been trained"
    assert reward.names() == []


def test_what_the_disk_refuses_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path / "file"))
    assert main(["reward", "--judge", "24", "--epochs", "1"]) == 2
    assert "reward-models cannot be written: Not a directory" in capsys.readouterr().err
