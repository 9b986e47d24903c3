"""A run that a lesson watches: drawn while it goes on, the whole page anew when it turns, and gone without harm."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from core.runs.errors import RunNotFound
from lessons.kit import watched


class Rerun(BaseException):
    """As Streamlit's: nothing of `except Exception` catches it."""


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The fragment that was made last (`look`), its seconds (`every`), and sentences instead of errors."""
    made = SimpleNamespace(look=None, every=None, warned=[])

    def fragment(function: Callable[..., None], run_every: float | None) -> Callable[..., None]:
        def call(*given: Any) -> None:
            made.look, made.every = (lambda: function(*given)), run_every
            made.look()

        return call

    def rerun() -> None:
        raise Rerun

    monkeypatch.setattr(watched.st, "fragment", fragment)
    monkeypatch.setattr(watched.st, "rerun", rerun)
    monkeypatch.setattr(watched.st, "warning", lambda words, **_: made.warned.append(words))
    monkeypatch.setattr(watched, "is_live", lambda run: run.live)
    return made


def run(run_id: str = "a", *, live: bool = True, answers: int = 0) -> Any:
    return SimpleNamespace(id=run_id, live=live, answers=answers)


@pytest.mark.parametrize("after", [None, run(live=False), run("b")])
def test_the_whole_page_is_run_when_it_ends_is_deleted_or_is_another(page: SimpleNamespace, after: Any) -> None:
    now, drawn = [run()], []
    watched.watched(lambda: now[0], drawn.append, every=2.0, stage=lambda x: x.live)
    assert (drawn, page.every) == ([now[0]], 2.0)
    page.look()
    assert len(drawn) == 2
    now[0] = after
    with pytest.raises(Rerun):
        page.look()
    assert len(drawn) == 2


def test_one_that_does_not_go_on_is_not_polled(page: SimpleNamespace) -> None:
    for known in (None, run(live=False)):
        watched.watched(lambda known=known: known, lambda _run: None, stage=lambda x: x.live)
        assert page.every is None


def test_what_the_rest_of_the_page_depends_on_is_for_the_lesson_to_say(page: SimpleNamespace) -> None:
    now = [run()]
    watched.watched(lambda: now[0], lambda _run: None, stage=lambda x: (x.live, x.answers > 0))
    now[0] = run(answers=1)
    with pytest.raises(Rerun):
        page.look()


def test_what_is_deleted_while_it_is_drawn_is_a_sentence(page: SimpleNamespace) -> None:
    def draw(_run: object) -> None:
        raise RunNotFound("There is no run {given}.", given="a")

    watched.watched(run, draw, stage=lambda x: x.live)
    assert page.warned == [r"There is no run a\."]
