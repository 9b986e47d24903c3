"""Preferences as files: what is written is read again, what cannot be is refused in a sentence with its place."""

from __future__ import annotations

import csv
import io
import json
import random

import pytest

from core.errors import RequestError
from core.rewards import preferences
from core.rewards.judge import judge
from core.rewards.preferences import Preference, PreferencesError, put_together, read, to_csv, to_json

ONE = Preference(prompt="1+2=", a="3", b='4, "or"\nso', preferred="a", weight=20, source="Ada")
TWO = Preference(prompt="1+2=", a="4", b="3", preferred="b")
ZH = Preference(prompt="你好", a="您好！", b="喂", preferred="a", source="王")


def file(**changed: object) -> str:
    return json.dumps({"version": 1, "preferences": [{**ONE.model_dump(), **changed}]})


@pytest.mark.parametrize("write", [to_json, to_csv])
def test_what_is_written_is_read_again(write) -> None:  # type: ignore[no-untyped-def]
    assert read(write([ONE, TWO, ZH])) == (ONE, TWO, ZH)
    assert read(write([ONE, TWO, ZH]).encode("utf-8-sig")) == (ONE, TWO, ZH)


@pytest.mark.parametrize("text", ["\r", "\n", "a\rb", "\r\n", "\x85", "\u2028", "\0", "  ", "'", '"'])
def test_a_text_of_any_lines_is_read_again(text: str) -> None:
    one = Preference(prompt="q", a=text, b="other", preferred="a", source=text)
    assert read(to_csv([one])) == (one,)
    assert read(to_json([one])) == (one,)


def test_weight_and_source_may_be_left_out() -> None:
    [one] = read("prompt,a,b,preferred\nq,x,y,b\n")
    assert (one.weight, one.source, one.chosen, one.rejected) == (1, "", "y", "x")
    assert read("prompt,a,b,preferred,weight\nq,x,y,b,\n")[0].weight == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe", "not UTF-8"),
        ("", "must name the columns"),
        ("{", "begins like JSON, but is none"),
        ("[" * 100_000, "begins like JSON, but is none"),
        ("[1]", "holds no preferences"),
        ('{"preferences": 3}', "holds no preferences"),
        ('{"version": 2, "preferences": []}', "is of version 2; this version of the app reads 1"),
        ('{"version": 1, "preferences": []}', "the file has no preferences"),
        ('{"version": 1, "preferences": [7]}', "preference 1: must be settings by name, but is 7$"),
        ('{"version": 1, "preferences": [null]}', "preference 1: must be"),
        (file(weight=21), r"preference 1: weight: .*20"),
        (file(weight=0), "preference 1: weight"),
        (file(preferred="c"), "preference 1: preferred"),
        (file(b="3"), "preference 1: both responses are the same"),
        (file(prompt=""), "preference 1: prompt"),
        (file(more=1), "preference 1: more"),
        ("prompt,a,b\nq,x,y\n", "must name the columns"),
        ("prompt,a,b,preferred,colour\nq,x,y,a,red\n", "must name the columns"),
        ("prompt,a,b,preferred,a\nq,x,y,a,z\n", "must name the columns"),
        ("prompt,a,b,preferred\nq,x,y,a,1,Ada\n", "preference 1: more"),
        ("prompt,a,b,preferred\nq,x\n", "preference 1: b"),
        ('prompt,a,b,preferred\nq,"x"y,z,a\n', "neither JSON nor a table"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(data: bytes | str, words: str) -> None:
    with pytest.raises(PreferencesError, match=words) as refused:
        read(data)
    assert "Traceback" not in str(refused.value)


def test_files_have_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preferences, "MOST_PREFERENCES", 2)
    with pytest.raises(PreferencesError, match="3 preferences; at most 2 are possible"):
        read(to_json([ONE, TWO, ZH]))
    with pytest.raises(PreferencesError, match="together these are 3 preferences; at most 2"):
        put_together([("a", [ONE, TWO]), ("b", [ZH])])
    monkeypatch.setattr(preferences, "MOST_BYTES", 100)
    with pytest.raises(PreferencesError, match="at most 100 are possible"):
        read(to_json([ONE]))


def test_rows_that_are_too_many_are_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the allowed size can have two million rows: kept, they took 800 MB."""
    monkeypatch.setattr(preferences, "MOST_PREFERENCES", 10)
    table, rows = "prompt,a,b,preferred\n" + "q\n" * 200_000, 0

    class Counted(csv.DictReader):  # type: ignore[type-arg]
        def __next__(self) -> dict[str, str]:
            nonlocal rows
            rows += 1
            return super().__next__()  # type: ignore[no-any-return]

    monkeypatch.setattr(preferences.csv, "DictReader", Counted)
    with pytest.raises(PreferencesError, match="has 200000 preferences; at most 10"):
        read(table)
    assert rows == 11


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\tx", "'=1", "''-1", "'", "it's"])
def test_no_text_of_a_table_is_a_formula_to_a_spreadsheet(text: str) -> None:
    """A teacher opens what a class wrote; read again, every text is what it was."""
    one = Preference(prompt=text, a=text, b="other", preferred="a", source=text)
    cells = next(csv.reader(io.StringIO(to_csv([one]).partition("\n")[2], newline="")))
    assert not any(x[:1] in ("=", "+", "-", "@", "\t", "\r") for x in cells)
    assert read(to_csv([one])) == (one,)


def test_of_many_problems_the_first_are_said() -> None:
    bad = json.dumps({"version": 1, "preferences": [{**ONE.model_dump(), "weight": 99}] * 40})
    with pytest.raises(PreferencesError) as refused:
        read(bad)
    assert str(refused.value).count("\n") == 4
    assert str(refused.value).endswith("and 36 more problems")


def test_several_peoples_files_are_put_together() -> None:
    """Same pair, same label: two people's count twice, one person's second copy does not."""
    other = TWO.model_copy(update={"preferred": "a"})
    both = put_together([("Bo", [TWO, TWO]), ("Cy", [TWO, ONE]), ("Bo", [TWO]), ("Di", [other])])
    assert [(x.source, x.chosen) for x in both] == [("Bo", "3"), ("Cy", "3"), ("Ada", "3"), ("Di", "4")]
    turned = Preference(prompt=TWO.prompt, a=TWO.b, b=TWO.a, preferred="a", source="Bo")
    assert put_together([("Bo", [TWO, turned])]) == (TWO.model_copy(update={"source": "Bo"}),)


def test_a_judge_prefers_what_its_taste_likes_better() -> None:
    pairs = [("q", "long one", "short"), ("q", "x", "longer"), ("q", "same", "four"), ("q", "x", "x")]
    labels = judge(pairs, lambda _, text: len(text), source="length", weight=3)
    assert [(x.chosen, x.weight, x.source) for x in labels] == [("long one", 3, "length"), ("longer", 3, "length")]
    assert [x.chosen for x in judge(pairs, lambda _, text: len(text), noise=1)] == ["short", "x"]


def test_a_judge_errs_as_often_as_it_is_said_to_and_alike_for_the_same_seed() -> None:
    chance = random.Random(1)
    pairs = [("q", str(chance.random()), str(chance.random())) for _ in range(4000)]

    def labels(seed: int) -> list[bool]:
        return [float(x.chosen) > float(x.rejected) for x in judge(pairs, lambda _, x: float(x), noise=0.2, seed=seed)]

    assert labels(3) == labels(3) != labels(4)
    assert sum(labels(3)) / 4000 == pytest.approx(0.8, abs=0.02)
    with pytest.raises(RequestError, match="probability"):
        judge(pairs, lambda *_: 0, noise=1.5)
