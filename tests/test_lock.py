"""The lock file holds a version of all that is installed with the app and its tests, and names no package index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
#: Installed without what it requires, so not a part of the whole.
LEFT_OUT = "requirements-model.txt"
AGAIN = "requirements.lock is out of date: run .ci/lock"


def read(path: Path) -> list[Requirement]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Requirement(x) for x in lines if x and not x.startswith(("#", "-r "))]


def direct() -> list[Requirement]:
    """What the requirements files ask for."""
    requirements = [x for path in sorted(ROOT.glob("requirements*.txt")) if path.name != LEFT_OUT for x in read(path)]
    assert len(requirements) > 20
    return requirements


def locked() -> dict[str, Version]:
    """Name → version of what is locked for this machine's platform and Python."""
    here = [x for x in read(ROOT / "requirements.lock") if x.marker is None or x.marker.evaluate()]
    return {canonicalize_name(x.name): Version(str(x.specifier).removeprefix("==")) for x in here}


def unfulfilled(wanted: list[Requirement], known: dict[str, Version]) -> Iterator[str]:
    """What of `wanted`, and of all that it requires in turn, is not in `known` or has another version there.

    What a package requires is known where it is installed; of the others only what is asked for directly is compared.
    """
    seen: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        asked = wanted.pop()
        name, key = canonicalize_name(asked.name), (canonicalize_name(asked.name), frozenset(asked.extras))
        if name not in known or not asked.specifier.contains(known[name], prereleases=True):
            yield f"{asked} (locked: {known.get(name)})"
        if key in seen:
            continue
        seen.add(key)
        try:
            for text in metadata.requires(name) or []:
                further = Requirement(text)
                extras = asked.extras or {""}
                if further.marker is None or any(further.marker.evaluate({"extra": x}) for x in extras):
                    wanted.append(further)
        except metadata.PackageNotFoundError:
            continue


def test_the_lock_file_names_versions_and_nothing_else() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    version = re.compile(r"[a-z0-9][a-z0-9.-]*==[0-9][0-9a-z.]*( ; [a-z_ ='\"0-9.<>!()-]+)?", re.IGNORECASE)
    assert lines[0].startswith("# Made by .ci/lock")
    assert [x for x in lines[1:] if not version.fullmatch(x)] == []
    assert not re.search(r"https?:|file:|index|@", "\n".join(lines))
    assert len(lines) > 80


def test_everything_that_is_required_is_locked_with_all_that_it_requires() -> None:
    assert list(unfulfilled(direct(), locked())) == [], AGAIN


def test_the_tests_run_on_what_is_locked() -> None:
    other = {}
    for name, version in locked().items():
        try:
            installed = Version(metadata.version(name))
        except metadata.PackageNotFoundError:
            continue  # another extra's
        if installed.public != version.public:  # a local part says which build of it, as in 2.13.0+cpu
            other[name] = f"{installed} is installed, {version} is locked"
    assert other == {}


@pytest.mark.parametrize("change", ["left out", "of another version"])
def test_a_gap_in_the_lock_file_would_be_found(change: str) -> None:
    known = locked()
    if change == "of another version":
        known["markupsafe"] = Version("0.1")  # Streamlit → Jinja2 → MarkupSafe
    else:
        del known["markupsafe"]
    assert any("MarkupSafe" in x for x in unfulfilled(direct(), known))
