"""The glossary: whole, true to the course's terms, and marked where a term first stands on a page."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from markdown_it import MarkdownIt

from lessons.catalog import LESSONS, lesson
from lessons.i18n import LANGUAGES, _, prose, use_language
from lessons.i18n.update import messages
from lessons.kit import glossary
from lessons.kit.glossary import address, explanation, mark, matches, names, terms
from lessons.kit.glossary_term import GlossaryTerm
from tests.helpers import HOSTILE

ALL = [x.key for x in terms()]
BY_KEY = {x.key: x for x in terms()}
#: The course's own words: what learners hear in English and read in Traditional Chinese.
COURSE = {
    "policy": ("policy", "策略"),
    "prompt": ("prompt", "提示"),
    "response": ("response", "回應"),
    "token": ("token", "詞元"),
    "rollout": ("rollout", "取樣軌跡"),
    "verifier": ("verifier", "驗證器"),
    "reference": ("reference model", "參考模型"),
    "critic": ("value model", "價值模型"),
    "kl": ("KL divergence", "KL 散度"),
    "gae": ("generalised advantage estimation", "廣義優勢估計"),
    "advantage": ("advantage", "優勢"),
    "ratio": ("importance sampling ratio", "重要性取樣比率"),
    "clip": ("clipping", "裁剪"),
    "ppo": ("proximal policy optimisation", "近端策略最佳化"),
    "grpo": ("group relative policy optimisation", "群組相對策略最佳化"),
    "group": ("group", "群組"),
    "credit": ("credit assignment", "功勞分配"),
    "sample-efficiency": ("sample efficiency", "樣本效率"),
    "entropy": ("entropy", "熵"),
    "pass": ("pass", "輪"),
    "learner": ("learner", "學習器"),
    "run": ("run", "執行"),
}


@pytest.fixture(autouse=True)
def terms_as_written() -> None:
    """Here they are marked."""


def links(markdown: str) -> list[tuple[str, str, str]]:
    """(address, title, text) of each link, as a Markdown parser reads them."""
    made = []
    for block in MarkdownIt().parse(markdown):
        children = block.children or []
        for n, child in enumerate(children):
            if child.type == "link_open":
                end = next(k for k in range(n, len(children)) if children[k].type == "link_close")
                text = "".join(x.content for x in children[n:end])
                made.append((str(child.attrs["href"]), str(child.attrs.get("title", "")), text))
    return made


@pytest.mark.parametrize("key", COURSE)
def test_the_terms_are_the_courses(key: str) -> None:
    for tag, name in zip(LANGUAGES, COURSE[key], strict=True):
        assert name in names(BY_KEY[key])[tag].split(" · ")


@pytest.mark.parametrize("term", BY_KEY.values(), ids=ALL)
def test_every_term_says_what_it_is_in_a_sentence_or_two_and_where_it_is_seen(term: GlossaryTerm) -> None:
    assert term.lesson in {x.key for x in LESSONS}
    assert re.fullmatch(r"[a-z-]+", term.key)
    for tag in LANGUAGES:
        with use_language(tag):
            words = _(term.meaning)
            assert 1 <= len(re.findall(r"[.。](?=\s|$|[^.。\d])", words)) <= 2, words
            assert explanation(term).startswith(_(term.full or term.name))


def test_a_key_and_a_name_are_one_terms() -> None:
    assert len(set(ALL)) == len(ALL)
    for tag in LANGUAGES:
        shown = [names(x)[tag] for x in terms()]
        assert len(set(shown)) == len(shown)


def test_the_first_occurrence_is_a_link_that_tells_full_name_and_meaning() -> None:
    shown, held = mark("GAE adds up. With GAE the tokens differ; a token too.", ALL)
    assert held == ["gae", "token"]
    (first, title, text), second = links(shown)
    assert (first, text) == ("glossary?lang=en#gae", "GAE")
    assert title == explanation(BY_KEY["gae"])
    assert title.startswith("generalised advantage estimation: ")
    assert second[2] == "tokens"
    assert mark("GAE adds up.", ["token"]) == ("GAE adds up.", [])


def test_a_word_that_is_explained_as_a_noun_is_no_verb_where_it_is_marked() -> None:
    """“Does it pass each test?” would explain a pass over the responses, “you turn it” a turn of a dialogue."""
    verb = re.compile(
        r"\b(?:you|they|it|that|which|whatever|to|can|must|program|keys|remote) (?:pass(?:es)?|turns?)\b", re.I
    )
    prose = {x: x.read_text(encoding="utf-8") for x in Path(glossary.__file__).parents[1].glob("*/*en.md")}
    texts = [*prose.values(), *(x if isinstance(x, str) else x[0] for x, place in messages() if _is_marked(place))]
    assert len(prose) > 20
    assert [x[0] for text in texts for x in verb.finditer(text)] == []


def _is_marked(place: str) -> bool:
    """Of a lesson, whose texts may be marked; labels of the frame and of the board are not."""
    return place.startswith("lessons/") and not place.startswith(("lessons/board/", "lessons/kit/present"))


def test_the_longest_form_wins_and_whole_words_only() -> None:
    assert [x[2] for x in links(mark("The importance sampling ratio, a groupie, clip(x), KL.", ALL)[0])] == [
        "importance sampling ratio",
        "KL",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "`token` is code",
        "$token$ and $$policy$$ are formulas",
        "[a policy](https://example.org/token)",
        ":material/policy: :red[token]",
        r"\token",
        "# A token",
        "https://example.org/token/policy",
        "<token>",
    ],
)
def test_what_is_no_prose_is_left_alone(text: str) -> None:
    assert mark(text, ALL) == (text, [])


def test_bold_stays_bold_beside_chinese() -> None:
    with use_language("zh-TW"):
        shown, held = mark("給出一個**群組**，也就是**優勢的平均**。", ALL)
    assert held == ["group"]  # within a longer bold text a bracket would end the bold
    html = MarkdownIt().render(shown)
    assert html.count("<strong>") == html.count("</strong>") == 2
    assert "**" not in html


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_gets_no_more_than_a_link(name: str) -> None:
    shown, _held = mark(f"token {name} token", ["token"])
    assert shown.startswith("[token](")
    assert shown.endswith(f" {name} token")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", ["how-ppo-works", "how-grpo-works", "what-is-true"])
def test_a_lessons_terms_are_marked_once_each(open_page, key: str, lang: str) -> None:
    at = open_page(key, lang=lang)
    texts = [x.value for kind in (at.main.get("markdown"), at.main.get("caption")) for x in kind]
    made = [x for text in texts for x in links(text) if x[0].startswith("glossary")]
    keys = [x[0].partition("#")[2] for x in made]
    assert len(set(keys)) == len(keys)
    assert {"ppo", "token"} <= set(keys)
    with use_language(lang):
        assert {x[0] for x in made} <= {address(x) for x in ALL}
        assert [x[1] for x in made] == [explanation(BY_KEY[x]) for x in keys]
        opening = mark(prose(key), ALL)[1]
    assert set(opening) <= set(keys)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", [x.key for x in LESSONS if x.key != "glossary"])
def test_every_term_that_stands_on_a_page_is_explained_once(open_page, key: str, lang: str) -> None:
    """Wherever it first stands: in prose, in a sentence with numbers, in a caption, in a quiz's question. The titles of
    the lessons before and after are no place for it.
    """
    at = open_page(key, lang=lang)
    assert not at.exception
    texts = [x.value for kind in (at.main.get("markdown"), at.main.get("caption")) for x in kind]
    with use_language(lang):
        ways = [_(x).partition("{")[0] for x in ("before this: {title}", "after it: {title}")]
    way = [x for x in texts if any(y in x for y in ways)]
    assert len(way) == bool(lesson(key).check)
    assert not [x for x in way if links(x)]
    texts = [x for x in texts if x not in way]
    made = [
        address.partition("#")[2] for text in texts for address, *_ in links(text) if address.startswith("glossary")
    ]
    assert len(set(made)) == len(made)
    with use_language(lang):
        stands = {x for text in texts for x in mark(re.sub(r"\[([^\]]*)\]\(glossary[^)]*\)", r"\1", text), ALL)[1]}
    assert stands == set(made)


def test_a_sentence_that_is_drawn_again_with_other_numbers_keeps_its_links(monkeypatch) -> None:
    monkeypatch.setattr(glossary.st, "session_state", {})
    run = SimpleNamespace(cursors={})
    monkeypatch.setattr(glossary, "get_script_run_ctx", lambda **_: run)
    made = [len(links(glossary.marked(x))) for x in ("PPO: 1.02.", "PPO.", "PPO: 1.03.")]
    assert made == [1, 0, 0]  # once on a page, also where a text stands there twice
    run.cursors = {}  # a fragment is drawn again
    assert [len(links(glossary.marked(x))) for x in ("PPO.", "PPO: −0.3.")] == [0, 1]


#: What stands beside the page, and the glossary itself.
PLAIN = {"kit/glossary.py", "glossary/page.py", "kit/chrome.py", "kit/remembered.py"}


def test_every_page_says_its_texts_where_terms_are_explained() -> None:
    folder = Path(glossary.__file__).parents[1]
    own = {x.relative_to(folder).as_posix(): x.read_text("utf-8") for x in folder.rglob("*.py")}
    assert {name for name, text in own.items() if re.search(r"\.(markdown|caption)\(", text)} == PLAIN


def test_a_page_that_is_drawn_again_marks_the_same(open_page) -> None:
    at = open_page("how-ppo-works")
    before = [x.value for x in at.markdown]
    at.run()
    assert [x.value for x in at.markdown] == before


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_lists_every_term_and_leads_to_its_lesson(open_page, lang: str) -> None:
    at = open_page("glossary", lang=lang)
    assert [x.proto.anchor for x in at.subheader] == ALL
    assert len(at.main.get("page_link")) == len(ALL)
    with use_language(lang):
        texts = [x.value for x in at.markdown]
        assert all(any(_(x.meaning) in text for text in texts) for x in terms())


def test_the_search_knows_both_languages_and_says_what_it_does_not_know(open_page) -> None:
    at = open_page("glossary")
    at.text_input(key="glossary_wanted").set_value("優勢").run()
    assert "advantage" in [x.proto.anchor for x in at.subheader]
    assert "verifier" not in [x.proto.anchor for x in at.subheader]
    at.text_input(key="glossary_wanted").set_value("<b>x</b> $y$").run()
    assert not at.exception
    assert not at.subheader
    assert r"\<b\>x" in at.info[0].value
    assert matches(BY_KEY["gae"], "advantage ESTIMATION")


def test_letters_that_only_compare_equal_are_no_term() -> None:
    with use_language("en"):
        assert mark("clıp and ſurrogate", ALL) == ("clıp and ſurrogate", [])
