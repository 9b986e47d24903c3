"""A corpus of notations, written for this test: a truth is right wherever it can be written, and so is what equals it.

math-verify is asked about the same pairs. Where it says something else, the pair is listed with the reason.
"""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from core.tasks.extraction import extract
from core.tasks.kinds.questions import Question, Questions, QuestionsSettings
from core.tasks.matching import equal


class Entry(NamedTuple):
    truth: str
    right: list[str]
    wrong: list[str]
    number: bool  # the truth and what equals it are one number each: the last one of a response can be it


CORPUS = [
    Entry(**json.loads(x))
    for x in (Path(__file__).parents[1] / "data" / "notations.jsonl").read_text(encoding="utf-8").splitlines()
]
NOTATIONS = sorted({x for entry in CORPUS for x in (entry.truth, *entry.right, *entry.wrong)})
NUMBERS = sorted({x for entry in CORPUS if entry.number for x in (entry.truth, *entry.right)})

#: Where math-verify says otherwise: why, and of which truths and answers.
DIFFERENT = {
    "It computes what the question asked to compute.": [
        ("7", ["3+4", r"\sqrt{49}", "14/2", r"\frac{14}{2}"]),
        ("-5", ["5-10"]),
        ("1000000", [r"2^6\cdot 5^6", "1000^2"]),
        ("1/2", ["1-1/2"]),
    ],
    "It reads a number out of what is more than one.": [
        ("7", ["7-", "x=7", r"7\text{ or more}", "7 and more"]),
    ],
    "It takes a word for a product of letters, and upper for lower case.": [
        (r"\text{Evelyn}", ["evelyn"]),
        (r"\mathrm{odd}", ["Odd"]),
        ("Paris", ["siraP", "paris"]),
        ("yes", ["sey", "Yes"]),
        ("no", ["on"]),
        ("True", ["eurT"]),
        ("C", ["c"]),
        ("abc", ["cba", "acb"]),
    ],
    "It drops units, also where they differ.": [
        ("35 cm", ["35 m", "35 kg"]),
        (r"24\text{ cm}^2", [r"24\text{ cm}^3", "24 cm"]),
        ("3 hours", ["3 minutes"]),
        ("15 minutes", ["15 hours"]),
    ],
    "It takes a time for a ratio.": [
        ("12:30", ["2/5"]),
    ],
    "It takes 12 for 12%, and 12.5 not for 12.5%.": [
        ("12.5%", ["12.5"]),
    ],
    "It does not know the notation, or the dollar sign ends its formula.": [
        ("7", ["\uff17", "€7", "7 dollars"]),
        ("-5", ["–5"]),
        ("1,234", [r"1\,234", "1\u202f234", "1.234e3"]),
        (r"32,\!348", [r"32\,348", r"\$32,\!348"]),
        ("1000000", ["1e6"]),
        ("600000", ["6e5"]),
        (r"6.02\times 10^{23}", ["6.02e23"]),
        ("0.001", ["1e-3"]),
        ("1/2", ["½", "1/2 cup"]),
        (r"\frac34", ["¾"]),
        ("7/2", ["3 1/2", "3½"]),
        (r"-2\frac{3}{4}", ["-2 3/4"]),
        ("35 cm", ["35 centimeters"]),
        ("12 apples", ["12 Apples"]),
        ("$1234.50", [r"\$1234.50", "1234.50 dollars"]),
        (r"\$18", ["18", "$18", r"18\text{ dollars}", "18.00"]),
        ("60 km/h", ["60", r"60\text{ km/h}", "60 kilometers per hour", "60 kph"]),
        (r"24\text{ cm}^2", ["24 cm^2", "24 square centimeters"]),
        ("12:30", [r"\text{12:30}"]),
        ("north-east", [r"\text{north-east}"]),
        ("café au lait", ["cafe\u0301 au lait"]),
        ("x^2+2x+1", ["x**2+2*x+1"]),
        (r"\pi", ["pi"]),
        ("2^{10}", ["2**10"]),
        ("sin(x)", [r"\sin(x)", r"\sin x", r"\sin{x}"]),
        (r"\ln 2", ["ln(2)"]),
        (r"\log 2", ["log(2)"]),
        (r"1+\sqrt{5}", ["1 + sqrt(5)"]),
        ("a^2-b^2", ["a**2-b**2"]),
    ],
}


