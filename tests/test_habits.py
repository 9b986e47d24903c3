"""What runs on other machines before a change is taken: the workflow and the hooks say what the Makefile says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from core.learners.variants import VARIANTS
from lessons.catalog import LESSONS
from tests.conftest import LONG_FIRST, pytest_collection_modifyitems

ROOT = Path(__file__).parents[1]


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_the_workflow_runs_what_every_change_must_pass_on_both_systems_and_all_pythons() -> None:
    jobs = read(".github/workflows/ci.yml")["jobs"]
    assert set(jobs) == {"test", "install"}
    run = {name: [x["run"] for x in job["steps"] if "run" in x][-1] for name, job in jobs.items()}
    assert run == {"test": ".ci/run", "install": "python .ci/install.py"}
    matrix = jobs["test"]["strategy"]["matrix"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest"]
    lowest = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
    assert lowest == f">={matrix['python'][0]}"
    for job in jobs.values():
        assert job["strategy"]["matrix"]["os"] == matrix["os"]
        assert set(job["strategy"]["matrix"]["python"]) <= set(matrix["python"])


def test_the_hooks_are_the_makefiles_own_tools() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert recipe
    tools = set(re.findall(r"\$\(BIN\)/([\w-]+)", recipe[1]))
    repos = read(".pre-commit-config.yaml")["repos"]
    assert [x["repo"] for x in repos] == ["local"]  # nothing is fetched, so no second place has versions of tools
    hooks = {x["id"]: x for x in repos[0]["hooks"]}
    assert hooks.pop("lint")["entry"] == "make lint"
    assert hooks
    for hook in hooks.values():
        assert hook["language"] == "system"
        place, name = hook["entry"].split()[0].rsplit("/", 1)
        assert place == ".venv/bin"
        assert name in tools


def test_the_files_that_begin_first_are_there_each_once_and_the_makefile_keeps_their_order() -> None:
    assert [x for x in LONG_FIRST if not (ROOT / x).is_file()] == []
    assert len(set(LONG_FIRST)) == len(LONG_FIRST)
    lines = [x for x in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if "$(BIN)/python -m pytest" in x]
    assert [x for x in lines if "$(SIDE_BY_SIDE)" not in x] == []
    assert len(lines) == 1
    assert re.search(
        r"^SIDE_BY_SIDE := .*--dist loadfile --no-loadscope-reorder$", (ROOT / "Makefile").read_text(), re.M
    )


def test_long_files_begin_those_in_a_browser_come_last_and_within_a_file_nothing_changes_its_place() -> None:
    browser = [x for x in LONG_FIRST if x.startswith("tests/e2e/")]
    names = [
        "tests/e2e/test_a.py::one",
        f"{browser[1]}::one",
        f"{browser[0]}::one",
        "tests/a.py::one",
        f"{LONG_FIRST[1]}::two",
        f"{LONG_FIRST[1]}::one",
        "tests/a.py::two",
        f"{LONG_FIRST[0]}::x",
    ]
    items = [SimpleNamespace(nodeid=x) for x in names]
    pytest_collection_modifyitems(items)  # type: ignore[arg-type]
    assert [x.nodeid for x in items] == [names[x] for x in (7, 4, 5, 3, 6, 2, 1, 0)]


def test_the_readme_has_every_page_once_and_every_algorithm_that_can_be_compared() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \*\*(.+)\*\* \| (.*) \|$", text, re.MULTILINE))
    assert list(rows) == [x.title for x in LESSONS]
    listed = rows["Algorithms, side by side"].partition(": any two")[0]
    assert re.split(", | and ", listed) == [x.title for x in VARIANTS.values()]


def test_whatever_the_readme_and_contributing_lead_to_is_there() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        places = set(re.findall(r"\]\((?!http)([^)#]+)\)", text))
        places |= set(re.findall(r"`((?:core|lessons|tests|examples|benches|docs)/[\w./-]+)`", text))
        assert places
        assert [x for x in places if not (ROOT / x).exists()] == [], name
        modules = {x.replace(".", "/") for x in re.findall(r"python -m ((?:core|lessons|tests|benches)[\w.]*)", text)}
        assert modules
        assert [x for x in modules if not any((ROOT / y).is_file() for y in (f"{x}.py", f"{x}/__main__.py"))] == []
