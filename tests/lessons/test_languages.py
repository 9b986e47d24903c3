"""Both languages say everything: every string, every placeholder, every piece of prose."""

from __future__ import annotations

import re
import string
import threading
from collections.abc import Iterator
from functools import cache

import pytest
from babel.messages.pofile import read_po

from lessons import i18n
from lessons.i18n import HERE, LANGUAGES, _, from_locale, ngettext, use_language
from lessons.i18n.update import update
from tests.lessons.texts import every_message

OTHERS = [tag for tag in LANGUAGES if tag != i18n.DEFAULT]


@cache
def catalogue(tag):
    with (HERE / tag / "messages.po").open("rb") as file:
        return read_po(file, locale=tag.replace("-", "_"))


@cache
def ids():
    return {message if isinstance(message, str) else message[0] for message, _place in every_message()}


def placeholders(text: str) -> list[str]:
    named = [name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name is not None]
    return sorted(named + re.findall(r"%\(\w+\)[a-z]|(?<!\d )%[sd]", text))


def code(text: str) -> list[str]:
    return sorted(re.findall(r"`[^`]+`", text))


@pytest.mark.parametrize("tag", OTHERS)
def test_every_string_is_translated(tag):
    entries = catalogue(tag)
    missing = [x for x in sorted(ids()) if not (entries.get(x) and entries.get(x).string)]
    assert not missing, "run `python -m lessons.i18n.update`, then translate these"
    assert not [x.id for x in entries if x.id and x.fuzzy]


@pytest.mark.parametrize("tag", OTHERS)
def test_no_translation_is_left_over(tag):
    known = ids()
    assert not [x.id for x in catalogue(tag) if x.id and (x.id if isinstance(x.id, str) else x.id[0]) not in known]


@pytest.mark.parametrize("tag", OTHERS)
def test_placeholders_and_code_are_the_same_in_every_language(tag):
    for message in catalogue(tag):
        if not message.id:
            continue
        originals = [message.id] if isinstance(message.id, str) else list(message.id)
        forms = [message.string] if isinstance(message.string, str) else list(message.string)
        for form in forms:
            assert placeholders(form) == placeholders(originals[-1]), message.id
            assert code(form) == code(originals[-1]), message.id


def test_every_piece_of_prose_is_there_in_every_language_with_the_same_headings():
    pages = HERE.parent
    files = {
        tag: {
            f"{path.parent.name}/{path.name.removesuffix(f'{tag}.md')}": path
            for path in pages.glob("*/*.md")
            if path.name.endswith(f"{tag}.md")
        }
        for tag in LANGUAGES
    }
    assert files[i18n.DEFAULT], "there is no prose at all"
    for tag in OTHERS:
        assert set(files[tag]) == set(files[i18n.DEFAULT])
        for name, path in files[tag].items():
            levels = [re.findall(r"(?m)^#+(?= )", p.read_text("utf-8")) for p in (path, files[i18n.DEFAULT][name])]
            assert levels[0] == levels[1], name


def test_what_a_browser_says_decides_at_first():
    assert [from_locale(x) for x in ("zh-TW", "zh_Hant_HK", "zh-hant", "zh-HK")] == ["zh-TW"] * 4
    assert [from_locale(x) for x in ("zh-CN", "zh", "en-GB", "ja-JP", "", None)] == ["en"] * 6


