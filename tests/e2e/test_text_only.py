"""A run of another program that kept no tokens, in the lab: its responses as text."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect

from core.runs.importing import import_any
from tests.e2e.conftest import Server
from tests.e2e.rest import box, boxes, laid_out

pytestmark = pytest.mark.browser
#: Each line of a text on show, and how much of it its fold lets through: 1 all, 0 nothing.
LINES = """x => {
  const end = x.getBoundingClientRect().bottom, range = document.createRange();
  range.selectNodeContents(x.querySelector('.said'));
  return [...range.getClientRects()].map(y => Math.min(1, Math.max(0, (end - y.top) / y.height)));
}"""


def test_responses_without_tokens_have_the_width_of_a_card_and_fold_after_a_whole_line(
    page: Page, server: Server, tmp_path: Path
) -> None:
    rows = [
        {"step": 1, "prompt": "How many?", "completion": f"There are {x}. " * n, "right": x, "advantage": x - 0.5}
        for x, n in ((0.0, 1), (1.0, 150))
    ]
    file = tmp_path / "completions_00001.parquet"
    pq.write_table(pa.Table.from_pylist(rows), file)
    run_id = import_any(server.store, file, "of another program")
    page.goto(f"{server.url}/lab?run={run_id}")
    expect(page.get_by_test_id("lab")).to_have_attribute("data-shown-step", "1")
    for width, height in ((1280, 900), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        laid_out(page)
        (strips,), (all_of_it,) = boxes(page.locator(".learner")), boxes(page.locator(".detail"))
        assert strips["width"] == pytest.approx(all_of_it["width"], abs=2)
        assert box(page.locator(".proof"))["y"] - strips["y"] - strips["height"] < 60, "no gap where scatters would be"
    for width in (400, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        laid_out(page)
        lines = page.locator(".clip.folded").evaluate(LINES)
        assert 0.0 in lines, "it is folded"
        assert 1.0 in lines
        assert not [x for x in lines if 0.15 < x < 0.9], lines
    server.store.delete(run_id)
