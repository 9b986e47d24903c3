"""A run as one web page: small enough, closed to every network, and it says what the trace says."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.config import RunConfig
from core.errors import Refusal
from core.runs import formats, lifecycle
from core.runs.export import ExportError, export, export_file, export_formats
from core.runs.feed import Feed, Payload
from core.runs.recorded import SHIPPED, import_recorded
from core.runs.records import RunInfo
from core.runs.store import RunStore
from core.versions import CREDIT_LAB
from lessons.elsewhere import pieces, writer
from lessons.elsewhere.web_page import WORDS_BYTES, web_page
from lessons.i18n import LANGUAGES
from lessons.kit.history import RECORDED
from tests.helpers import HOSTILE, step_trace
from tests.lessons.conftest import make_run

NAME = "</script></title><script>alert(1)</script>" + HOSTILE[0]


class Seen(HTMLParser):
    """What a browser makes of the page: its elements with their attributes, its parts, its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.elements, self.parts, self.text = page, [], {}, []  # type: ignore[var-annotated]
        self._part: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._part = dict(attrs).get("data-part") if tag == "script" else None

    def handle_data(self, data: str) -> None:
        if self._part:
            self.parts[self._part], self._part = data, None
        else:
            self.text.append(data)

    def part(self, name: str) -> Any:
        return json.loads(gzip.decompress(base64.b64decode(self.parts[name])))

    @property
    def steps(self) -> list[int]:
        return sorted(int(name.removeprefix("step-")) for name in self.parts if name.startswith("step-"))

    @property
    def policy(self) -> dict[str, str]:
        metas = [x for tag, x in self.elements if tag == "meta" and x.get("http-equiv") == "Content-Security-Policy"]
        assert len(metas) == 1
        return dict(x.strip().split(" ", 1) for x in metas[0]["content"].split(";"))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunStore, RunInfo, str]:
    home = tmp_path_factory.mktemp("recorded")
    store = RunStore(f"sqlite:///{home / 'runs.sqlite'}", home=home)
    import_recorded(store, SHIPPED[RECORDED], RECORDED)
    run = store.get(RECORDED)
    return store, run, web_page(store, run)


@pytest.fixture
def hostile(store: RunStore) -> tuple[RunStore, RunInfo]:
    config = RunConfig(steps=2, num_generations=4)
    run_id = store.create(config, NAME)
    for step in range(2):
        for x in config.learners:
            store.append(run_id, step_trace(config, x.name, step, hostile=True))
    for x in config.learners:
        lifecycle.mark(store, run_id, x.name, "finished")
    return store, store.get(run_id)


def test_the_recorded_run_is_whole_and_below_five_megabytes(recorded: tuple[RunStore, RunInfo, str]) -> None:
    store, run, page = recorded
    assert len(page.encode()) <= 5_000_000
    seen = Seen(page)
    assert seen.steps == list(range(run.config.steps))
    rows = {(x["learner"], x["step"]): x for x in seen.part("head")["live"]["rows"]}
    assert len(rows) == run.config.steps * len(run.learners)
    for learner in run.learners:
        for step, scalars, samples, tokens in _some(store, run, learner.name):
            assert rows[learner.name, step]["reward"] == pytest.approx(scalars["reward"], rel=1e-5)
            piece = seen.part(f"step-{step}")
            number = piece["group"]["group"]
            own = piece["group"]["learners"][learner.name]["responses"]
            asked, all_tokens = [x for x in samples.to_pylist() if x["group"] == number], tokens.to_pylist()
            assert [x["text"] for x in own] == [x["response"] for x in asked]
            assert [x["reward"] for x in own] == [x["reward"] for x in asked]
            for response in own:
                stored = [x for x in all_tokens if x["sample"] == response["sample"]]
                for number_of_pass, columns in enumerate(response["passes"]):
                    of_pass = sorted((x for x in stored if x["pass"] == number_of_pass), key=lambda x: x["position"])
                    for name in ("logprob", "ratio", "objective"):
                        assert columns[name] == pytest.approx([x[name] for x in of_pass], rel=1e-6, abs=1e-12), name
                    assert response["once"]["advantage"] == pytest.approx([x["advantage"] for x in of_pass], rel=1e-6)
            dots = piece["step"]["learners"][learner.name]
            assert len(dots["advantage"]) == sum(x["pass"] == 0 for x in all_tokens)