#: What is more than one number, and yet the last number is read out of it: lists without brackets, and words.
LISTS = {"1,2", "1, 2", "2,1", "1 and 2", r"1\text{ and }2", "1 or 2", "3,-3", "-3, 3", "7, 3", "3, 7", "1,2,3"}
LISTS |= {"x=1 or x=2", "x=1, x=2", r"x=1\text{ or }x=2"}
WORDS = {"- 5", "the 3rd of May"}
#: What has no number but as an exponent of a letter: nothing is read.
NO_NUMBER = {"a^2-b^2", "y^2"}


def ask(truth: str, answer: str, extraction: str, matching: str = "math") -> bool:
    """Whether an answer is right where a response gives it by the extraction."""
    others = tuple(Question(question=f"Number {i}?", answer=str(i)) for i in range(16))
    settings = QuestionsSettings.model_validate(
        {"questions": (Question(question="?", answer=truth), *others), "extraction": extraction, "matching": matching}
    )
    response = {"boxed": f"It is \\boxed{{{answer}}}.", "last-number": f"It is {answer}", "whole": answer}[extraction]
    return Questions(settings).verify("?", response).success


def test_the_corpus_is_large_enough():
    assert len(NOTATIONS) >= 600
    assert len(NUMBERS) >= 200


@pytest.mark.parametrize("matching", ["exact", "math"])
def test_a_truth_matches_itself_under_every_extraction_that_it_can_be_written_in(matching):
    for truth in NOTATIONS:
        assert ask(truth, truth, "whole", matching), truth
        assert ask(truth, truth, "boxed", matching), truth
    for truth in NUMBERS:
        assert ask(truth, truth, "last-number", matching), truth


@pytest.mark.parametrize("entry", CORPUS, ids=[x.truth for x in CORPUS])
def test_what_equals_the_truth_is_right_and_what_does_not_is_wrong(entry):
    for answer in entry.right:
        assert equal(entry.truth, answer), answer
        assert ask(entry.truth, answer, "boxed"), answer
        if entry.number:
            assert ask(entry.truth, answer, "last-number"), (answer, extract(answer, "last-number"))
    for answer in entry.wrong:
        assert not equal(entry.truth, answer), answer
        assert not ask(entry.truth, answer, "boxed"), answer


@pytest.mark.parametrize("entry", [x for x in CORPUS if not x.number], ids=lambda x: x.truth)
def test_a_part_of_what_is_no_number_is_not_the_answer(entry):
    for answer in (entry.truth, *entry.right):
        parts = re.findall(r"[0-9]+", answer)
        if not parts or answer in LISTS | WORDS:
            continue
        read = extract(f"It is {answer}", "last-number")
        assert (read is None) == (answer in NO_NUMBER), (answer, read)
        assert read is None or equal(entry.truth, read), (answer, read)
        for part in {x for x in parts if not equal(entry.truth, x)}:
            assert not ask(part, answer, "last-number"), (part, answer, read)
    for answer in entry.wrong:
        assert not ask(entry.truth, answer, "last-number"), answer


def test_math_verify_agrees_but_for_the_listed_pairs():
    logging.disable(logging.ERROR)  # it warns that no time limit is set
    try:
        other = {
            (x.truth, answer)
            for x in CORPUS
            for answer, right in [*((y, True) for y in x.right), *((y, False) for y in x.wrong)]
            if by_math_verify(x.truth, answer) != right
        }
    finally:
        logging.disable(logging.NOTSET)
    listed = {(truth, answer) for pairs in DIFFERENT.values() for truth, answers in pairs for answer in answers}
    assert other == listed


def by_math_verify(truth: str, answer: str) -> bool:
    from math_verify import parse, verify

    sides = [parse(x if "$" in x or "\\(" in x else f"${x}$", parsing_timeout=None) for x in (truth, answer)]
    return bool(verify(*sides, timeout_seconds=None))


