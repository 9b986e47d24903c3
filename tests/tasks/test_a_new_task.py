"""Adding a task takes its file and its start model: tried on one that the app does not have."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import _parser, main
from core.cli.train import config_of
from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change, parse_config
from core.models.bundled import weights_hash
from core.models.fit.free_memory import prompt_tokens
from core.models.start import load
from core.tasks import kinds, registry
from core.tasks.kind import TaskKind
from core.training import pretrain
from core.training.trainer import Trainer
from tests.tasks.added import reverse_word

__all__ = ["reverse_word"]  # a fixture


def chosen(*assignments: str) -> RunConfig:
    """The config of `python -m core train --set …`."""
    return config_of(_parser().parse_args(["train", "--out", "nowhere", "--set", *assignments]))


@pytest.fixture
def start(reverse_word: TaskKind[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its start model, made as the bundled ones are."""
    folder = tmp_path / "backwards-3"
    monkeypatch.setattr(sys, "argv", ["pretrain", "backwards-3", "--out", str(folder)])
    pretrain.main()
    return folder


def test_a_run_on_it_is_chosen_trained_and_scored_by_its_own_verifier(start: Path, tmp_path: Path) -> None:
    config = chosen(f"model={start}", "task.letters=3", "task.kind=backwards", "task.heldout=16", "steps=2")
    assert config.task.model_dump() == {"kind": "backwards", "letters": 3, "heldout": 16}
    trainer = Trainer(change(config, {"trace": "all", "device": "cpu", "eval_every": 1}), "grpo")
    before = weights_hash(trainer.policy)
    traces = list(trainer.steps())
    assert len(traces) == 2
    assert weights_hash(trainer.policy) != before
    rows = [row for trace in traces for row in trace.samples.to_pylist()]
    assert len(rows) == 2 * 16 * 8
    for row in rows:
        finished = not row["truncated"]
        assert row["reward"] == float(finished and row["response"] == row["prompt"][-2::-1])
        assert row["length"] <= 4
    assert 0 < sum(x["reward"] for x in rows) < len(rows)  # a start that has something to learn
    assert not {x["prompt"] for x in rows} & set(trainer.task.heldout)
    assert traces[0].scalars["heldout_success"] is not None


def test_its_start_model_and_its_card_come_from_its_recipe(reverse_word: TaskKind[Any], start: Path) -> None:
    card = json.loads((start / "card.json").read_text())
    recipe = reverse_word.recipes["backwards-3"]
    assert card["recipe"] == {**dataclasses.asdict(recipe), "task": recipe.task.model_dump()}
    assert card["recipe"]["swapped"] == 0.3
    loaded = load(str(start))
    assert card["weights_sha256"] == weights_hash(loaded.model) == weights_hash(pretrain.pretrain(recipe))
    assert loaded.codec.tokenizer("hadef=").input_ids == [11, 4, 7, 8, 9, 12]
    text = (start / "README.md").read_text()
    assert "single characters that writes words backwards" in text
    assert "on words in some of which two letters had changed places" in text
    assert "runs on the task `backwards`" in text
    assert "sum" not in text


def test_the_command_line_lists_it_and_its_settings(
    reverse_word: TaskKind[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["settings"]) == 0
    output = capsys.readouterr().out
    assert f"What is asked: {' or '.join(registry.choosable())}. Puts" in output
    assert "backwards" in registry.choosable()
    (part,) = (x for x in output.split("\n\n") if x.startswith("task.kind=backwards: A word is written backwards"))
    assert [x.split()[:2] for x in part.splitlines()[1:]] == [["task.letters", "3"], ["task.heldout", "32"]]
    assert "How many letters a word has." in part


def test_what_its_settings_cannot_be_is_a_sentence_and_so_is_one_of_another_task(reverse_word: TaskKind[Any]) -> None:
    for given, sentence in (
        ("task.letters=1", "task.letters: must be at least 2, but is 1"),
        ("task.terms=2", "task.terms: there is no setting of this name"),
        ("task.heldout=64", "task.heldout: at most 32 of the 64 words can be kept apart"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            registry.task_for(chosen("task.kind=backwards", given, *["task.letters=2"][: "heldout" in given]).task)
    with pytest.raises(ConfigError) as caught:
        reverse_word.build(reverse_word.settings(letters=2, heldout=64))
    (message,) = caught.value.messages
    assert "{bound}" in message.template  # a literal, so that it can be translated


def test_its_own_start_model_takes_the_place_of_one_made_for_another_task(reverse_word: TaskKind[Any]) -> None:
    config = chosen("task.kind=backwards")
    assert (config.model, config.max_completion_length) == ("backwards-3", None)
    assert chosen("task.kind=backwards", "model=mine").model == "mine"
    assert change(config, {"task.kind": "chain-sum"}) == RunConfig()
    assert prompt_tokens(config) == 5  # the beginning, three letters, the sign
    assert registry.longest_response(config.task) == 4


def test_it_stands_behind_the_apps_own_although_its_name_comes_before_theirs(reverse_word: TaskKind[Any]) -> None:
    own = ["chain-sum", "program", "imported", "questions", "reasoning-gym"]
    assert [x for x in registry.discover() if x in (*own, "backwards")] == [*own, "backwards"]


def test_its_runs_are_stored_and_read_like_others(reverse_word: TaskKind[Any]) -> None:
    config = chosen("task.kind=backwards", "task.letters=5")
    again = parse_config(json.loads(config.model_dump_json()))
    assert again == config
    assert type(again.task) is reverse_word.settings


def test_without_its_file_it_is_no_kind() -> None:
    with pytest.raises(ConfigError, match=r"must be one of 'chain-sum', .*, but is 'backwards'"):
        chosen("task.kind=backwards")


def test_a_module_that_declares_nothing_is_said_to_be_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "blank_kind.py").write_text("")
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
    with pytest.raises(TypeError, match=r"blank_kind\.py declares no kind of task"):
        registry.discover()
    del sys.modules["core.tasks.kinds.blank_kind"]