def _some(store: RunStore, run: RunInfo, learner: str) -> list[tuple[int, dict[str, Any], Any, Any]]:
    steps = (0, 7, run.config.steps - 1)
    return [
        (x, store.scalars(run.id, learner, x), store.samples(run.id, learner, x), store.tokens(run.id, learner, x))
        for x in steps
    ]


def test_of_a_question_whose_tokens_are_left_out_the_rewards_are_there(
    recorded: tuple[RunStore, RunInfo, str],
) -> None:
    store, run, page = recorded
    piece = Seen(page).part("step-7")
    others = {x["group"] for x in piece["step"]["groups"]} - {piece["group"]["group"]}
    assert len(others) >= 2
    assert {int(x) for x in piece["others"]} == others
    for learner in run.learners:
        for row in store.samples(run.id, learner.name, 7).to_pylist():
            if row["group"] in others:
                assert piece["others"][str(row["group"])][learner.name]["prompt"] == row["prompt"]
        for group in others:
            rewards = [x["reward"] for x in store.samples(run.id, learner.name, 7).to_pylist() if x["group"] == group]
            assert piece["others"][str(group)][learner.name]["rewards"] == rewards


def test_it_says_in_both_languages_what_it_is_and_what_was_left_out(recorded: tuple[RunStore, RunInfo, str]) -> None:
    _, run, page = recorded
    seen = Seen(page)
    text = "".join(seen.text)
    assert f"Credit Lab {CREDIT_LAB}" in text
    assert run.name in text
    assert "Steps: none, all 60 are here." in text
    assert "全部 60 步都在" in text
    assert f"have {pieces.DIGITS} significant ones" in text
    assert f"{pieces.DIGITS} 位有效數字" in text
    config = json.loads(next(x for x in seen.text if x.lstrip().startswith("{")))
    assert RunConfig.model_validate(config) == run.config
    languages = seen.part("head")["languages"]
    assert languages.keys() == LANGUAGES.keys()
    assert len({x["lab"]["labels"]["step_n"] for x in languages.values()}) == len(languages)
    assert {x["pipeline"]["origin"] for x in languages.values()} == {"ppo"}


def test_nothing_can_be_loaded_and_no_other_script_can_run(hostile: tuple[RunStore, RunInfo]) -> None:
    seen = Seen(web_page(*hostile))
    assert seen.policy["default-src"] == "'none'"
    scripts = re.findall(r'<script type="module">(.*?)</script>', seen.page, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert seen.policy["script-src"] == f"'sha256-{digest}' blob:"
    assert seen.policy["base-uri"] == seen.policy["form-action"] == "'none'"
    assert set(seen.policy) == {"default-src", "script-src", "style-src", "base-uri", "form-action"}
    assert not re.search(r"https?:|//[a-z]", re.sub(r"<script.*?</script>", "", seen.page, flags=re.DOTALL))
    for tag, attributes in seen.elements:
        assert not attributes.keys() & {"src", "href", "action", "style"}, (tag, attributes)
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)


def test_hostile_names_and_tokens_are_text(hostile: tuple[RunStore, RunInfo]) -> None:
    page = web_page(*hostile)
    seen = Seen(page)
    parts = len(seen.steps) + 2
    assert [tag for tag, _ in seen.elements].count("script") == parts + 1
    assert "img" not in {tag for tag, _ in seen.elements}
    assert page.count("<title>") == page.count("</title>") == 1
    assert any(NAME in x for x in seen.text)  # read back as it was, letter by letter
    assert HOSTILE[0] not in page
    tokens = {
        token
        for step in seen.steps
        for learner in seen.part(f"step-{step}")["group"]["learners"].values()
        for response in learner["responses"]
        for token in response["token"]
    }
    assert any(mark in token for token in tokens for mark in HOSTILE)  # whole in the packed part, which is text to HTML


