"""Whatever is registered is right on the lab's page by being declared: every kind, every surrogate and every variant.

Each really trains for two steps and is looked at in both languages. What the page shows of a learner, its kind and its
surrogate say; nothing else knows them by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from core.algorithms.surrogates import SURROGATES
from core.config import RunConfig
from core.learners.registry import (
    LEARNER_KINDS,
    AnyLearner,
    collected_of,
    learner,
    learner_kind,
    trains_policy,
    without,
)
from core.learners.variants import VARIANTS
from core.training.beginning import begin
from core.training.terms import terms_for
from lessons.board.declared import templates
from lessons.i18n import LANGUAGES, gettext, use_language
from lessons.kit.display import learner_title
from tests.e2e.conftest import LiveRun, Server
from tests.e2e.rest import comes_true
from tests.registered import surrogates_of

pytestmark = pytest.mark.browser

STEP = 1  # the second: by then ratios and values have moved
PASS = 1  # the last one at which a gradient was taken
MOST = 4  # learners a run
KL = {"kl_k1", "kl_k2", "kl_k3", "kl_exact"}
#: The chosen token, and the card's lines at that moment: [data-line, label, text].
READ = """lab => [lab.dataset.token, [...lab.querySelectorAll('.card .line')].map(
  y => [y.dataset.line, y.querySelector('dt').innerText, y.querySelector('dd > span').innerText])]"""
#: How many of the board's pixels have a colour (up to how a canvas rounds it).
COLOURED = """(charts, colour) => {
  const [r, g, b] = colour.match(/[0-9a-f]{2}/gi).map((x) => parseInt(x, 16));
  return charts.filter((x) => x.width && x.height).reduce((sum, canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4) {
      if (Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 6 && data[i + 3] > 250) sum++;
    }
    return sum;
  }, 0);
}"""


def registered() -> list[AnyLearner]:
    """A learner of every kind, every surrogate and every variant; of those that are the same, one."""
    named = [
        *((f"{name}-kind", learner(name)) for name in LEARNER_KINDS),
        *((f"by-{name}", learner("grpo", surrogate=name)) for name in surrogates_of(LEARNER_KINDS["grpo"])),
        *((name, variant.settings) for name, variant in VARIANTS.items()),
    ]
    by_settings: dict[str, AnyLearner] = {}
    for name, settings in named:
        own = settings.model_copy(update={"name": name})
        by_settings.setdefault(own.model_copy(update={"name": "any"}).model_dump_json(), own)
    # Of like learners one curve would hide the others', if they learnt equally fast.
    learners = enumerate(by_settings.values())
    made = [x.model_copy(update={"learning_rate": 2e-3 + 5e-4 * (i % MOST)}) for i, x in learners]
    return [x if collected_of(x) is None else x.model_copy(update={"data_responses": 96}) for x in made]


LEARNERS = registered()
POLICIES = [x for x in LEARNERS if trains_policy(x)]
#: What trains no policy has a run of its own.
RUNS = [
    *(POLICIES[i : i + MOST] for i in range(0, len(POLICIES), MOST)),
    *([x] for x in LEARNERS if not trains_policy(x)),
]


def test_every_kind_surrogate_and_variant_is_among_the_learners() -> None:
    assert {x.kind for x in LEARNERS} == set(LEARNER_KINDS)
    assert {x.surrogate for x in LEARNERS} == set(SURROGATES)
    for variant in VARIANTS.values():
        changes = {"algorithm": variant.kind, **variant.changes}
        assert any(all(getattr(x, name) == value for name, value in changes.items()) for x in LEARNERS), variant.name


@pytest.fixture(scope="module")
def runs(server: Server) -> Iterator[list[LiveRun]]:
    made = []
    for learners in RUNS:
        config = RunConfig(
            learners=tuple(learners), steps=2, prompts_per_step=3, num_generations=4, eval_every=0, trace="all"
        )
        run = LiveRun(server.store, config)
        for each in learners:
            for trace in begin(config, each.name).steps():
                run.store.append(run.id, trace)
        run.end()
        made.append(run)
    yield made
    for run in made:
        run.store.delete(run.id)


@dataclass
class Seen:
    """A learner on the page, and its stored tokens where the step's last pass took its gradients."""

    page: Page
    settings: AnyLearner
    tokens: pd.DataFrame
    size: int
    words: dict[str, str]

    @property
    def title(self) -> str:
        """What stands over its strips."""
        places = {**self.settings.model_dump(), "name": learner_title(self.settings.name), "size": self.size}
        return self.words[learner_kind(self.settings).strip_title(self.settings)].format(**places)

    def lines(self) -> list[str]:
        """The card's lines as the terms say: each that says more than the number that it is made of."""
        terms = terms_for(self.settings)
        own = [x for x in terms.terms if x.name not in KL | {"advantage", "objective"}]
        explained = [x.name for x in own if x.help or not bare(terms.trees[x.name])]
        names = [x.name for x in terms.terms]
        before = [x for x in explained if names.index(x) < names.index("advantage")]
        further = [x.name for x in learner_kind(self.settings).columns if x.name not in names]
        after = explained[len(before) :]
        if not trains_policy(self.settings):  # nor is it said of a log-probability, a KL or a critic that there is none
            return [*further, *before, "advantage", *after, "gradient", "objective"]
        return ["logprob", *further, *before, "advantage", *after, "gradient", "kl", "value", "objective"]

    def check(self) -> int:
        """Title, curve, card and scatter; returns how many tokens were clipped."""
        own = self.page.locator(f'.learner[data-learner="{self.settings.name}"]')
        expect(own.locator("h3")).to_have_text(self.title)
        colour = own.locator("h3").evaluate("x => x.style.color.match(/--ink-(\\w+)/)[1]")
        line = self.page.get_by_test_id("lab").evaluate(
            "(x, c) => getComputedStyle(x).getPropertyValue(c)", f"--learner-{colour}"
        )
        assert self.is_drawn(line), f"no curve is {colour}"
        cut = own.locator(".t.high, .t.low")
        for chip in (own.locator(".t").first, own.locator(".t").nth(4), *([cut.first] if cut.count() else [])):
            chip.click()
            expect(chip).to_have_attribute("aria-pressed", "true")
            self.check_card()
        clipped = int((self.tokens["clipped"].fillna(0) != 0).sum())  # null where there is no ratio
        picture = self.page.locator(f'.scatter[data-scatter="{self.settings.name}"]')
        expect(picture.locator("circle.hollow")).to_have_count(clipped)
        cuts = [x for x in terms_for(self.settings).regions if x.region.cuts]
        assert picture.locator(".cutaway").count() <= len(cuts)
        assert bool(cuts) or picture.locator("text", has_text=re.compile("^(cut|被切斷)$")).count() == 0
        return clipped

    def is_drawn(self, line: str) -> bool:
        """Whether a chart has a curve of this colour, if not at once, then soon: they are drawn when there is time."""
        charts = self.page.locator(".chart canvas")
        return comes_true(self.page, lambda: charts.evaluate_all(COLOURED, line) > 20)

    def check_card(self) -> None:
        token, shown = self.page.get_by_test_id("lab").evaluate(READ)  # both of one moment
        name, sample, position = token.split(".")
        assert name == self.settings.name
        here = (self.tokens["sample"] == int(sample)) & (self.tokens["position"] == int(position))
        row = self.tokens[here].iloc[0]
        assert [key for key, _, _ in shown] == self.lines()
        text = {key: text for key, _, text in shown}
        for column in {"advantage", "objective"} - without(self.settings):
            assert printed(text[column]) == pytest.approx(row[column], abs=5.1e-4), column
        titles = {x.name: self.words.get(x.title, x.title) for x in terms_for(self.settings).terms}
        assert {key: label for key, label, _ in shown if key in titles} == {
            key: titles[key] for key in self.lines() if key in titles
        }
        unrecorded = (gettext("not recorded"), "≈", "{")
        assert not [x for x in text.values() if any(y in x for y in unrecorded)]


