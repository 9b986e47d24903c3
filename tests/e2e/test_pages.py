"""The pages in a real browser on a real server: a run from the first press to the last, links, languages, axe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.runs.store import RunStore
from lessons.catalog import LESSONS
from tests.e2e.conftest import LiveRun, Server, serving
from tests.e2e.rest import at_rest, laid_out
from tests.e2e.windows import TIMEOUT_MS
from tests.helpers import HOSTILE
from tests.lessons.conftest import make_run

pytestmark = pytest.mark.browser
Check = Callable[[Page], list[str]]


@pytest.fixture(scope="module")
def training_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app as `make app` starts it, with a data folder of its own."""
    with serving(tmp_path_factory.mktemp("training"), CREDIT_LAB_TRAINING="on") as running:
        yield running


@pytest.fixture
def training(training_server: Server) -> Iterator[Server]:
    """That app; what a test leaves running, because it failed, does not slow down the next."""
    yield training_server
    for run in training_server.store.runs():
        if run.active:
            training_server.store.control(run.id, "stop")


@pytest.fixture
def elsewhere(page: Page) -> list[str]:
    """Addresses other than the app's own that the page asks for."""
    asked: list[str] = []
    page.on("request", lambda request: None if "127.0.0.1" in request.url else asked.append(request.url))
    return asked


def control(page: Page, key: str) -> Locator:
    """The button of this key (one with an explanation brings a second button that shows it)."""
    return page.locator(f".st-key-{key} button").first


def test_a_run_is_started_paused_stepped_resumed_and_stopped_and_all_learners_stand_at_the_same_step(
    training: Server, page: Page
) -> None:
    """After every press, in both languages, and the board shows it. One run: it is started in Chinese."""
    page.goto(f"{training.url}/lab?lang=zh-TW&steps=4000&set=prompts_per_step%3D4")
    control(page, "lab_start").click()
    expect(page).to_have_url(re.compile(r"run=[\w-]{10,}"))  # until then the lab shows the recorded run
    lab = page.get_by_test_id("lab")
    expect(lab).to_have_attribute("data-shown-step", re.compile(r"\d+"))
    run_id = re.search(r"run=([\w-]+)", page.url)[1]  # type: ignore[index]
    store: RunStore = training.store
    names = [x.name for x in store.get(run_id).learners]

    def steps() -> set[int]:
        return {x.step for x in store.get(run_id).learners}

    def stand(status: str, step: int) -> None:
        """Every learner's bar says so, the board shows that step, and so many are stored."""
        for name in names:
            bar = page.locator(f'.bar[data-learner="{name}"]')
            expect(bar.locator("[data-status]")).to_have_attribute("data-status", status)
            expect(bar.get_by_role("progressbar")).to_have_attribute("aria-valuenow", str(step + 1))
        expect(lab).to_have_attribute("data-shown-step", str(step + 1))
        assert steps() == {step}

    for lang in ("zh-TW", "en"):
        control(page, "lab_pause").click()
        expect(control(page, "lab_resume")).to_be_enabled()
        expect(page.locator('.bar [data-status="paused"]')).to_have_count(2)
        assert store.get(run_id).status == "paused"
        (paused,) = steps()
        if lang == "en":  # while nobody works: learners take the processor from the page that is loaded
            page.goto(f"{training.url}/lab?lang={lang}&run={run_id}")
        expect(page.locator("html")).to_have_attribute("lang", lang)
        stand("paused", paused)
        control(page, "lab_step").click()
        stand("paused", paused + 1)
        expect(control(page, "lab_resume")).to_be_enabled()
        control(page, "lab_resume").click()
        expect(control(page, "lab_pause")).to_be_enabled()
    control(page, "lab_stop").click()
    expect(control(page, "lab_start")).to_be_enabled()
    assert store.get(run_id).status == "stopped"
    # A stop ends a step that takes longer than a moment inside it (core/workers/interruption.py): on a busy machine one
    # learner may then stand a step before the other. That they are level otherwise, tests/workers/test_level.py holds.
    last = {x.name: x.step for x in store.get(run_id).learners}
    assert max(last.values()) - min(last.values()) <= 1
    for name, step in last.items():
        bar = page.locator(f'.bar[data-learner="{name}"]')
        expect(bar.locator("[data-status]")).to_have_attribute("data-status", "stopped")
        expect(bar.get_by_role("progressbar")).to_have_attribute("aria-valuenow", str(step + 1))
    shown = "|".join(str(step + 1) for step in set(last.values()))
    expect(lab).to_have_attribute("data-shown-step", re.compile(f"^({shown})$"))
    reward = page.locator('.chart[data-key="reward"] .values b')
    expect(reward).to_have_text([re.compile(r"^[\d.]+$")] * 2)  # a number of each
    page.get_by_text("What happened in this run").click()
    expect(page.locator(".st-key-lab_events").get_by_test_id("stDataFrame")).to_be_visible()
    assert {"start", "pause", "step", "resume", "stop"} <= {x["kind"] for x in store.events(run_id)}
    assert {x["learner"]: x["step"] for x in store.events(run_id) if x["kind"] == "stop"} == {
        name: step + 1 for name, step in last.items()
    }


