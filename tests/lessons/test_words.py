from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from lessons.i18n import use_language
from lessons.kit.display import STATUS, literal, plain, status_word, when
from tests.helpers import HOSTILE


@pytest.mark.parametrize("text", [*HOSTILE, "# a", "- a", "1. a", "`a`", "**a**", "~~a~~", ":material/home:", "a | b"])
def test_a_hostile_name_is_only_text_to_markdown(text):
    tokens = MarkdownIt().enable(["table", "strikethrough"]).parse(plain(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in tokens[1].children} <= {"text", "text_special"}
    assert "".join(child.content for child in tokens[1].children) == text


def test_streamlits_own_signs_are_taken_away_too():
    assert plain("$x$ :red[x] :material/home:") == "\\$x\\$ \\:red\\[x\\] \\:material\\/home\\:"


def test_what_cannot_be_seen_is_written_out():
    assert literal("a\u202eb\x07c") == "a⟨U+202E⟩b␇c"
    assert "\u202e" not in plain("a\u202eb")
    assert literal("x" * 300).endswith("…")
    assert len(literal("x" * 300)) == 200


def test_times_follow_the_viewers_zone():
    assert when(0, "Asia/Taipei") == "1970-01-01 08:00"
    assert when(0, "No/Such_Place") == when(0, None) == "1970-01-01 00:00"
    with use_language("zh-TW"):
        assert when(0, "Asia/Taipei") == "1970-01-01 08:00"


def test_every_state_has_a_word_in_both_languages():
    for status in STATUS:
        with use_language("zh-TW"):
            assert status_word(status) != STATUS[status][0]
