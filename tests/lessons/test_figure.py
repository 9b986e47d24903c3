"""A figure comes once it is looked at."""

from __future__ import annotations

import importlib

import pytest
from streamlit.testing.v1 import AppTest


def page() -> None:
    import plotly.graph_objects as go

    from lessons.kit.lesson import figure

    figure(go.Figure(go.Scatter(y=[1, 2])), key="low", alt="Two points", table=[{"y": 1}], height=200)


def test_a_figure_is_drawn_when_it_comes_into_view(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("lessons.kit.lesson.figure"), "_LATER", True)
    at = AppTest.from_function(page, default_timeout=60).run()
    assert not at.exception
    assert not at.get("plotly_chart")
    (place,) = at.get("bidi_component")
    assert b'"alt": "Two points"' in place.proto.bytes
    assert b'"height": 200' in place.proto.bytes
    assert len(at.get("dataframe")) == 1  # the numbers are there for who does not see it
    at.session_state["figures_seen"].add("low")
    at.run()
    assert len(at.get("plotly_chart")) == 1
    assert not at.get("bidi_component")