#: What the page says at once to a press that the learners hear at the end of their step.
ANSWERS = {
    "en": ("It pauses after the step under way.", "It stops after the step under way, or inside it where"),
    "zh-TW": ("做完目前這一步就暫停。", "它會在進行中的這一步之後停止"),
}


def test_a_press_is_answered_before_the_learners_hear_it(training: Server, page: Page) -> None:
    """Learners hear it at the end of their step; the page says at once that it was asked, and no longer than it is."""
    store: RunStore = training.store
    run = LiveRun(store)  # its learners are this test: they never answer
    run.tick(2)
    for key, kind in (("lab_pause", "pause"), ("lab_stop", "stop")):
        page.goto(f"{training.url}/lab?lang=en&run={run.id}")
        expect(control(page, key)).to_be_enabled()
        expect(page.get_by_test_id("lab")).to_have_attribute("data-shown-step", "2")
        control(page, key).click()
        expect(page.get_by_text(ANSWERS["en"][kind == "stop"]).first).to_be_visible()
        assert {x.kind for x in store.take_controls(run.id, "ppo")} == {kind}, "nobody had heard it"
    run.end("stopped")
    expect(page.get_by_text(ANSWERS["en"][1])).to_have_count(0)
    store.delete(run.id)


def test_a_setting_is_changed_while_the_run_goes_on(training: Server, page: Page) -> None:
    page.goto(f"{training.url}/lab?steps=400&set=prompts_per_step%3D4")
    page.get_by_role("button", name="Start: six-term sums, with a fitted critic").click()
    expect(page.get_by_text(re.compile(r"step [1-9]\d* of 400")).first).to_be_visible()
    expect(page).to_have_url(re.compile(r"run=[\w-]{10,}"))
    run_id = re.search(r"run=([\w-]+)", page.url)[1]  # type: ignore[index]
    page.locator(".st-key-lab_settings summary").click()
    field = page.get_by_role("textbox", name="PPO: GAE λ")
    field.fill("0.5")
    field.press("Enter")
    apply = control(page, "lab_apply")
    expect(apply).to_be_enabled()
    apply.click()
    asked = page.get_by_text("Asked: the learners take this over")  # or, where they were faster than the page:
    expect(asked.or_(page.get_by_text("The run under way already has these settings.")).first).to_be_visible()
    expect(apply).to_be_disabled()
    expect(page.get_by_text("1 × 0.5 ×").first).to_be_attached()  # λ on the formula card of a later step
    control(page, "lab_stop").click()
    expect(control(page, "lab_start")).to_be_enabled()
    changes = [x for x in training.store.events(run_id) if x["kind"] == "change"]
    assert [(x["learner"], list(x["value"].values())) for x in changes] == [("ppo", [0.5])]


def test_a_link_shows_the_same_settings_and_a_wrong_one_its_sentence(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/lab?seed=7&set=ppo.gamma%3D3&set=ppo.lam%3D0.5&lang=en")
    expect(page.get_by_text("ppo.gamma: must be at most 1.0, but is 3")).to_be_visible()
    expect(page.get_by_role("textbox", name="PPO: GAE λ")).to_have_value("0.5")
    field = page.get_by_role("textbox", name="PPO: discount γ")
    expect(field).to_have_value("3")
    field.fill("0.9")
    field.press("Enter")
    expect(page.get_by_text("must be at most 1.0")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"ppo\.gamma(=|%3D)0\.9"))
    expect(page).to_have_url(re.compile("seed=7"))


def test_the_language_follows_the_browser_and_then_the_switch_and_reaches_the_document(
    server: Server, browser: Browser
) -> None:
    context = browser.new_context(locale="zh-TW")
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto(f"{server.url}/lab")
    expect(page.get_by_role("heading", name="實驗室", level=1)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-TW")
    page.get_by_role("radio", name="English").or_(page.get_by_role("button", name="English")).first.click()
    expect(page.get_by_role("heading", name="Lab", level=1)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page).to_have_url(re.compile("lang=en"))
    expect(page).to_have_title("Lab · Credit Lab")
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", name="Runs", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/runs\?lang=en"))
    context.close()


