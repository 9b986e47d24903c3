"""Units behind a number, in one spelling each: cm, centimeters and \\text{cm} are the same, cm and m are not."""

from __future__ import annotations

import re

#: Spelling → name; plurals in -s go without saying. Short ones are case-sensitive, as mW is not MW.
_NAMES = {
    **dict.fromkeys(("mm", "millimeter", "millimetre"), "mm"),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), "cm"),
    **dict.fromkeys(("dm", "decimeter", "decimetre"), "dm"),
    **dict.fromkeys(("m", "meter", "metre"), "m"),
    **dict.fromkeys(("km", "kilometer", "kilometre"), "km"),
    **dict.fromkeys(("in", "inch", "inches"), "in"),
    **dict.fromkeys(("ft", "foot", "feet"), "ft"),
    **dict.fromkeys(("yd", "yard"), "yd"),
    **dict.fromkeys(("mi", "mile"), "mi"),
    **dict.fromkeys(("mg", "milligram"), "mg"),
    **dict.fromkeys(("g", "gram"), "g"),
    **dict.fromkeys(("kg", "kilogram"), "kg"),
    **dict.fromkeys(("lb", "lbs", "pound"), "lb"),
    **dict.fromkeys(("oz", "ounce"), "oz"),
    **dict.fromkeys(("ms", "millisecond"), "ms"),
    **dict.fromkeys(("s", "sec", "second"), "s"),
    **dict.fromkeys(("min", "mins", "minute"), "min"),
    **dict.fromkeys(("h", "hr", "hrs", "hour"), "h"),
    **dict.fromkeys(("day", "week", "month", "year"), ""),
    **dict.fromkeys(("ml", "mL", "milliliter", "millilitre"), "ml"),
    **dict.fromkeys(("l", "L", "liter", "litre"), "l"),
    **dict.fromkeys(("gal", "gallon"), "gal"),
    **dict.fromkeys(("dollar", "USD"), "dollar"),
    **dict.fromkeys(("euro", "EUR"), "euro"),
    **dict.fromkeys(("deg", "degree", "°"), "°"),
    **dict.fromkeys(("°C", "celsius"), "°C"),
    **dict.fromkeys(("°F", "fahrenheit"), "°F"),
    **dict.fromkeys(("rad", "radian"), "rad"),
    **dict.fromkeys(("mph",), "mi/h"),
    **dict.fromkeys(("kph", "kmh"), "km/h"),
    **dict.fromkeys(("N", "newton"), "N"),
    **dict.fromkeys(("J", "joule"), "J"),
    **dict.fromkeys(("W", "watt"), "W"),
    **dict.fromkeys(("kW", "kilowatt"), "kW"),
    **dict.fromkeys(("V", "volt"), "V"),
    **dict.fromkeys(("Hz", "hertz"), "Hz"),
    **dict.fromkeys(("公分",), "cm"),
    **dict.fromkeys(("公尺",), "m"),
    **dict.fromkeys(("公里",), "km"),
    **dict.fromkeys(("公克",), "g"),
    **dict.fromkeys(("公斤",), "kg"),
    **dict.fromkeys(("公升",), "l"),
    **dict.fromkeys(("秒", "秒鐘"), "s"),
    **dict.fromkeys(("分鐘",), "min"),
    **dict.fromkeys(("小時",), "h"),
    **dict.fromkeys(("度",), "°"),
    **dict.fromkeys(("美元",), "dollar"),
    **dict.fromkeys(("歐元",), "euro"),
    **dict.fromkeys(("天", "日", "週", "月", "年"), ""),
}
#: A currency's sign behind a number; in front of one it is left out (core/tasks/notation.py).
_SIGNS = {"$": "dollar", "€": "euro", "£": "£", "¥": "¥"}
#: What was counted, in Chinese: 12 個, 35 公分.
_CHINESE = re.compile(r"[\u4e00-\u9fff]{1,8}")
#: Words that are not what was counted, but part of a formula or of a sentence.
_NO_UNITS = re.compile(
    r"a?(?:sin|cos|tan)h?|cot|sec|csc|log|exp|sqrt|inf|infinity|alpha|beta|gamma|delta|theta|lambda|sigma|omega|phi|psi|"
    r"rho|tau|and|but|not|nor|then|plus|minus|times|over|mod|divided|choose|also|maybe"
)
#: Words that make of a number something else than one number of things: 7 or more.
_HEDGES = re.compile(
    r"\b(?:or|and|not|nor|but|than|to|more|less|at|about)\b|[或和與不非上下左右多餘約到至]", re.IGNORECASE
)
#: Words that make another number of it: 4 million, 3 eighths, 5萬.
_FACTORS = re.compile(
    r"\b(?:hundred|thousand|million|billion|trillion|dozen|hal(?:f|ve)|third|fourth|fifth|sixth|seventh|eighth|ninth|"
    r"tenth|(?:hundred|thousand|million)th)s?\b|[十百千萬億兆半]",
    re.IGNORECASE,
)
_SPELLINGS = {spelling: name or spelling for spelling, name in _NAMES.items()}
_TEXT = re.compile(r"\\(?:text|textbf|textit|textrm|textnormal|mathrm|mathbf|mathit|mbox|operatorname)\s*\{([^{}]*)\}")
_DEGREES = re.compile(r"\^\s*\{?\s*\\circ\s*\}?|\\(?:circ|degree)(?![A-Za-z])|°")
_POWER = re.compile(r"\^\s*(?:\{\s*([23])\s*\}|([23]))|([²³])")
_PART = re.compile(r"(?:(square|sq\.?|cubic|cu\.?)\s+)?(°?[A-Za-z]+(?:[ -][A-Za-z]+){0,3}|°)\.?\s*(?:\^([23]))?")


