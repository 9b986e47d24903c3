"""Algorithms, side by side: every one comes up, unlike lines are marked, and credits are what a hand gives."""

from __future__ import annotations

import re
import statistics
from pathlib import Path

import pytest

from core.algorithms.surrogates import SURROGATES
from core.learners.registry import LEARNER_KINDS, differing, learner, lines
from core.learners.variants import VARIANTS
from lessons import algorithms
from lessons.i18n import LANGUAGES, _, use_language
from lessons.kit.lesson.formula import worded
from lessons.kit.preset_texts import PRESET_TITLES
from tests.lessons.real import STEP, group_mean, open_real, rows_of, strips

KEY = "algorithms"
pytestmark = pytest.mark.usefixtures("speaking")


def opened(open_page, run_id, **query):
    at = open_real(open_page, KEY, run_id, **query)
    assert not at.warning
    return at


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", VARIANTS)
def test_each_beside_ppo_with_what_differs_marked(open_page, run_id, name, lang):
    at = opened(open_page, run_id, alg_two=name, lang=lang)
    assert (at.selectbox(key="alg_one").value, at.selectbox(key="alg_two").value) == ("ppo", name)
    unlike = differing(VARIANTS["ppo"].settings, VARIANTS[name].settings)
    marked = [x.value for x in at.markdown if ":material/difference:" in x.value]
    assert len(marked) == len(unlike)
    rows = strips(at, "alg_strips")["rows"]
    colours = {x["name"].partition("-")[0]: x["learner"] for x in rows}
    assert colours == {"one": "blue", "two": LEARNER_KINDS[VARIANTS[name].kind].colour}
    numbers = [x for row in rows for x in row["values"]]
    assert all(isinstance(x, float) for x in numbers)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_kinds_and_surrogates_say_what_they_are_and_where_they_are_from(open_page, run_id, lang):
    one, two = VARIANTS["grpo"], VARIANTS["cispo"]
    at = opened(open_page, run_id, alg_one="grpo", alg_two="cispo", lang=lang)
    captions = [x.value for x in at.caption]
    with use_language(lang):
        assert any(_(LEARNER_KINDS["grpo"].summary) in x and one.paper in x for x in captions)
        for surrogate in (SURROGATES["clip"], SURROGATES["cispo"]):
            assert sum(x.startswith(_(surrogate.title)) and surrogate.paper in x for x in captions) == 1
            path, name = surrogate.source.split(":")
            assert any(_(surrogate.title) in x.label and f"`{path}` · `{name}`" in x.label for x in at.expander)
        assert any(two.title in x and two.paper in x and _(two.note) in x for x in captions)
    shared = opened(open_page, run_id, alg_one="grpo", alg_two="rloo", lang=lang)
    with use_language(lang):
        assert sum(x.value.startswith(_(SURROGATES["clip"].title)) for x in shared.caption) == 1


def test_what_is_said_of_a_credit_is_true_of_its_settings(open_page, run_id):
    at = opened(open_page, run_id, alg_one="grpo", alg_two="reinforce-pp")
    (own,) = (x.value for x in at.caption if "REINFORCE++" in x.value and "arXiv" in x.value)
    assert own.startswith("**REINFORCE++**: one credit a response, from its own reward")
    assert LEARNER_KINDS["grpo"].summary not in own


@pytest.mark.parametrize("name", ["grpo", "dr-grpo", "rloo"])
def test_credits_are_what_a_hand_gives(open_page, store, run_id, name):
    rows, samples = rows_of(store, run_id, STEP)
    shown = {x["name"]: x for x in strips(opened(open_page, run_id, alg_two=name), "alg_strips")["rows"]}
    twos = {int(key.partition("-")[2]): x for key, x in shown.items() if key.startswith("two-")}
    assert len(twos) == 4
    for sample, row in twos.items():
        mean, own = group_mean(samples, sample)
        centred = samples[sample]["reward"] - mean
        wanted = {
            "grpo": centred / (statistics.stdev(own) + 1e-4) if len(set(own)) > 1 else 0.0,
            "dr-grpo": centred,
            "rloo": centred * len(own) / (len(own) - 1),
        }[name]
        assert row["values"] == pytest.approx([wanted] * len(rows[sample]), abs=1e-5)


def test_the_pull_shows_what_equal_credit_hides(open_page, run_id):
    same = opened(open_page, run_id, alg_one="grpo", alg_two="cispo")
    assert same.info
    rows = strips(opened(open_page, run_id, alg_one="grpo", alg_two="cispo", alg_show="pull"), "alg_strips")["rows"]
    assert rows[0]["values"] != rows[1]["values"] or rows[2]["values"] != rows[3]["values"]


def test_the_same_one_twice_says_so(open_page, run_id):
    at = opened(open_page, run_id, alg_one="grpo", alg_two="grpo")
    assert len(at.info) == 1
    assert not [x for x in at.markdown if ":material/difference:" in x.value]


def test_a_choice_is_in_the_link_and_an_unknown_one_is_not(open_page, run_id):
    at = opened(open_page, run_id, alg_one="nonsense")
    assert at.selectbox(key="alg_one").value == "ppo"
    at.selectbox(key="alg_two").set_value("rloo").run()
    assert at.query_params["alg_two"] in ("rloo", ["rloo"])


def test_in_chinese_formulas_and_sentences_have_no_english_words_and_marks(open_page, run_id):
    at = opened(open_page, run_id, alg_one="ppo", alg_two="dapo", lang="zh-TW")
    formulas = [x.value for x in at.markdown if x.value.startswith(r"$\displaystyle")]
    words = {x.strip() for formula in formulas for x in re.findall(r"\\text\{([^{}]*)\}", formula)}
    assert words == {"無", "其中", "old"}  # π_old is a name
    (differ,) = [x.value for x in at.markdown if "行不同" in x.value]
    assert "、" in differ
    assert ", " not in differ
    papers = [x for caption in at.caption for x in caption.value.split("\n\n") if x.startswith("論文")]
    assert len(papers) == 2
    assert all(x.startswith("論文：") and x.endswith("。") for x in papers)


def test_words_in_a_formula_are_translated_and_names_are_not():
    with use_language("zh-TW"):
        line = lines(learner("ppo", dual_clip=3.0))["surrogate"]
        assert r"\text{ 若 }" in worded(line)
        assert worded(r"\pi_{\text{old}} \pi_{\text{ref}}") == r"\pi_{\text{old}} \pi_{\text{ref}}"
    with use_language("en"):
        assert worded(line) == line


def test_presets_that_share_their_sums_share_their_words():
    with use_language("zh-TW"):
        assert _(PRESET_TITLES["chain-sum-vine"]).startswith(_(PRESET_TITLES["chain-sum"]))


@pytest.mark.parametrize(
    ("one", "two", "lines"),
    [
        ("ppo", "vine", {"advantage"}),
        ("grpo", "dr-grpo", {"normalisation", "aggregation"}),
        ("grpo", "dapo", {"questions", "surrogate"}),
    ],
)
def test_the_pairs_worth_a_look_differ_where_the_page_says(one: str, two: str, lines: set[str]) -> None:
    assert lines <= set(differing(VARIANTS[one].settings, VARIANTS[two].settings))
    for tag in ("en", "zh-TW"):
        text = (Path(algorithms.__file__).parent / f"{tag}.md").read_text(encoding="utf-8")
        assert VARIANTS[one].title in text
        assert VARIANTS[two].title in text
