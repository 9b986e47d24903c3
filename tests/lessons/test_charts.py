"""What the board's charts say of their lines."""

from __future__ import annotations

import pytest

from lessons.board.charts import charts


@pytest.mark.parametrize(
    "chart", [x for x in charts() if any(y.get("points") for y in x["series"])], ids=lambda x: x["key"]
)
def test_a_chart_with_points_says_what_they_and_its_line_are(chart: dict) -> None:
    names = {bool(x.get("points")): x["name"] for x in chart["series"]}
    assert names[False].startswith("line: training")
    assert names[True].startswith("dots: held-out")


def test_success_and_pairs_have_points() -> None:
    assert {x["key"] for x in charts() if any(y.get("points") for y in x["series"])} == {
        "success",
        "pair_accuracy",
        "pair_loss",
    }
