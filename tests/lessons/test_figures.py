"""Figures: written by Plotly for Python, drawn by the browser's copy of the same version, which has not every trace."""

from __future__ import annotations

import json
import re
from pathlib import Path

import plotly.graph_objects as go
import pytest
from plotly.basedatatypes import BaseTraceType
from plotly.offline import get_plotlyjs_version
from streamlit.testing.v1 import AppTest

from lessons.board.assets import FIGURES, assets, inline_files
from tests.lessons.figures import figures

ROOT = Path(__file__).resolve().parents[2]
#: The traces of Plotly's basic build (plotly.js, dist/README.md).
BASIC = {"scatter", "bar", "pie"}


def drawn(height=240):
    import plotly.graph_objects as go

    from lessons.kit.lesson import figure, line_colour

    bars = go.Figure(go.Bar(x=[1, 2], y=[3, float("nan")], marker_color=line_colour("blue")))
    bars.update_xaxes(title="step")
    figure(bars, key="two__bars", alt="Two bars", table=[{"x": 1, "y": 3}, {"x": 2, "y": 4}], height=height)


def shown(**session) -> AppTest:
    at = AppTest.from_function(drawn)
    for name, value in session.items():
        at.session_state[name] = value
    at.run()
    assert not at.exception
    return at


def test_the_browsers_library_is_the_one_that_plotly_for_python_writes_for():
    version = re.search(r"plotly\.js \(basic - minified\) v(\S+)", assets()[FIGURES].text)
    assert version
    assert version[1] == get_plotlyjs_version()
    pinned = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert pinned["plotly.js-basic-dist-min"] == version[1]


def test_no_figure_has_a_trace_that_the_library_lacks():
    traces = {name for name in dir(go) if isinstance(x := getattr(go, name), type) and issubclass(x, BaseTraceType)}
    assert {"Scatter", "Bar", "Heatmap"} <= traces
    used = set()
    for path in (ROOT / "lessons").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        used |= {x.lower() for x in re.findall(r"\bgo\.(\w+)\(", text) if x in traces}
        used |= set(re.findall(r"\.add_(\w+)\(", text)) & {x.lower() for x in traces}
    assert used
    assert used <= BASIC


def test_the_browser_is_given_the_figure_its_description_and_its_room():
    at = shown()
    [sent] = figures(at)
    assert (sent["alt"], sent["height"]) == ("Two bars", 240)
    [bars] = sent["figure"]["data"]
    assert (bars["type"], bars["x"], bars["y"]) == ("bar", [1, 2], [3, None])
    assert sent["figure"]["layout"]["xaxis"]["title"]["text"] == "step"
    assert "template" not in sent["figure"]["layout"]
    assert sent["config"]["displayModeBar"] is sent["config"]["scrollZoom"] is False
    assert not at.get("plotly_chart")


def test_on_a_projector_it_is_higher_where_that_fits():
    assert figures(shown(present=True))[0]["height"] == 312


def test_where_no_file_of_ours_can_be_fetched_streamlit_draws():
    at = shown(figures_by_streamlit=True)
    assert not figures(at)
    [chart] = at.get("plotly_chart")
    assert chart.proto.alt == "Two bars"
    assert json.loads(chart.proto.spec)["layout"]["height"] == 240
    [by_us] = figures(shown())
    assert json.loads(chart.proto.config).items() >= by_us["config"].items()


def test_the_library_is_not_sent_with_what_goes_through_streamlit_or_into_a_file():
    assert FIGURES in assets()
    assert set(assets()) - set(inline_files()) == {FIGURES}


@pytest.mark.parametrize("name", ["eval(", "new Function", "Function("])
def test_the_library_needs_no_code_made_of_text(name):
    """What a Content-Security-Policy without 'unsafe-eval' would refuse."""
    assert not re.search(rf"(?<![\w.]){re.escape(name)}", assets()[FIGURES].text)


def test_a_figures_numbers_are_a_table_whose_texts_are_text():
    from lessons.kit.lesson.figure_table import rows_table

    rows = [{"learner": "<b>PPO</b>", "x&y": -0.25, "n": 3}, {"learner": "GRPO", "x&y": None, "n": -1}]
    shown = rows_table([*rows, {"learner": "c", "x&y": 0.00003125, "n": 2}], 'a "table"')
    assert "<b>" not in shown
    assert 'aria-label="a &quot;table&quot;"' in shown
    cells = [re.sub("<.*?>", "", x) for x in re.findall("<t[hd] .*?</t[hd]>", shown)]
    first, second, third = ("&lt;b&gt;PPO&lt;/b&gt;", "−0.25", "3"), ("GRPO", "none", "−1"), ("c", "3.1e−05", "2")
    assert cells == ["learner", "x&amp;y", "n", *first, *second, *third]
    assert shown.count("text-align:right") == 2 + 2 + 1 + 2
    assert rows_table([], "empty").count("<tr>") == 1


def test_no_token_of_a_figures_table_hides_or_turns_another():
    from lessons.kit.lesson.figure_table import rows_table

    shown = rows_table([{"token": "a\u202eb", "value": -0.0}, {"token": "\n", "value": -0.00001}], "x")
    cells = [re.sub("<.*?>", "", x) for x in re.findall("<td .*?</td>", shown)]
    assert cells == ["a⟨U+202E⟩b", "0", "␊", "−1e−05"]


def test_no_lesson_fetches_what_only_its_closed_folds_would_need():
    """Neither Streamlit's tables nor its coloured code, some 3 MB of scripts."""

    def page() -> None:
        from lessons.kit.lesson import Code, show_code

        show_code(Code("core/algorithms/advantages.py", "gae", "GAE"))

    at = AppTest.from_function(page).run()
    assert not at.code
    [fold] = at.expander
    at.session_state[fold.key] = True
    at.run()
    assert "def gae(" in at.code[0].value
    assert "lines" in at.caption[0].value.lower()
