"""The command line from end to end: real processes, real files, and sentences for what cannot be."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.__main__ import _parser, main
from core.cli.train import config_of
from core.cli.usage import UsageError
from core.config import RunConfig
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.learners.kinds.vine import VineSettings
from core.learners.registry import LEARNER_KINDS
from core.learners.variants import VARIANTS
from core.runs.store import RunStore
from core.tasks.kinds.chain_sum import ChainSumSettings
from core.tasks.kinds.questions import QuestionsSettings
from core.tasks.reasoning_settings import ReasoningGymSettings
from core.training.trace import COLLECTED
from lessons.kit.fields import fields
from tests.helpers import step_traces
from tests.registered import surrogates_of

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.usefixtures("warm_python")
PYTHON = sys.executable  # as it starts for a user, where a test is about the start itself
QUICK = ["prompts_per_step=4", "num_generations=4", "eval_every=0", "task.heldout=16", "device=cpu"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The app's data folder, for this test alone."""
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CREDIT_LAB_DATABASE_URL", raising=False)
    return tmp_path / "home"


def test_train_writes_the_four_files_and_keeps_nothing_else(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    asked = ["train", "--preset", "chain-sum", "--learner", "ppo", "--learner", "grpo", "--steps", "2", "--seed", "3"]
    assert main([*asked, "--set", *QUICK, "ppo.lam=1", "--trace", "all", "--out", str(out)]) == 0
    assert sorted(x.name for x in out.iterdir()) == ["run.json", "samples.parquet", "steps.parquet", "tokens.parquet"]
    head = json.loads((out / "run.json").read_text())
    config = RunConfig.model_validate(head["config"])
    assert (config.seed, config.steps, config.trace, config.prompts_per_step) == (3, 2, "all", 4)
    ppo = config.learner("ppo")
    assert isinstance(ppo, PPOSettings)
    assert ppo.lam == 1
    steps = pd.read_parquet(out / "steps.parquet")
    assert steps[["learner", "step"]].to_numpy().tolist() == [["ppo", 0], ["ppo", 1], ["grpo", 0], ["grpo", 1]]
    output = capsys.readouterr()
    assert "ppo: finished after 2 of 2 steps; held-out success" in output.out
    assert "4/4" in output.err  # the progress bar
    assert not home.exists()


def test_ctrl_c_leaves_a_valid_partial_export(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "core", "train", "--learner", "grpo", "--steps", "100000", "--keep"]
    process = subprocess.Popen(
        [*command, "--set", *QUICK, "--out", str(out)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        # A shell's background job has Ctrl-C ignored, and so have its children: this one is to hear it all the same.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    guard = threading.Timer(180, process.kill)  # only for a process that hangs
    guard.start()
    try:
        assert process.stderr is not None
        seen = ""
        while "grpo=" not in seen:  # the bar shows a first success
            piece = process.stderr.read(1)
            assert piece, seen
            seen += piece
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    finally:
        guard.cancel()
    assert process.returncode == 130
    assert "grpo: stopped after" in output
    steps = pd.read_parquet(out / "steps.parquet")
    tokens = pd.read_parquet(out / "tokens.parquet")
    assert 1 <= len(steps) < 100_000
    assert sorted(tokens["step"].unique()) == sorted(steps["step"])
    assert json.loads((out / "run.json").read_text())["status"] == "stopped"
    kept = RunStore().runs()
    assert [(x.status, x.learners[0].step + 1) for x in kept] == [("stopped", len(steps))]


@pytest.mark.parametrize("fails", [True, False], ids=["a run that fails", "a run that is finished"])
def test_without_keep_only_the_log_that_a_failed_learners_reason_names_is_left(tmp_path: Path, fails: bool) -> None:
    (tmp_path / "temporary").mkdir()
    if fails:  # in every process that is started with this folder on its path, so in the one that forks workers, too
        (tmp_path / "sitecustomize.py").write_text(
            "from core.training.trainer import Trainer\n"
            "def broken(self):\n"
            "    raise ArithmeticError('made for a test')\n"
            "Trainer.steps = broken\n"
        )
    out = tmp_path / "out"
    python = PYTHON if fails else sys.executable
    command = [python, "-m", "core", "train", "--learner", "grpo", "--steps", "1", "--out", str(out)]
    answer = subprocess.run(
        [*command, "--set", *QUICK],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            **os.environ,
            "TMPDIR": str(tmp_path / "temporary"),
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(tmp_path))),
            "OMP_NUM_THREADS": "1",
        },
    )
    left = [x for x in (tmp_path / "temporary").rglob("*") if x.is_file()]
    if not fails:
        assert (answer.returncode, left) == (0, [])
        return
    assert answer.returncode == 1
    named = re.search(r"ArithmeticError: made for a test \(details in (.+)\)", answer.stderr)
    assert named
    log = Path(named[1])
    assert log in left
    assert "Traceback" in log.read_text()
    assert {x.parent for x in left} == {log.parent}
    assert str(log) in json.loads((out / "run.json").read_text())["learners"][0]["reason"]