@pytest.mark.parametrize(
    ("truth", "right", "wrong"),
    [
        ("1000", ["10³", "1×10³"], ["10²", "10"]),
        ("0.001", ["10⁻³"], ["10³"]),
        ("-1/2", ["-½", "−½", "-1⁄2", "- 1/2"], ["½"]),
        ("35", ["35公分", "35 公分", "35 NTD"], ["35萬", "35以上", "35或36"]),
        ("35 cm", ["35公分"], ["35公尺"]),
        ("12 個", ["12", "12個"], ["12 隻"]),
        ("37.5", ["37.5°C", "37.5 °C", r"37.5^\circ C"], []),
        ("5€", ["5", "€5", "5 euros"], ["5 dollars"]),
        ("5", [r"5\$", "5$", "5 £"], []),
        ("4", [], ["4 million", r"4\text{ thousand}", r"\$4\text{ million}", "4 dozen", "3 fourths", "4 tenths"]),
    ],
)
def test_signs_powers_and_units_behind_a_number(truth, right, wrong):
    assert [x for x in right if not equal(truth, x)] == []
    assert [x for x in wrong if equal(truth, x)] == []
    assert ask(truth, truth, "last-number")


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("so it is -½", "-1/2"),
        ("so it is 1 ½", "3/2"),
        ("10³", "10^{3}"),
        ("area: 7 cm²", "7"),
        ("1 / 2", "1/2"),
        ("on 5 / 6 / 2024", "2024"),
        ("10 / 2 = 5", "5"),
        ("2^{1/2}", "2^{1/2}"),
        ("101_2", "101_2"),
        (r"so 0.\overline{3}", r"0.\overline{3}"),
        (r"\boxed{2\pi}", r"2\pi"),
        (r"= -2\,\pi.", r"-2 \pi"),
        (r"\therefore x = 2\sqrt{3} \text{ cm}", r"2\sqrt{3}"),
        (r"2\pi \approx 6.28", "6.28"),
        ("$5!$", "5!"),
        ("5!/3!", "5!/3!"),
        ("10!/(3!7!)", "10!/(3!7!)"),
        ("It is 5!", "5"),
        ("**It is 5!**", "5"),
        ("7! = 5040", "5040"),
        ("f(3) = 7", "7"),
        ("between x_1 = 5 and x_2", "5"),
        ("9 = x^2", "9"),
        ("x > 2", "x > 2"),
        ("as 5 > 3", "3"),
        ("H2O", "H2O"),
    ],
)
def test_the_last_number_is_read_whole(response, answer):
    assert extract(response, "last-number") == answer


@pytest.mark.parametrize(
    "response",
    [
        *("7 m", "7m", "7 m/s", "7 cm^2", "7 pm", "7 p.m.", "7 \\$", "7°", "7°C", r"7^\circ", "7th", "7s", "$7/hour"),
        *("7 a day", "I 7", "7 I think", "Option B - 7", "answer - 7", "7 x apples", "3 x 7", "3x7", "x = 7", "(7)"),
        *(
            "<answer>7</answer>",
            "<b>7</b>",
            "<<48/2=7>>7",
            "-> 7",
            "=> 7",
            '{"answer": 7}',
            "| 3 | 7 |",
            "[7]",
            "**7**",
        ),
        *("(b) 7", "(b)7", "B. 7", "(a) 3, (b) 7", "Q: 7", "at max 7", "7 sec", "7 or more", "7 and x", "7, x", "x, 7"),
        *(r"\(x=7\)", r"$$x = \frac{14}{2} = 7$$", "7 apples - yes", "答案是7個", "m²-7", "7 (seven)", "4 - 7", "2 7"),
    ],
)
def test_units_words_and_plain_numbers_beside_it_leave_the_last_number_what_it_is(response):
    assert extract(response, "last-number") == "7"


def test_what_is_read_as_it_stands_is_right_where_it_is_the_same_text():
    assert ask(r"2\pi", r"2\,\pi", "last-number", "math")
    assert ask(r"2\pi", r"2\pi", "last-number", "exact")
    assert not ask(r"2\pi", r"3\pi", "last-number", "exact")
    assert not ask("2", r"2\pi", "last-number", "exact")
