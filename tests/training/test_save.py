"""A trained policy becomes a Hugging Face folder: the same numbers, a true and harmless card, and a start by name."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from markdown_it import MarkdownIt
from transformers import AutoModelForCausalLM, AutoTokenizer

from core.__main__ import main
from core.config import RunConfig
from core.errors import ConfigError
from core.models import bundled, start
from core.runs import lifecycle
from core.runs.save import SaveError, save_model
from core.runs.store import RunStore
from core.training import checkpoints
from core.training.save import Trained, merge, save_pretrained
from core.training.trainer import Trainer
from core.versions import versions
from core.workers.process import supervise
from core.workers.worker import Worker
from tests.helpers import HOSTILE

SMALL = RunConfig.model_validate(
    {"steps": 2, "prompts_per_step": 2, "num_generations": 4, "eval_every": 1, "compare_samples": 2, "seed": 7}
    | {"device": "cpu", "task": {"kind": "chain-sum", "heldout": 16}}
)
NASTY = "x/../../y `a` --- <script>alert(1)</script>\n# [b](javascript:alert(1)) |" + "".join(HOSTILE)[:80]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path / "home"))
    return RunStore()


def trained(store: RunStore, name: str, config: RunConfig = SMALL) -> str:
    run_id = store.create(config, name)
    for learner in config.learners:
        lifecycle.enqueue(store, run_id, [learner.name])
        assert lifecycle.claim(store, run_id, learner.name)
        assert supervise(Worker(store, run_id, learner.name)) == 0
    return run_id


def of_trainer(trainer: Trainer) -> Trained:
    """The trainer's policy as it is now, and what its card says of it."""
    return Trained(
        model=trainer.policy,
        tokenizer=trainer.codec.tokenizer,
        config=trainer.config,
        learner=trainer.learner,
        steps=trainer.step,
        start_hash=trainer.start_hash,
        versions=versions(),
        run=None,
    )