def test_runs_lists_and_export_writes_what_the_app_keeps(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs"]) == 0
    assert "There are no runs yet" in capsys.readouterr().out
    store, config = RunStore(), RunConfig(steps=2, num_generations=4)
    run_id = store.create(config, "my run")
    for trace in step_traces(config, 2):
        store.append(run_id, trace)
    assert main(["runs"]) == 0
    line = capsys.readouterr().out
    assert line.startswith(run_id)
    assert "ppo 2/2, grpo 2/2  my run" in line
    for format, names in {
        "parquet": ["run.json", "samples.parquet", "steps.parquet", "tokens.parquet"],
        "csv": ["run.json", "samples.csv", "steps.csv", "tokens.csv"],
        "unipo": ["unipo-grpo.json", "unipo-ppo.json"],
    }.items():
        out = tmp_path / format
        assert main(["export", run_id[:8], "--out", str(out), "--format", format]) == 0
        assert sorted(x.name for x in out.iterdir()) == names
    capsys.readouterr()
    assert main(["export", "nothing", "--out", str(tmp_path / "none")]) == 2
    assert "no run whose id begins with 'nothing'" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_settings_names_every_setting_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    output = capsys.readouterr().out
    for model, prefix in ((RunConfig, ""), (PPOSettings, "ppo."), (GRPOSettings, "grpo.")):
        for name, field in model.model_fields.items():
            if name not in ("task", "learners", "name", "algorithm"):
                line = next(x for x in output.splitlines() if x.split()[:1] == [prefix + name])
                assert str(field.description) in line
                assert json.dumps(field.default) in line


def test_settings_names_every_setting_of_every_task_under_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    parts = {x.partition(":")[0]: x.splitlines()[1:] for x in capsys.readouterr().out.split("\n\n")}
    for model in (ChainSumSettings, ReasoningGymSettings, QuestionsSettings):
        fields = {x: y for x, y in model.model_fields.items() if x != "kind"}
        lines = parts[f"task.kind={model.model_fields['kind'].default}"]
        assert [x.split()[0] for x in lines] == [f"task.{x}" for x in fields]
        for line, field in zip(lines, fields.values(), strict=True):
            assert str(field.description) in line
            default = "(required)" if field.is_required() else json.dumps(field.get_default(call_default_factory=True))
            assert default in line


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["--set", "epsilom=1"], "epsilom: there is no setting of this name; did you mean epsilon"),
        (["--set", "epsilon"], "--set takes NAME=VALUE"),
        (["--steps", "0"], "steps: must be at least 1"),
        (["--preset", "nope"], "there is no preset called 'nope'"),
        (["--learner", "kto"], "there is no learner called 'kto'"),
    ],
)
def test_what_cannot_be_trained_is_a_sentence(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: list[str], sentence: str
) -> None:
    assert main(["train", *asked, "--out", str(tmp_path / "out")]) == 2
    output = capsys.readouterr().err
    assert sentence in output
    assert "Traceback" not in output
    assert not (tmp_path / "out").exists()