def test_languages_of_two_threads_do_not_mix():
    spoken: dict[str, set[str]] = {tag: set() for tag in LANGUAGES}
    gate = threading.Barrier(len(LANGUAGES))

    def speak(tag: str) -> None:
        with use_language(tag):
            gate.wait()
            for _again in range(200):
                spoken[tag].add(_("Lab"))

    threads = [threading.Thread(target=speak, args=(tag,)) for tag in LANGUAGES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spoken["en"] == {"Lab"}
    assert len(spoken["zh-TW"]) == 1
    assert spoken["zh-TW"] != spoken["en"]


def test_outside_a_page_it_is_english_and_what_is_unknown_stays_as_it_is():
    assert _("Lab") == "Lab"
    assert ngettext("{n} run", "{n} runs", 2) == "{n} runs"
    with use_language("zh-TW"):
        assert _("no such message") == "no such message"
    with pytest.raises(ValueError, match="there is no language 'fr'"), use_language("fr"):
        pass


def test_an_update_leaves_the_catalogues_header_as_it_stands(monkeypatch):
    """Two branches that each add a string must not conflict over a date."""
    monkeypatch.setattr("lessons.i18n.update.messages", every_message)
    for tag in OTHERS:
        stands = catalogue(tag)
        assert update(tag).creation_date == stands.creation_date


def texts(tag: str) -> Iterator[tuple[str, str]]:
    """(where it stands, text without formulas, code and places) of all that is said in a language."""
    entries = [(x, x) for x in ids()] if tag == i18n.DEFAULT else []
    if tag != i18n.DEFAULT:
        for entry in catalogue(tag):
            forms = (entry.string,) if isinstance(entry.string, str) else entry.string
            entries += [(str(entry.id), form) for form in forms if entry.id]
    files = [(path.name, path.read_text(encoding="utf-8")) for path in HERE.parent.glob(f"*/*{tag}.md")]
    assert files
    for where, text in entries + files:
        yield where, re.sub(r"\$[^$]*\$|`[^`]*`|\{[^}]*\}|:material/\w+:", "x", text)


def test_chinese_has_chinese_punctuation():
    chinese = r"[\u4e00-\u9fff\u3000-\u303f\uff01-\uff5e]"
    half = re.compile(rf"{chinese}[,;:!?()]|[,;:!?(]\s?{chinese}|{chinese} ?\.(?=\s|$)|[“”]")
    assert half.search("錯，對(好)")
    assert half.search("一,二")
    assert not half.search("G = 8 時 (G − 1)/√G = 2.47：好。")
    wrong = {where: match[0] for where, text in texts("zh-TW") if (match := half.search(text))}
    assert wrong == {}


def test_no_line_breaks_within_a_chinese_sentence():
    """Markdown shows a line's end as a space, and Chinese has none between its words."""
    broken = re.compile(r"[\u3000-\u9fff\uff01-\uff5e]\n *[\u3000-\u9fff\uff01-\uff5e]")
    assert broken.search("比短的\n  還輕")
    assert not broken.search("第一段。\n\n第二段。")
    assert {where for where, text in texts("zh-TW") if broken.search(text)} == set()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_bold_begins_and_ends_where_markdown_lets_it(tag):
    """Between a sign and a letter two stars close nothing (CommonMark, 6.2), and Chinese has no space in between."""
    stuck = re.compile(r"\*\*(?:[^*\s](?:[^*\n]*[^*\s])?)\*\*")
    sign, plain = r"[^\w\s*]", r"\w"

    def wrong(text: str) -> list[str]:
        return [
            x[0]
            for x in stuck.finditer(text)
            if (re.match(sign, x[0][-3]) and re.match(plain, text[x.end() :]))
            or (re.match(sign, x[0][2]) and re.search(plain + "$", text[: x.start()]))
        ]

    assert wrong("**λ = 0：**折線") == ["**λ = 0：**"]
    assert wrong("好**「壞」** x") == ["**「壞」**"]
    assert wrong("**λ = 0**：折線。**好的**，**對。**") == []
    assert {where: bad for where, text in texts(tag) if (bad := wrong(text))} == {}


#: They are typeset where they are shown: with_symbols in Python, sayWithSymbols in the browser.
TYPESET = {"Policy π_θ", "Reference π_ref"}


@pytest.mark.parametrize("tag", LANGUAGES)
def test_no_formula_stands_in_prose_as_it_is_typed(tag):
    raw = re.compile(r"[\u0370-\u03ff]_\w|\w\^[\w({−]|\\\\[a-z]+\{")
    assert raw.search("sampled from π_old")
    assert raw.search("p^G + (1 − p)^G")
    assert {where for where, text in texts(tag) if raw.search(text)} == TYPESET