def test_a_runs_model_is_saved_listed_loaded_and_trained_on(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = trained(store, NASTY)
    assert main(["save", run_id, "--learner", "grpo"]) == 0
    folder = Path(capsys.readouterr().out.strip())
    assert folder.parent == start.models_folder()
    assert re.fullmatch(r"[A-Za-z0-9._-]+", folder.name)
    assert start.saved_names() == [folder.name]
    assert folder.name in start.names()

    newest = checkpoints.newest(checkpoints.folder(store.home, run_id, "grpo"))
    assert newest is not None
    ids = torch.tensor([[1, 5, 6, 7, 8]])
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    assert torch.equal(plain(ids).logits, newest.policy(ids).logits)
    assert AutoTokenizer.from_pretrained(folder).decode([5, 6]) == newest.codec.tokenizer.decode([5, 6])
    assert plain.generation_config.eos_token_id == newest.policy.generation_config.eos_token_id

    again = start.load(folder.name)
    assert torch.equal(again.model(ids).logits, plain(ids).logits)
    assert again.hash == start.stored_hash(folder) != newest.start_hash
    assert again.codec.end_ids == newest.codec.end_ids
    further = Trainer(SMALL.model_copy(update={"model": folder.name}), "grpo")
    assert len(list(further.steps())) == 2
    assert further.start_hash == again.hash

    # Once more is the same folder; another learner's is another one.
    assert save_model(store, run_id, "grpo") == folder
    assert save_model(store, run_id, "ppo") != folder


def test_the_card_says_what_was_done_and_measured_and_nothing_in_it_is_live(store: RunStore, tmp_path: Path) -> None:
    run_id = trained(store, NASTY)
    folder = save_model(store, run_id, "grpo", tmp_path / "mine")
    card = (folder / "README.md").read_text()
    facts = json.loads((folder / "credit-lab.json").read_text())
    head, body = card.removeprefix("---\n").split("\n---\n", 1)
    assert 'license: "apache-2.0"' in head
    assert 'base_model: "chain-sum-3x1"' in head
    assert all(re.fullmatch(r'[a-z_]+: ("[^"]*"|[\w-]+)|tags:|- [\w-]+', x) for x in head.splitlines())
    assert json.loads((bundled.BUNDLED / "chain-sum-3x1" / "card.json").read_text())["weights_sha256"] in body
    assert start.stored_hash(folder) in body
    assert "- Seed: 7" in body
    assert '"epsilon": 0.2' in body
    assert '"heldout": 16' in body
    assert json.dumps(store.get(run_id).versions["torch"]) in body
    # The table's shares are those of the answers that were kept.
    kept = {x["value"]["when"]: x["value"] for x in store.events(run_id) if x["kind"] == "evaluation"}
    for when in ("before", "after"):
        share = sum(row[2] for row in kept[when]["greedy"]) / 16
        row = next(x for x in body.splitlines() if x.startswith(f"| {when} training"))
        assert f"{share:.3f} (" in row
    assert [x["step"] for x in facts["results"] if "questions" in x] == [0, 2]
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    assert not re.search(r"<(script|img|a)\b", html)
    assert "javascript:alert(1)" in html  # as text
    assert body.count("\n# ") + body.startswith("# ") == 1


def test_what_cannot_be_saved_is_a_sentence(
    store: RunStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = store.create(SMALL, "not begun")
    assert main(["save", run_id]) == 2
    assert "several learners; say whose policy, by --learner ppo or --learner grpo." in capsys.readouterr().err
    assert main(["save", run_id, "--learner", "kto"]) == 2
    assert "no learner called 'kto'" in capsys.readouterr().err
    assert main(["save", run_id, "--learner", "ppo"]) == 2
    assert "There is no checkpoint of ppo yet; one is written every 10 steps" in capsys.readouterr().err
    with store.write() as c:
        c.exec_driver_sql("UPDATE runs SET recorded = 1")
    with pytest.raises(SaveError, match="recorded elsewhere"):
        save_model(store, run_id, "ppo")
    trainer = Trainer(SMALL, "grpo")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(ConfigError, match="there already; give the model a new or an empty folder"):
        save_pretrained(of_trainer(trainer), tmp_path / "full")
    assert (tmp_path / "full" / "letter.txt").read_text() == "mine"


def test_what_is_damaged_is_left_out_of_the_card_or_named(
    store: RunStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = store.create(SMALL, "damaged")
    trainer = Trainer(SMALL, "grpo")
    where = checkpoints.folder(store.home, run_id, "grpo")
    checkpoints.save(trainer, where)
    for kind, value in (
        ("evaluation", {}),
        ("evaluation", {"when": "before", "greedy": [], "sampled": [], "samples": 2}),
        ("final", {"greedy": 0.25}),
        ("final", {}),
    ):
        store.add_event(run_id, "grpo", 0, kind, value)
    card = (save_model(store, run_id, "grpo", tmp_path / "out") / "README.md").read_text()
    assert "after 1 steps 0.250 greedy." in card
    assert "is damaged: the model card leaves it out" in caplog.text
    [path] = checkpoints.saved(where)
    state = torch.load(path, weights_only=True)
    for part in ("step", "policy", "config"):
        torch.save({x: y for x, y in state.items() if x != part}, path)
        with pytest.raises(SaveError, match=r"The checkpoint .* cannot be read \("):
            save_model(store, run_id, "grpo", tmp_path / part)
    torch.save({**state, "policy": {"strange": torch.zeros(1)}}, path)
    with pytest.raises(SaveError, match=r"The checkpoint .* cannot be read \("):
        save_model(store, run_id, "grpo", tmp_path / "strange")


def test_adapters_are_merged_and_the_saved_model_answers_as_the_adapted_one_did(tmp_path: Path) -> None:
    config = RunConfig.model_validate({**SMALL.model_dump(), "lora_rank": 2, "compare_samples": 0, "eval_every": 0})
    trainer = Trainer(config, "grpo")
    assert len(list(trainer.steps())) == 2
    ids = torch.tensor([[1, 5, 6, 7, 8]])
    with torch.no_grad():
        adapted = trainer.policy(ids).logits
        untrained = start.load("chain-sum-3x1").model(ids).logits
    assert not torch.allclose(adapted, untrained, atol=1e-4)
    save_pretrained(of_trainer(trainer), tmp_path / "merged")
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    assert {type(x).__module__.split(".")[0] for x in loaded.modules()} <= {"torch", "transformers"}
    assert torch.allclose(loaded(ids).logits, adapted, atol=1e-5)
    assert not any("lora" in x.name or "adapter" in x.name for x in (tmp_path / "merged").iterdir())
    assert start.load(str(tmp_path / "merged")).hash


def test_a_model_without_adapters_is_merged_into_itself() -> None:
    model = start.load("chain-sum-3x1").model
    assert merge(model) is model


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "..", ".hidden", "C:\\x", "", "x" * 300, "…", "-rf"])
def test_a_name_never_leads_out_of_the_folder_of_models(name: str) -> None:
    safe = start.safe_name(name)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", safe)
    assert ".." not in safe
    assert start.safe_name(safe) == safe