def test_a_data_set_is_collected_without_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "set.parquet"
    words = ["collect", "--preset", "online-or-offline", "--learner", "sft", "--set", "data_responses=64"]
    assert main([*words, "data_flipped=0.25", "--out", str(file)]) == 0
    table = pq.read_table(file)
    assert table.schema.names == COLLECTED.names
    assert sum(table["flipped"].to_pylist()) == 16
    assert "sft: 64 responses to 8 questions" in capsys.readouterr().out


def test_who_learns_from_no_data_set_has_none_to_collect(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["collect", "--out", str(tmp_path / "set.parquet")]) == 2
    assert "none of the learners (ppo, grpo) learns from a data set" in capsys.readouterr().err
    words = ["collect", "--learner", "dpo", "--out", str(tmp_path / "nowhere" / "set.parquet")]
    assert main(words) == 2
    assert "there is no folder" in capsys.readouterr().err


def chosen(*words: str) -> RunConfig:
    return config_of(_parser().parse_args(["train", "--out", "nowhere", *words]))


def test_a_kind_of_learner_is_taken_by_name_although_no_variant_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Another mapping: taken out of this one and put back, it would be the last of all for the tests that come after.
    monkeypatch.setattr("core.cli.train.VARIANTS", {name: x for name, x in VARIANTS.items() if name != "vine"})
    config = chosen("--learner", "vine", "--learner", "dr-grpo")
    assert config.learners[0] == VineSettings()
    assert [x.name for x in config.learners] == ["vine", "dr-grpo"]
    with pytest.raises(UsageError) as caught:
        chosen("--learner", "kto")
    assert {*VARIANTS, *LEARNER_KINDS} <= set(caught.value.message.values["names"])


def test_settings_lists_the_choices_of_every_setting_that_has_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    lines = {x.split()[0]: x for x in capsys.readouterr().out.splitlines() if x.startswith("  ")}
    assert lines["ppo.surrogate"].endswith(f" One of: {', '.join(surrogates_of(LEARNER_KINDS['ppo']))}.")
    assert lines["device"].endswith(" One of: auto, cpu, cuda, mps.")
    assert "One of" not in lines["ppo.epsilon_high"]
    named = ("model", "ppo.value_model")  # of what this machine has
    choices = [x.key for x in fields(RunConfig()) if x.kind == "choice" and x.key not in named and "task." not in x.key]
    assert len(choices) > 5
    for key in choices:
        name = key if key in lines else f"ppo.{key}"
        assert " One of: " in lines[name], key


def test_train_leaves_other_peoples_folders_alone(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert main(["train", "--out", str(tmp_path)]) == 2
    assert "holds other files (thesis.txt)" in capsys.readouterr().err
    assert main(["train", "--out", str(tmp_path / "thesis.txt")]) == 2
    assert "must be a folder" in capsys.readouterr().err


def test_a_damaged_store_is_a_sentence_on_the_command_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    Path(RunStore().place).write_bytes(b"no database at all " * 500)
    assert main(["runs"]) == 2
    output = capsys.readouterr().err
    assert "is damaged and cannot be read" in output
    assert len(output.strip().splitlines()) == 1


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys, core.__main__ as m; m._parser().format_help(); print(len([x for x in sys.modules if x in HEAVY]))"
    )
    heavy = "('torch', 'pyarrow', 'sqlalchemy', 'pydantic', 'numpy')"
    answer = subprocess.run(
        [PYTHON, "-c", code.replace("HEAVY", heavy)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert answer.stdout.strip() == "0"


def test_none_is_written_as_the_settings_list_and_the_form_write_it() -> None:
    given = ["ppo.value_model=none", "value_freeze_after=none", "max_completion_length=null", "system_prompt=none"]
    config = chosen("--preset", "long-sums", "--set", *given, "scale_rewards=none", "baseline=none")
    ppo, grpo = config.learner("ppo").model_dump(), config.learner("grpo").model_dump()
    assert (ppo["value_model"], ppo["value_freeze_after"], config.max_completion_length) == (None, None, None)
    assert (config.system_prompt, grpo["scale_rewards"], grpo["baseline"]) == (None, "none", "none")
