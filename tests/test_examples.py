"""The examples run as their first lines say, and print what they promise."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.__main__ import main
from core.config import change
from core.presets import preset
from core.runs.store import RunStore
from tests.helpers import step_traces

ROOT = Path(__file__).parents[1]
QUICK = ["steps=2", "prompts_per_step=4", "num_generations=4", "task.heldout=16"]


def run(name: str, *words: str) -> list[str]:
    """The lines that an example prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"examples.{name}", *words],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_there_is_a_test_for_every_example() -> None:
    names = {x.stem for x in (ROOT / "examples").glob("*.py")} - {"__init__"}
    tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    called = [x for x in ast.walk(tree) if isinstance(x, ast.Call) and getattr(x.func, "id", "") == "run"]
    assert {ast.literal_eval(x.args[0]) for x in called} == names
    for name in names:
        text = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
        assert f"`python -m examples.{name} " in (ast.get_docstring(ast.parse(text)) or "")


def test_train_from_python() -> None:
    output = run("train_from_python", *QUICK)
    starts = [x for x in output if "starts at" in x]
    assert len(starts) == 2
    assert len({x.split()[-1] for x in starts}) == 1  # the same weights
    made = [x.split()[1] for x in output if x.startswith("  step")]
    assert made == ["0", "1", "0", "1"]
    shares = [float(x.split()[-1]) for x in output if "held-out success" in x]
    assert len(shares) == 2
    assert all(0 < x < 1 for x in shares)  # a start model that is right on some questions


def test_add_a_variant() -> None:
    output = run("add_a_variant", *QUICK)
    assert output[0] == "surrogate:"
    assert "1.2)" in output[1]
    assert "1.28)" in output[2]
    assert [x.split(":")[0] for x in output[3:]] == ["grpo", "clip-higher"]
    cut = {x.split(":")[0]: float(x.split()[3]) for x in output[3:]}
    assert 0 <= cut["clip-higher"] < cut["grpo"]


def test_read_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))
    monkeypatch.delenv("CREDIT_LAB_DATABASE_URL", raising=False)
    store, config = RunStore(), change(preset("chain-sum"), {"steps": 2, "num_generations": 4})
    run_id = store.create(config, "mine")
    for trace in step_traces(config, 2):
        store.append(run_id, trace)
    assert main(["export", run_id, "--out", str(tmp_path / "out")]) == 0
    mine, recorded = run("read_a_trace", str(tmp_path / "out")), run("read_a_trace")
    assert mine[0].startswith("mine: 64 responses, ")
    assert recorded[0].startswith("chain-sum, seed 0: 38400 responses, ")
    for output in (mine, recorded):
        assert [float(x.split()[-1]) < 1e-5 for x in output[1:3]] == [True, True]
        assert [x.split(":")[0] for x in output[3:]] == ["ppo", "grpo"]
        credit = {x.split(":")[0]: re.findall(r"[+-]\d\.\d\d", x) for x in output[3:]}
        assert len(set(credit["grpo"])) == 1
        assert len(set(credit["ppo"])) > 1