def printed(line: str) -> float:
    """The number that a line ends with."""
    return float(line.rpartition("= ")[2].replace("−", "-").replace("+", ""))


def bare(tree: Any) -> bool:
    """Whether an expression is only a name, or the same of each token or of the next one."""
    match tree:
        case ["per_token", inner]:
            return bare(inner)
        case ["following", inner, end]:
            return bare(inner) and isinstance(end, int | float)
        case [kind, *_]:
            return kind in ("setting", "response", "token", "term", "builtin")
    return True


def blames(message: ConsoleMessage) -> bool:
    """Whether it is an error of the page's own: opened by a link, Streamlit looks twice for its server in vain."""
    return message.type == "error" and "/_stcore/" not in message.location["url"]


#: All that is read or read out of the lab.
READABLE = """x => [...x.querySelectorAll('*')].flatMap(y => [
  y.getAttribute('aria-label'), y.getAttribute('title'), y.children.length ? '' : y.textContent]).join('\\n')"""


def keys_in(text: str, learners: Sequence[AnyLearner], lang: str) -> list[str]:
    """Names of learners, or these in capitals, that stand in the place of their titles."""
    with use_language(lang):
        rest = re.sub(r"[\w/]+\.py(:\w+)?", "", text)  # the file that computes a number
        for title in sorted({learner_title(x.name) for x in learners}, key=len, reverse=True):
            rest = rest.replace(title, "")
    return [x.name for x in learners if re.search(rf"\b{re.escape(x.name)}\b", rest, re.IGNORECASE)]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("number", range(len(RUNS)))
def test_what_a_learner_declares_is_what_the_lab_shows(
    page: Page, server: Server, runs: list[LiveRun], number: int, lang: str
) -> None:
    run = runs[number]
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if blames(message) else None)
    page.goto(f"{server.url}/lab?run={run.id}&step={STEP + 1}&pass={PASS}&lang={lang}")
    expect(page.get_by_test_id("lab")).to_have_attribute("data-shown-step", str(STEP + 1))
    with use_language(lang):
        clipped = 0
        for settings in run.config.learners:
            tokens = run.store.tokens(run.id, settings.name, STEP).to_pandas()
            last = tokens[tokens["pass"] == min(PASS, tokens["pass"].max())]
            clipped += Seen(page, settings, last, run.config.group_size(settings), templates()).check()
    assert clipped or not any(map(trains_policy, run.config.learners)), (
        "no update moved a ratio far enough for the marks to be looked at"
    )
    text = page.get_by_test_id("lab").inner_text()
    assert not re.search(r"undefined|NaN|\[object", text)
    assert keys_in(page.get_by_test_id("lab").evaluate(READABLE), run.config.learners, lang) == []
    assert errors == []