def unit_of(text: str) -> str | None:
    """The unit that stands behind a number, in one spelling; None where the text is none.

    Within \\text{…} any words are a unit; outside those that are known, and one word of three letters or more for what
    was counted ("12 apples"), as `x` may be a factor and `or 8` another answer. One letter needs a space before it, as
    5m may be a product.
    """
    marked = _TEXT.search(text) is not None
    attached = not text[:1].isspace()
    text = _DEGREES.sub(" ° ", _TEXT.sub(r"\1", text))
    text = _POWER.sub(lambda x: "^" + (x[1] or x[2] or "23"["²³".index(x[3])]), text)
    text = " ".join(text.split()).replace("° ", "°")
    if not text:
        return ""
    if len(text) > 60 or _HEDGES.search(text) or _FACTORS.search(text):
        return None
    if sign := _SIGNS.get(text.removeprefix("\\")):
        return sign
    if _CHINESE.fullmatch(text):
        return _SPELLINGS.get(text, text)
    if attached and not marked and re.match(r"[A-Za-z](?![A-Za-z])", text):
        return None
    parts = [_part(x.strip(), marked) for x in re.split(r"/| per ", text)]
    return None if None in parts or len(parts) > 2 else "/".join(x for x in parts if x)


def _part(text: str, marked: bool) -> str | None:
    match = _PART.fullmatch(text)
    if match is None:
        return None
    kind, words, power = match.groups()
    name = _name(words)
    if name is None:
        if not marked and not (words.isalpha() and len(words) > 2 and not _NO_UNITS.fullmatch(words.casefold())):
            return None
        name = words.casefold().removesuffix("s")
    if kind:
        power = "2" if kind.startswith("sq") else "3"
    return f"{name}^{power}" if power else name


def _name(words: str) -> str | None:
    spellings = (words, words.removesuffix("s"), words.casefold(), words.casefold().removesuffix("s"))
    return next((_SPELLINGS[x] for x in spellings[: 4 if len(words) > 2 else 2] if x in _SPELLINGS), None)
