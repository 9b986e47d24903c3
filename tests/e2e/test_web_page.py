"""An exported run, opened from the disk with the network off: it draws, scrubs, and shows what the trace says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from core.config import RunConfig
from core.runs.recorded import SHIPPED, import_recorded
from core.runs.records import RunInfo
from core.runs.store import RunStore
from lessons.elsewhere.web_page import web_page
from lessons.kit.history import RECORDED
from tests.e2e.conftest import AXE
from tests.e2e.rest import laid_out
from tests.e2e.rest import watched as seen_of
from tests.helpers import HOSTILE, step_trace

pytestmark = pytest.mark.browser


@dataclass
class Exported:
    store: RunStore
    run: RunInfo
    file: Path

    def rows(self, learner: str, step: int) -> list[dict[str, object]]:
        """The stored tokens of a step (from 0) after its last pass."""
        tokens: pa.Table = self.store.tokens(self.run.id, learner, step)
        last = pc.max(tokens["pass"]).as_py()
        shown = tokens.select(["sample", "position", "advantage", "value"])
        return shown.filter(pc.equal(tokens["pass"], last)).to_pylist()


def exported(store: RunStore, run_id: str, folder: Path) -> Exported:
    run, file = store.get(run_id), folder / "a run.html"
    file.write_text(web_page(store, run), encoding="utf-8")
    return Exported(store, run, file)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    home = tmp_path_factory.mktemp("exported")
    store = RunStore(f"sqlite:///{home / 'runs.sqlite'}", home=home)
    import_recorded(store, SHIPPED[RECORDED], RECORDED)
    return exported(store, RECORDED, home)


@dataclass
class Watched:
    page: Page
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture
def watched(context: BrowserContext) -> Iterator[Watched]:
    """A page without a network; in the end nothing was asked for but the file and its own modules, all went well."""
    context.set_offline(True)
    page = context.new_page()
    watched = Watched(page)
    page.on("request", lambda request: watched.asked.append(request.url))
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    page.on("console", lambda message: watched.errors.append(message.text))
    page.on("dialog", lambda dialog: watched.errors.append(f"a dialog: {dialog.message}"))
    yield watched
    assert watched.errors == []
    assert [x for x in watched.asked if not x.startswith(("file:", "blob:"))] == []
    assert len([x for x in watched.asked if x.startswith("file:")]) == 1


def opened(page: Page, file: Path, choices: str = "") -> Locator:
    page.goto(file.as_uri() + choices)
    lab = page.locator("#board .lab")
    expect(lab).to_have_attribute("data-shown-step", re.compile(r"\d+"))  # all of it is unpacked first
    return lab


def scrub(page: Page, lab: Locator, step: int) -> None:
    """Moves the timeline to a step (from 1)."""
    page.locator('#board [data-testid="timeline"]').fill(str(step - 1))
    expect(lab).to_have_attribute("data-shown-step", str(step))


def as_printed(value: float, text: str) -> bool:
    """Whether a number is what was printed, to the digits that are shown."""
    shown = re.search(r"[+−]?\d+(?:\.\d+)?", text.replace(",", ""))
    assert shown, text
    digits = len(shown.group().partition(".")[2])
    return abs(float(shown.group().replace("−", "-")) - value) <= 0.5 * 10**-digits + 1e-9


def test_it_opens_scrubs_and_shows_the_traces_numbers(watched: Watched, recorded: Exported) -> None:
    page = watched.page
    lab = opened(page, recorded.file)
    for step in (1, 8, 33, recorded.run.config.steps):
        scrub(page, lab, step)
        expect(page).to_have_url(re.compile(rf"step={step}\b"))
        for learner in recorded.run.learners:
            rows = {(x["sample"], x["position"]): x for x in recorded.rows(learner.name, step - 1)}
            group = page.locator(f'#board .learner[data-learner="{learner.name}"]')
            chips = group.locator(".t")
            expect(chips.first).to_be_visible()
            read = chips.evaluate_all("x => x.map(y => [y.dataset.at, y.getAttribute('aria-label')])")
            assert len(read) > 20
            for place, says in read:
                sample, position = (int(x) for x in place.split(".")[-2:])
                row = rows[sample, position]
                assert as_printed(float(row["advantage"]), says.rpartition("advantage ")[2]), (says, row)  # type: ignore[arg-type]
    scrub(page, lab, 33)
    shown = page.locator('#board .learner[data-learner="ppo"] .t').first.get_attribute("data-at") or ""
    sample = int(shown.split(".")[-2])
    row = next(x for x in recorded.rows("ppo", 32) if (x["sample"], x["position"]) == (sample, 2))
    page.goto(f"{recorded.file.as_uri()}#step=33&token=ppo.{row['sample']}.2")  # the same document
    expect(lab).to_have_attribute("data-token", f"ppo.{row['sample']}.2")
    expect(lab).to_have_attribute("data-shown-step", "33")
    line = page.locator('#board .card [data-line="value"]')
    assert as_printed(float(row["value"]), line.locator("dd").inner_text())  # type: ignore[arg-type]


def test_both_languages_and_both_themes_are_inside(watched: Watched, recorded: Exported) -> None:
    page = watched.page
    lab = opened(page, recorded.file)
    scrub(page, lab, 12)
    before = lab.inner_text()
    page.locator('[data-choose="zh-TW"]').click()
    expect(page.locator("html")).to_have_attribute("data-drawn", "zh-TW")
    expect(page.locator("html")).to_have_attribute("lang", "zh-TW")
    lab = page.locator("#board .lab")
    expect(lab).to_have_attribute("data-shown-step", "12")  # what was chosen stays
    expect(page).to_have_url(re.compile("lang=zh-TW"))
    assert "步" in lab.inner_text()
    assert lab.inner_text() != before
    expect(page.get_by_text("省略了什麼")).to_be_visible()
    expect(page.get_by_text("What was left out")).to_be_hidden()
    light = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="dark")
    expect(lab).to_have_attribute("data-theme", "dark")
    expect(page.locator("#pipeline .lab")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") != light
    page.locator('[data-choose="en"]').click()
    expect(page.locator("html")).to_have_attribute("data-drawn", "en")
    expect(page.get_by_text("What was left out")).to_be_visible()


def test_a_question_whose_tokens_were_left_out_says_so(watched: Watched, recorded: Exported) -> None:
    page = watched.page
    lab = opened(page, recorded.file, "#step=8")
    here = lab.get_attribute("data-group")
    others = page.locator('#board .prompts button[aria-pressed="false"]')
    assert others.count() >= 2
    others.first.click()
    expect(lab).not_to_have_attribute("data-group", here or "")
    expect(page.locator("#board .learner").first).to_contain_text("were not kept")


def test_the_pipeline_plays(watched: Watched, recorded: Exported) -> None:
    page = watched.page
    opened(page, recorded.file)
    drawing = page.locator("#pipeline .pipeline")
    expect(drawing).to_be_visible()
    with seen_of(drawing, "x => x.dataset.playing") as playing:
        page.locator("#pipeline").get_by_role("button", name="Play").click()
        playing.wait_for("true")  # else it may be over
    expect(drawing.locator("..")).to_be_visible()
    expect(page.locator("#pipeline [data-playing]")).to_have_count(1)
    page.locator("#pipeline").get_by_role("button", name="GRPO").click()
    expect(page.locator('#pipeline .pipeline[data-mode="grpo"]')).to_have_count(1)


def test_what_is_hostile_stays_text(watched: Watched, tmp_path: Path) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    config = RunConfig(steps=2, num_generations=4)
    name = "</script><script>alert(1)</script>" + HOSTILE[0]
    run_id = store.create(config, name)
    for step in range(2):
        for learner in config.learners:
            store.append(run_id, step_trace(config, learner.name, step, hostile=True))
    made = exported(store, run_id, tmp_path)
    page = watched.page
    opened(page, made.file)
    expect(page.locator("h1")).to_contain_text(name)
    expect(page.locator("#board .steptitle")).to_contain_text(re.compile("|".join(map(re.escape, HOSTILE))))
    expect(page.locator("#pipeline .pipeline")).to_be_visible()
    assert page.locator("img").count() == 0
    for part in ("#board .lab", "#pipeline .lab"):
        assert page.locator(part).locator("img, script, iframe, object").count() == 0


def test_axe_finds_nothing_and_a_phone_scrolls_downwards_only(context: BrowserContext, recorded: Exported) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 400, "height": 800})
    opened(page, recorded.file)
    expect(page.locator("#pipeline .pipeline")).to_be_visible()
    page.wait_for_function("document.documentElement.scrollWidth <= 400")  # charts take the width that they are given
    page.set_viewport_size({"width": 1280, "height": 900})
    laid_out(page)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    violations = page.evaluate(
        "() => axe.run().then((x) => x.violations.map((y) => [y.id, y.nodes.map((z) => z.html)]))"
    )
    assert violations == []
