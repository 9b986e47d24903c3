"""How answers are read out of responses: the traps that others fell into, one by one."""

import pytest

from core.tasks.extraction import extract
from core.tasks.notation import number as number_of

MINUS = "\u2212"


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("", None),
        ("  \n", None),
        ("I do not know.", None),
        ("7", "7"),
        ("The answer is 7.", "7"),
        ("= 7.", "7"),
        ("7.0", "7"),
        ("7.50", "7.5"),
        ("0.0", "0"),
        (".5", "0.5"),
        ("The answer is.7", "7"),
        ("wait...7", "7"),
        ("007", "7"),
        ("+5", "5"),
        ("the answer isn't 7 but 8", "8"),
        ("8, not 7", "7"),
        ("1, 2, 3", "3"),
        ("1,234", "1234"),
        ("1,234,567.50", "1234567.5"),
        ("1,234,", "1234"),
        ("1,2,345", "345"),
        ("12,34,567", "567"),
        ("3,14", "14"),
        ("1 234", "234"),
        ("1\u202f234", "1234"),
        ("1\u00a0234\u00a0567", "1234567"),
        ("$7", "7"),
        ("-$7", "-7"),
        ("$-7$", "-7"),
        ("7%", "7%"),
        ("is 50\\%.", "50%"),
        ("50 percent", "50%"),
        ("-7 %", "-7%"),
        ("7 m²", "7"),
        ("7 cm^2", "7"),
        ("7\\text{ cm}^{3}", "7"),
        ("x^2 = 9", "9"),
        ("4 + x^2", "4 + x^2"),
        ("4 cm^2", "4"),
        ("５６", "56"),
        ("－５", "-5"),
        ("٣", "3"),
        ("6e2", "600"),
        ("1.5e-3", "0.0015"),
        ("1e400", "1e400"),
        ("**7**", "7"),
        ("1.2.3", "3"),
        ("1/2", "1/2"),
        ("-1/2", "-1/2"),
        ("6/2 = 3", "3"),
        ("12/04/2024", "2024"),
        ("\\frac{1}{2}", "1/2"),
        ("so $\\dfrac34$.", "3/4"),
        ("-\\frac{12}5", "-12/5"),
        ("= \\frac{-1}{2}", "-1/2"),
        ("3\\frac{1}{2}", "7/2"),
        ("-3\\tfrac12", "-7/2"),
        ("add 3 1/2 cups", "7/2"),
        ("½", "1/2"),
        ("3½", "7/2"),
        ("\\frac{6}{2} = 3", "3"),
        ("10^3", "10^3"),
        ("= 6.02\\times 10^{23}", "6.02\\times 10^{23}"),
        ("-2 × 10^{-3}", "-2 × 10^{-3}"),
        ("2^{10}", "2^{10}"),
        ("2**10", "2**10"),
        ("32,\\!348", "32348"),
        ("1{,}234", "1234"),
        ("10\\,000", "10000"),
    ],
)
def test_the_last_number_is_read_as_a_plain_numeral(response, answer):
    assert extract(response, "last-number") == answer


@pytest.mark.parametrize("minus", ["-", MINUS, "–"])
@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("-5", "-5"),
        ("The answer is -5.", "-5"),
        ("2 - 7 = -5", "-5"),
        ("2 - 7 = - 5", "-5"),
        ("answer:-5", "-5"),
        ("(-5)", "-5"),
        ("x\n-5", "-5"),
        ("3 or -5", "-5"),
        ("2*-5", "-5"),
        ("-0", "0"),
        ("5-9", "9"),
        ("5 -9", "9"),
        ("4 - 1 = 3", "3"),
        ("4 - 1", "1"),
        ("word-5", "5"),
        ("(2)-5", "5"),
        ("50%-5", "5"),
        ("m²-5", "5"),
        ("answer - 5", "5"),
        ("- 5", "5"),
        ("covid-19", "19"),
    ],
)
def test_a_minus_is_a_sign_only_where_nothing_is_subtracted_from(response, answer, minus):
    assert extract(response.replace("-", minus), "last-number") == answer


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("so \\boxed{7}.", "7"),
        ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("\\boxed{5} no, \\boxed{7}", "7"),
        ("\\boxed{5} no, \\boxed{7", None),
        ("\\boxed{7", None),
        ("\\boxed{{7}", None),
        ("\\boxed{\\boxed{7}}", "7"),
        ("\\boxed{}", None),
        ("\\boxed{ }", None),
        ("\\boxed{\\text{}}", None),
        ("\\boxed{\\text{tac}}", "tac"),
        ("\\boxed{$7$}", "7"),
        ("\\boxed {7}", "7"),
        ("\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"),
        ("\\boxed{a}b}", "a"),
        ("\\boxed{-7}", "-7"),
        ("boxed{7}", None),
        ("\\boxed 7", "7"),
        ("\\boxed 42.", "42"),
        ("$\\boxed4$", "4"),
        ("\\boxed\\frac{1}{2}.", "\\frac{1}{2}"),
        ("\\boxed{5} or \\boxed B", "B"),
        ("\\boxed{5}, as I was told to use \\boxed once", "5"),
        ("in \\boxed form", None),
        ("\\boxedx 7", None),
        ("\\fbox{7}", "7"),
        ("\\boxed{\\mathrm{odd}}", "odd"),
        ("\\boxed{\\(7\\)}", "7"),
        ("7", None),
        ("", None),
    ],
)
def test_the_last_box_has_to_be_closed_and_to_hold_something(response, answer):
    assert extract(response, "boxed") == answer


def test_the_whole_response_is_read_without_white_space_around_it():
    assert extract("  tac\n", "whole") == "tac"
    assert extract("the answer is 7", "whole") == "the answer is 7"
    assert extract(" \n\t", "whole") is None


def numeral(text: str) -> str | None:
    """The plain numeral of the same value where the text is one number without a unit and nothing else, else None."""
    one = number_of(text)
    return one.numeral if one is not None and not one.unit else None


@pytest.mark.parametrize(
    ("text", "number"), [("7", "7"), (" 7.0 ", "7"), ("1,234", "1234"), ("-$7", "-7"), ("7%", "7"), ("-0.50", "-0.5")]
)
def test_a_numeral_is_a_number_and_nothing_else(text, number):
    assert numeral(text) == number


@pytest.mark.parametrize("text", ["", "seven", "7 cm", "7 8", "3+4", "1/2", "1,2,345", "5-"])
def test_what_is_more_than_a_number_is_no_numeral(text):
    assert numeral(text) is None


HOSTILE = [
    "1",
    "1,",
    "-",
    "{",
    "1/",
    "1 ",
    ".1",
    "1.",
    "1e1",
    "\\boxed{",
    "\\boxed",
    "\\",
    "１",
    "\u202f1",
    "1,111",
    "$",
    "=",
]


@pytest.mark.parametrize("how", ["last-number", "boxed", "whole"])
def test_a_megabyte_of_anything_is_read_in_linear_time(how):
    """In a tenth of a second, that is. What takes the square of the length takes hours: it would never end."""
    texts = [x * (1_000_000 // len(x)) for x in HOSTILE]
    texts += ["5" + " " * 1_000_000 + "-3", "\\boxed{" + "{" * 1_000_000, "\\boxed" + " " * 1_000_000 + "{7}"]
    texts += ["\\boxed{" + "\\text{" * 150_000 + "}", "\\boxed{" + "\\text{7}" * 120_000 + "}"]
    for text in texts:
        assert len(extract(text, how) or "") <= len(text)
