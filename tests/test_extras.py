"""Without the packages that only some features need: everything opens, and what needs one says which in a sentence.

Each test runs in a process of its own in which those packages cannot be imported, whether they are installed or not;
nor could the packages that it has from its parent (tests/warm) import them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from core import extras
from core.config import RunConfig
from core.given_config import change
from core.presets import preset
from core.runs import lifecycle
from core.runs.store import RunStore
from lessons.catalog import LESSONS
from lessons.i18n import tell, use_language
from tests import warm
from tests.helpers import step_traces

ROOT = Path(__file__).parents[1]
#: What extras bring, and what only training on other tasks and models needs.
OPTIONAL = ("peft", "accelerate", "trl", "datasets", "psycopg", "ipykernel", "anywidget")
OPTIONAL += ("reasoning_gym", "math_verify", "gguf")
LORA = "LoRA (lora_rank) needs the extra “lora”, which is not installed here: pip install -r requirements-lora.txt"


def without_them(code: str, home: Path, **environment: str) -> str:
    """What the code prints in a process that can import none of OPTIONAL. Fails with its errors where it fails."""
    blocked = f"import sys\nassert [sys.modules[x] for x in {OPTIONAL!r}] == [None] * {len(OPTIONAL)}\n"
    done = subprocess.run(
        [warm.python(OPTIONAL), "-c", blocked + code],
        cwd=ROOT,
        env={**os.environ, "CREDIT_LAB_HOME": str(home), "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    """A store in `tmp_path` with a run that trained adapters, and one that was asked reasoning-gym's questions."""
    store = RunStore(home=tmp_path)
    small = {"num_generations": 4, "steps": 2}
    made = []
    for config in (
        change(preset("chain-sum"), {**small, "lora_rank": 4}),
        change(preset("smollm2-sums"), {**small, "compare_samples": 0}),
    ):
        made.append(store.create(config))
        for trace in step_traces(config, 2):
            store.append(made[-1], trace)
        for learner in config.learners:
            lifecycle.mark(store, made[-1], learner.name, "finished")
    store.close()
    return made


OPENED = """
import sys
from core.__main__ import main
from core.runs.feed import Feed
from core.runs.store import RunStore

run, out = sys.argv[1:] if len(sys.argv) > 1 else RUN
assert main(["export", run, "--out", out]) == 0
assert main(["runs"]) == 0
feed = Feed(RunStore())
print(len(feed.live(run, 0).text()), len(feed.step(run, 1).text()), len(feed.group(run, 1, 0).text()))
print("imported:", sorted(x for x in OPTIONAL if sys.modules.get(x)))
"""


@pytest.mark.parametrize("which", [0, 1], ids=["adapters", "reasoning-gym"])
def test_a_run_is_listed_exported_and_sent_to_browsers(runs: list[str], which: int, tmp_path: Path) -> None:
    asked = f"RUN, OPTIONAL = {(runs[which], str(tmp_path / 'out'))!r}, {OPTIONAL!r}\n"
    output = without_them(asked + OPENED, tmp_path)
    assert all(run in output for run in runs)
    assert "imported: []" in output
    config = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["config"]
    assert (config["lora_rank"], config["task"]["kind"]) == [(4, "chain-sum"), (0, "reasoning-gym")][which]
    assert len(list((tmp_path / "out").glob("*.parquet"))) == 3


PAGES = """
from streamlit.testing.v1 import AppTest
from lessons.catalog import lesson

for key, run in ASKED:
    at = AppTest.from_file("app.py", default_timeout=240)
    at.run()
    if not lesson(key).default:
        at.switch_page(lesson(key).path.relative_to(ROOT).as_posix())
    if run:
        at.query_params["run"] = run
    at.run()
    assert not at.exception, (key, at.exception)
    assert not at.error, (key, [x.value for x in at.error])
    print(key, run, [x.value for x in at.title])
"""


