"""What an installation stands on: the command, the file that it starts, and each requirement in one place.

Whether an installation works is seen by `.ci/install.py`, which makes one.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from core import serve
from core.__main__ import main
from core.runs.recorded import SHIPPED
from core.versions import CREDIT_LAB

ROOT = Path(__file__).parents[1]
SUFFIXES = {".py", ".js", ".mjs", ".ipynb"}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_command_is_the_command_lines_own_function() -> None:
    module, _, name = PYPROJECT["project"]["scripts"]["credit-lab"].partition(":")
    assert getattr(importlib.import_module(module), name) is main


def test_runs_are_stamped_with_the_packages_version() -> None:
    assert PYPROJECT["project"]["version"] == CREDIT_LAB


def test_every_extra_has_its_file_and_no_file_is_left_out() -> None:
    hook = PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["requirements_txt"]
    assert hook["files"] == ["requirements.txt"]
    extras = {name: [f"requirements-{name}.txt"] for name in hook["optional-dependencies"]}
    assert hook["optional-dependencies"] == extras
    there = {x.name for x in ROOT.glob("requirements-*.txt")}
    # The tests' own, and the model, which has to be installed without what it requires.
    assert there == {x for files in extras.values() for x in files} | {"requirements-dev.txt", "requirements-model.txt"}


def test_the_app_is_started_where_it_stands_whatever_the_current_folder_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert serve.APP.is_file()
    assert (serve.APP.parent / ".streamlit" / "config.toml").is_file()
    (tmp_path / "streamlit.py").write_text("raise SystemExit('imported from the current folder')")
    words = serve.command(8600)
    asked = [*words[: words.index("run")], "--version"]
    answer = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert re.match(r"Streamlit, version", answer.stdout)
    assert words[-2:] == [str(serve.APP), "--server.port=8600"]
    started: list[list[str]] = []
    monkeypatch.setattr(serve.os, "execv", lambda _path, words: started.append(words))
    monkeypatch.setattr(serve.subprocess, "call", lambda words: started.append(words) or 0)
    monkeypatch.setattr(sys, "argv", ["credit-lab"])
    main(["app", "--port", "8600"])
    assert started[0] == words


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "²"])
def test_a_port_that_cannot_be_is_a_sentence(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["app", f"--port={port}"])
    assert ended.value.code == 2
    assert "must be a whole number from 1 to 65535" in capsys.readouterr().err


def test_every_recorded_run_that_a_program_names_is_shipped() -> None:
    """Also those of programs that no test runs: `.ci/install.py` had gone on asking for one that is shipped no more."""
    names = re.compile(r"\brecorded(?:-[a-z0-9]+)*-sums?\b")
    assert names.findall("x/recorded-chain-sum/live recorded-long-sums") == ["recorded-chain-sum", "recorded-long-sums"]
    programs = [x for y in ("core", "lessons", "examples") for x in (ROOT / y).rglob("*") if x.suffix in SUFFIXES]
    files = [*ROOT.glob(".ci/*"), *programs]
    named = {(x.name, name) for x in files if x.is_file() for name in names.findall(x.read_text("utf-8"))}
    assert {name for _, name in named} == set(SHIPPED), named