def test_a_shortcut_does_what_the_button_does_and_typing_does_not(training: Server, page: Page) -> None:
    page.goto(f"{training.url}/lab?set=ppo.gamma%3D3")  # a wrong setting opens the drawer and locks Start
    field = page.get_by_role("textbox", name="PPO: GAE λ")
    field.click()
    field.press("s")
    field.press("x")
    expect(field).to_have_value(re.compile("sx"))
    at_rest(page)  # a run that they begin is in the address by then
    expect(page).not_to_have_url(re.compile("run="))


# The pages that are no lessons; each lesson's own tests run axe on it. Words do not change colours, nor colours words:
# two of the four pairs meet all there is.
@pytest.mark.parametrize(("lang", "scheme"), [("en", "light"), ("zh-TW", "dark")])
def test_axe_finds_nothing_serious_and_nothing_sticks_out(
    server: Server, page: Page, axe: Check, lang: str, scheme: str
) -> None:
    run_id = make_run(server.store, steps=3, name=f"{lang} {scheme}")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    violations = []
    for path in ("?", "lab?set=ppo.gamma%3D3&", f"lab?run={run_id}&", "runs?"):
        page.goto(f"{server.url}/{path}lang={lang}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", lang)
        at_rest(page)
        # What the script has not reached again yet is faded, and fades back in.
        expect(page.locator("[data-stale=true]")).to_have_count(0)
        laid_out(page)
        assert sticks_out(page) <= 0, path
        violations += [f"{path}: {line}" for line in axe(page)]
    assert not violations


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_shows_as_it_is_and_does_nothing(
    server: Server, page: Page, elsewhere: list[str], name: str
) -> None:
    run_id = make_run(server.store, name=name)
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    page.goto(f"{server.url}/runs")
    expect(page.locator('[data-testid="stText"]').get_by_text(name, exact=True)).to_be_visible()
    expect(page.get_by_test_id("glide-cell-1-0")).to_have_text(name)
    page.get_by_role("button", name="Delete").first.click()
    expect(page.get_by_text(f"Delete “{name}” with its trace", exact=False)).to_be_visible()
    page.goto(f"{server.url}/lab?run={run_id}")
    page.get_by_role("button", name="Runs").click()
    expect(page.get_by_label("Show the run")).to_have_value(re.compile(re.escape(name)))
    assert page.locator('img[src="x"], a[href^="javascript"]').count() == 0
    assert not alerts
    assert not elsewhere


def test_a_run_is_renamed_and_deleted(server: Server, page: Page) -> None:
    run_id = make_run(server.store, name="to be renamed")
    page.goto(f"{server.url}/runs")
    page.get_by_label("Name").fill("another name")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator('[data-testid="stText"]').get_by_text("another name")).to_be_visible()
    assert server.store.get(run_id).name == "another name"
    page.get_by_role("button", name="Delete").first.click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("another name")).to_have_count(0)
    assert run_id not in [x.id for x in server.store.runs()]


def test_an_export_is_built_when_it_is_asked_for(server: Server, page: Page) -> None:
    make_run(server.store, name="to take along")
    page.goto(f"{server.url}/runs")
    with page.expect_download() as asked:
        page.get_by_role("button", name="Parquet").click()
    assert asked.value.suggested_filename == "credit-lab-to-take-along-parquet.zip"
    content = Path(asked.value.path()).read_bytes()
    assert content[:2] == b"PK"
    assert all(name in content for name in (b"run.json", b"steps.parquet", b"samples.parquet", b"tokens.parquet"))


def test_every_title_is_read_in_full_in_the_navigation(server: Server, page: Page) -> None:
    """English titles are the longer ones, and the chosen page's is bold."""
    cut = "links => links.filter(x => [x, ...x.querySelectorAll('*')].some(y => y.scrollWidth > y.clientWidth + 1 && "
    cut += "getComputedStyle(y).textOverflow === 'ellipsis')).map(x => x.innerText)"
    page.goto(f"{server.url}/runs?lang=en")
    links = page.get_by_test_id("stSidebarNavLink")
    expect(links).to_have_count(len(LESSONS))
    for title in sorted((x.title for x in LESSONS), key=len)[-2:]:
        links.filter(has_text=title).click()
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        laid_out(page)
        assert links.evaluate_all(cut) == []


def sticks_out(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.get_by_test_id("stMain").evaluate("main => main.scrollWidth - main.clientWidth"))


def test_nothing_sticks_out_of_the_page_on_a_phone(server: Server, page: Page) -> None:
    run_id = make_run(server.store, steps=3)
    page.set_viewport_size({"width": 400, "height": 900})
    for path in ("?lang=zh-TW", f"lab?run={run_id}&lang=zh-TW", "runs?lang=zh-TW"):
        page.goto(f"{server.url}/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        at_rest(page)
        laid_out(page)
        assert sticks_out(page) <= 0