def test_every_page_opens_and_so_does_the_lab_on_every_kind_of_run(runs: list[str], tmp_path: Path) -> None:
    asked = [(x.key, "") for x in LESSONS]
    asked += [("lab", run) for run in (*runs, "recorded-long-sums", "recorded-smollm2-sums")]
    given = f"import pathlib\nROOT, ASKED = pathlib.Path({str(ROOT)!r}), {asked!r}\n"
    shipped = (
        "from core.runs.recorded import import_shipped\nimport lessons.shared\nimport_shipped(lessons.shared.store())\n"
    )
    output = without_them(given + shipped + PAGES, tmp_path, CREDIT_LAB_TRAINING="off")
    assert len(output.splitlines()) == len(asked)


def test_the_lessons_model_trains_and_is_measured_and_saved(tmp_path: Path) -> None:
    code = """
from core.given_config import change
from core.training.save import merge
from core.presets import preset
from core.training.trainer import Trainer
config = change(preset("chain-sum"), {"prompts_per_step": 4, "num_generations": 4, "steps": 1, "eval_every": 0})
for learner in config.learners:
    trainer = Trainer(config, learner.name)
    moved = trainer.start_weights.distances(trainer.policy, trainer.value_model).values()
    print([x.step for x in trainer.steps()], merge(trainer.policy) is trainer.policy, *moved)
"""
    assert without_them(code, tmp_path).splitlines() == ["[0] True 0.0 0.0", "[0] True 0.0 None"]


def test_training_adapters_is_refused_with_a_sentence(runs: list[str], tmp_path: Path) -> None:
    code = f"""
from core.__main__ import main
from core.config import RunConfig
from core.workers.launcher import LauncherError, LocalLauncher
from core.runs.store import RunStore
from core.training.trainer import Trainer

print(main(["train", "--set", "lora_rank=2", "--out", {str(tmp_path / "out")!r}]))
try:
    Trainer(RunConfig(lora_rank=2), "grpo")
except ValueError as error:
    print(error)
try:
    LocalLauncher(RunStore()).resume({runs[0]!r}, 5)
except LauncherError as error:
    print(error)
"""
    done = without_them("import sys\nsys.stderr = sys.stdout\n" + code, tmp_path)
    lines = [x for x in done.splitlines() if x and "Loading weights" not in x]
    assert lines == [LORA, "2", LORA, LORA]
    assert not (tmp_path / "out").exists()


def test_a_postgresql_store_is_refused_with_a_sentence(tmp_path: Path) -> None:
    code = """
from core.runs.errors import StoreError
from core.runs.store import RunStore
try:
    RunStore("postgresql://nobody:secret@localhost/credit_lab")
except StoreError as error:
    print(error)
"""
    sentence = (
        "PostgreSQL needs the extra “postgres”, which is not installed here: pip install -r requirements-postgres.txt"
    )
    assert without_them(code, tmp_path).strip() == sentence


def test_the_sentence_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    sentence = extras.LORA.missing()
    assert sentence is not None
    assert str(sentence) == LORA
    with use_language("zh-TW"):
        shown = tell(sentence)
    assert re.search("[一-鿿]", shown)
    assert "LoRA (lora_rank)" in shown
    assert "pip install -r requirements-lora.txt" in shown


def test_an_installed_app_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    monkeypatch.setattr(extras, "distribution", lambda name: name)
    assert str(extras.LORA.missing()).endswith('here: pip install "credit-lab[lora]"')


def test_nothing_is_said_where_nothing_is_missing() -> None:
    assert extras.LORA.installed()  # the tests' requirements bring it
    assert extras.LORA.missing() is None


def test_every_extra_that_is_named_exists() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    known = pyproject["tool"]["hatch"]["metadata"]["hooks"]["requirements_txt"]["optional-dependencies"]
    for extra in (extras.LORA, extras.POSTGRES):
        required = (ROOT / known[extra.name][0]).read_text(encoding="utf-8")
        assert all(f"\n{module}==" in f"\n{required}" for module in extra.modules)


def test_a_config_with_adapters_is_read_whatever_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    assert RunConfig.model_validate({"lora_rank": 4}).lora_rank == 4