def test_a_long_run_loses_steps_evenly_and_says_so(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = store.get(make_run(store, steps=10))
    whole = web_page(store, run)
    most = len(whole) - 20_000 + WORDS_BYTES - 100_000  # less than it takes
    monkeypatch.setattr("lessons.elsewhere.web_page.MOST_BYTES", most)
    seen = Seen(web_page(store, run))
    assert len(seen.page) < most
    every = seen.steps[1]
    assert every > 1
    assert seen.steps == sorted({*range(0, 10, every), 9})
    assert {x["step"] for x in seen.part("head")["live"]["rows"]} == set(seen.steps)
    assert f"Steps: {len(seen.steps)} of 10 are here, one in {every} and those to begin and end with" in "".join(
        seen.text
    )


class Opening(Feed):
    """A feed of a run whose board opens at a step and a question of its own."""

    def live(self, run_id: str, since: int = 0) -> Payload:
        known = json.loads(super().live(run_id, since).text())
        known["run"]["opening"] = {"step": 5, "group": 2}
        return Payload(gzip.compress(json.dumps(known).encode()), "tag")


def test_the_step_that_a_board_opens_at_stays_with_its_question(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.get(make_run(store, steps=10))
    before = Seen(web_page(store, run)).part("step-5")
    assert before["group"]["group"] == before["step"]["telling"] != 2
    monkeypatch.setattr(pieces, "Feed", Opening)
    monkeypatch.setattr("lessons.elsewhere.web_page.MOST_BYTES", 0)
    seen = Seen(web_page(store, run))
    assert seen.steps == [0, 5, 9]
    piece = seen.part("step-5")
    assert piece["group"]["group"] == piece["step"]["telling"] == 2
    assert all(x["responses"] for x in piece["group"]["learners"].values())
    assert str(before["step"]["telling"]) in piece["others"]
    assert "2" not in piece["others"]
    assert {seen.part(f"step-{x}")["group"]["group"] for x in seen.steps} == {
        2
    }  # whoever scrubs from there sees tokens


def test_a_run_without_a_step_is_refused(store: RunStore) -> None:
    run_id = store.create(RunConfig(steps=2))
    with pytest.raises(Refusal, match="There is nothing to show"):
        web_page(store, store.get(run_id))


def test_a_run_that_only_one_learner_has_begun_has_a_page(store: RunStore) -> None:
    config = RunConfig(steps=3, num_generations=4)
    run_id = store.create(config)
    store.append(run_id, step_trace(config, "grpo", 0))
    seen = Seen(web_page(store, store.get(run_id)))
    assert seen.steps == [0]
    assert {x["pipeline"]["origin"] for x in seen.part("head")["languages"].values()} == {"grpo"}


# -- by its name -------------------------------------------------------------------------------------------------------


def test_the_command_line_writes_it_into_a_file_or_a_folder(
    store: RunStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = make_run(store)
    assert main(["export", run_id, "--format", "html", "--out", str(tmp_path / "new" / "run.html")]) == 0
    page = (tmp_path / "new" / "run.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert main(["export", run_id, "--format", "html", "--out", str(tmp_path / "new")]) == 0
    assert sorted(x.name for x in (tmp_path / "new").iterdir()) == sorted(["run.html", f"{run_id}.html"])
    assert str(tmp_path / "new" / f"{run_id}.html") in capsys.readouterr().out
    assert export_file(store, run_id, "html").decode() == page


def test_core_knows_it_by_name_alone_and_refuses_where_the_pages_are_not_installed(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "html" in export_formats()
    assert formats.load(formats.RUN_WRITERS, "html") is writer.WRITER
    monkeypatch.setitem(sys.modules, "lessons.elsewhere.writer", None)
    with pytest.raises(ExportError, match=r"The format html is written by the app's pages, which are not installed"):
        export(store, make_run(store), tmp_path / "run.html", "html")
    assert not (tmp_path / "run.html").exists()


def test_looking_the_format_up_loads_no_page() -> None:
    code = "import sys, core.runs.export as e; e.export_formats(); print([x for x in sys.modules if 'lessons' in x])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_export_menu_offers_it(store: RunStore, open_page: Any) -> None:
    at = open_page("lab", run=make_run(store))
    assert not at.exception
    button = next(x for x in at.get("download_button") if x.key == "lab_export_html")
    assert button.proto.label == "Web page"


def test_the_page_has_the_apps_colours() -> None:
    root = Path(__file__).parents[2]
    theme = tomllib.loads((root / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    sheet = (root / "lessons/board/frontend/web_page.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    for text, colours in ((light, theme["light"]), (dark, theme["dark"])):
        names = {"background": "backgroundColor", "secondary-background": "secondaryBackgroundColor"}
        names |= {"text": "textColor", "border": "borderColor"}
        for name, key in names.items():
            assert f"--st-{name}-color: {colours[key]}" in text
