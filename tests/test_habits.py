"""What runs on other machines before a change is taken: the workflow and the hooks say what the Makefile says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

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
