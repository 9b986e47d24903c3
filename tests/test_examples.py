"""The examples run as their first lines say, and print what they promise."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.__main__ import main
from core.algorithms.surrogates import Update
from core.algorithms.types import Experience
from core.given_config import change
from core.learners.kinds.grpo import GRPOSettings
from core.presets import preset
from core.runs.store import RunStore
from examples.add_a_learner import KIND, DiscountedSettings
from examples.add_a_learner import credit as discounted_credit
from examples.add_a_surrogate import SURROGATE, gmpo_surrogate
from tests.helpers import step_traces

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.usefixtures("warm_python")
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


def test_the_notebooks_cells_run_and_its_boards_are_of_their_runs(tmp_path: Path) -> None:
    pytest.importorskip("anywidget")
    cells = json.loads((ROOT / "examples" / "board_in_a_notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(x["source"]) for x in cells if x["cell_type"] == "code"]
    assert [x.splitlines()[-1] for x in code[:2]] == ['board("recorded-long-sums")', "board(callback)"]
    lines = [*code, "import time\nfrom lessons.board.window import window\nmade = board(callback.run_id)"]
    lines.append("now = lambda run_id: window(run_id, {'follow': True})\nby = time.monotonic() + 120")
    lines.append("while now(callback.run_id).live and time.monotonic() < by: time.sleep(0.05)")  # it may be 0.2 s old
    lines.append("runs = 'recorded-long-sums', callback.run_id\nprint(*(now(x).live for x in runs))")
    lines.append("print(*(len(now(x).parts) for x in runs))")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
        | {"CREDIT_LAB_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *_, sentence, live, parts = done.stdout.splitlines()
    run_id = re.fullmatch(r"The run (\S+) is among the app's.", sentence)
    assert run_id, sentence
    assert (live, parts) == ("False False", "3 3")  # rows, step and group of each
    run = RunStore(home=tmp_path / "home").get(run_id.group(1))
    assert (run.name, run.status, run.learners[0].step) == ("GRPO in a notebook", "finished", 19)  # two passes a step


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


def added(output: list[str], name: str) -> list[list[float]]:
    """The numbers of GRPO's lines and of the added one's: how far terms and training differ, …, the success."""
    at = [x.partition(":")[0] for x in output].index(name)
    return [
        [float(x) for x in re.findall(r"\d[\d.e+-]*\d", " ".join(part))] for part in (output[1:at], output[at + 1 :])
    ]


def test_add_a_surrogate() -> None:
    output = run("add_a_surrogate", *QUICK)
    assert r"\min(" in output[0]
    assert r"0.67,\, 1.49" in output[3]  # the paper's exp(-0.4) and exp(0.4)
    (clip_gap, clip_cut, _), (gap, cut, success) = added(output, "gmpo")
    assert max(clip_gap, gap) < 1e-5
    assert 0 <= cut < clip_cut
    assert 0 < success < 1


def test_gmpos_surrogate_is_the_papers_formula_and_its_cut_tokens_have_no_gradient() -> None:
    """The objective of arXiv:2507.20673: a product of |min(ρ A, clip(ρ) A)|, its root, and A's sign."""
    draw = torch.Generator().manual_seed(3)
    mask = torch.arange(7)[None] < torch.tensor([7, 4, 1])[:, None]
    logprob = (torch.randn(3, 7, generator=draw, dtype=torch.float64)).requires_grad_()
    advantage = torch.tensor([0.7, -1.3, 0.4], dtype=torch.float64)
    per_token = torch.where(mask, advantage[:, None], 0)
    ours = gmpo_surrogate(logprob.exp(), per_token, mask, 0.3, 0.5)
    for row in range(3):
        ratio = logprob[row][mask[row]].exp()
        smaller = torch.minimum(ratio * advantage[row], ratio.clamp(0.7, 1.5) * advantage[row])
        value = smaller.abs().prod() ** (1 / len(ratio)) * advantage[row].sign()
        # The paper's |…| holds A itself: with one A for all tokens its root is |A|.
        torch.testing.assert_close(ours[row][mask[row]], value.expand(len(ratio)))
    (gradient,) = torch.autograd.grad(ours[mask].sum(), logprob)
    side = SURROGATE.side(Update(logprob.exp(), logprob, per_token, mask), GRPOSettings(epsilon=0.3, epsilon_high=0.5))
    assert torch.equal((gradient == 0)[mask], (side != 0)[mask])
    assert (side != 0)[mask].any()
    assert not gradient[~mask].any()


def test_add_a_learner() -> None:
    output = run("add_a_learner", *QUICK)
    assert "0.9^{T-t}" in output[3]
    (grpo_gap, _), (gap, success) = added(output, "discounted")
    assert max(grpo_gap, gap) < 1e-5
    assert 0 < success < 1


def test_what_the_examples_add_says_of_each_of_its_terms_what_it_is() -> None:
    """As tests/learners/test_terms.py asks of every kind and surrogate that is registered: they are to be copied."""
    added = [*KIND.terms(DiscountedSettings()), *SURROGATE.terms(GRPOSettings())]
    names = {"score"}  # the reward as it is
    assert len(added) >= 8
    assert [x.name for x in added if not x.help and x.name not in names] == []
    assert [x.name for x in added if not x.title] == []


def test_the_discounted_credit_is_what_a_loop_gives() -> None:
    mask = torch.arange(4)[None] < torch.tensor([4, 2, 3])[:, None]
    rewards, group = torch.tensor([1.0, 0.0, 0.5]), torch.tensor([0, 0, 1])
    nothing = torch.zeros(3, 4)
    experience = Experience(mask, nothing, None, rewards, group, torch.zeros(3, dtype=torch.bool))
    given = discounted_credit(experience, DiscountedSettings(gamma=0.5))
    expected = [[0.0625, 0.125, 0.25, 0.5], [-0.25, -0.5, 0, 0], [0, 0, 0, 0]]
    assert given.advantages.tolist() == expected
    assert given.extra["discount"].tolist() == [[0.125, 0.25, 0.5, 1], [0.5, 1, 0, 0], [0.25, 0.5, 1, 0]]


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
    assert recorded[0].startswith("long-sums, seed 0: 15360 responses, ")
    for output in (mine, recorded):
        assert [float(x.split()[-1]) < 1e-5 for x in output[1:3]] == [True, True]
        assert [x.split(":")[0] for x in output[3:]] == ["ppo", "grpo"]
        credit = {x.split(":")[0]: re.findall(r"[+-]\d\.\d\d", x) for x in output[3:]}
        assert len(set(credit["grpo"])) == 1
        assert len(set(credit["ppo"])) > 1
