"""Two languages: gettext catalogues for short strings, Markdown files for prose.

English text is the message id. `_("Start")` is the current viewer's language: the one in the URL (`?lang=`), else the
one chosen earlier in this session, else the browser's. Catalogues are kept as `.po` text and compiled in memory, so
nothing binary is in the repository and nothing is installed process-wide: two viewers never see each other's language.
"""

from __future__ import annotations

import functools
import gettext as _gettext
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from core.errors import Message, Refusal, fill, places

#: Language tag as in URLs and in `<html lang>` → its name in itself.
LANGUAGES = {"en": "English", "zh-TW": "繁體中文"}
DEFAULT = "en"
HERE = Path(__file__).resolve().parent
#: Begins the comment that says which message of core's an entry of a catalogue translates.
KEY = "key: "

#: Where no viewer is there to ask (tests, scripts), where one must be overruled, or was asked already.
_forced: ContextVar[str | None] = ContextVar("language", default=None)


def language() -> str:
    """The current viewer's language tag, a key of LANGUAGES. Works outside Streamlit too (then: English)."""
    forced = _forced.get()
    if forced is not None:
        return forced
    if get_script_run_ctx(suppress_warning=True) is None:
        return DEFAULT
    return _viewer_language()


def _viewer_language() -> str:
    import streamlit as st

    chosen = st.query_params.get("lang") or st.session_state.get("lang")
    return chosen if chosen in LANGUAGES else from_locale(st.context.locale)


def keeping_language(parts: Mapping[str, str | list[str]] | None = None) -> dict[str, str | list[str]]:
    """Query parameters of a link to another page: these, and the language where this page's URL names it."""
    import streamlit as st

    tag = st.query_params.get("lang")
    return {**(parts or {}), **({"lang": tag} if tag else {})}


def from_locale(locale: str | None) -> str:
    """The language for a browser's locale: any traditional Chinese reads zh-TW, all else English."""
    parts = (locale or "").replace("_", "-").lower().split("-")
    traditional = {"tw", "hk", "mo", "hant"}
    return "zh-TW" if parts[0] == "zh" and traditional & set(parts[1:]) else DEFAULT


@contextmanager
def use_language(tag: str) -> Iterator[None]:
    """The language of this context, whatever the viewer's is (tests and scripts), or was when a view began."""
    if tag not in LANGUAGES:
        raise ValueError(f"there is no language {tag!r}; there are {', '.join(LANGUAGES)}")
    token = _forced.set(tag)
    try:
        yield
    finally:
        _forced.reset(token)


@functools.cache
def _entries(tag: str) -> Catalog | None:
    path = HERE / tag / "messages.po"
    if not path.exists():
        return None  # English: the message ids are the text
    with path.open("rb") as file:
        return read_po(file)


@functools.cache
def catalogue(tag: str) -> _gettext.NullTranslations:
    """The compiled catalogue of a language. Immutable once built, so all threads share it."""
    entries = _entries(tag)
    if entries is None:
        return _gettext.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, entries)
    compiled.seek(0)
    return _gettext.GNUTranslations(compiled)


@functools.cache
def templates(tag: str) -> Mapping[str, str]:
    """What core can say in a language: a message's key → its template, translated. English needs none: it is empty.

    The catalogue names the keys in comments (`#. key: …`), which lessons/i18n/update.py writes.
    """
    by_key = {}
    for entry in _entries(tag) or ():
        for comment in entry.auto_comments:
            if comment.startswith(KEY) and isinstance(entry.string, str) and entry.string:
                by_key[comment.removeprefix(KEY)] = entry.string
    return by_key


def tell(message: Message | Exception) -> str:
    """What core said, in the viewer's language; in English where that language has no words for it.

    A message is known by its key; a translation with places that the message has no values for is left alone. Of an
    exception it is what the exception carries; one that carries no message speaks for itself.
    """
    if isinstance(message, Refusal):
        message = message.message
    if not isinstance(message, Message):
        return str(message)
    translated = templates(language()).get(message.key)
    fits = translated is not None and places(translated) <= message.values.keys()
    return fill(translated if translated is not None and fits else message.template, message.values, tell)


def gettext(message: str) -> str:
    """`message` in the viewer's language; the message itself where it has no translation."""
    return catalogue(language()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, n: int) -> str:
    """The form of the message that fits n things, in the viewer's language."""
    return catalogue(language()).ngettext(singular, plural, n)


def forms(singular: str, plural: str) -> dict[str, str]:
    """Both forms of a message: the browser takes the one that fits what it puts into {n} (frontend/format.js)."""
    return {"one": ngettext(singular, plural, 1), "other": ngettext(singular, plural, 2)}


def N_(message: str) -> str:
    """Marks a message for extraction where it is written before the viewer is known; `_` it where it is shown."""
    return message


def one_after_another(*sentences: str) -> str:
    """Sentences as a paragraph, empty ones left out; Chinese has no spaces between them."""
    return ("" if language().startswith("zh") else " ").join(x for x in sentences if x)


def listed(things: Iterable[str]) -> str:
    """Things after one another within a sentence: Chinese keeps its comma for what is longer."""
    return ("、" if language().startswith("zh") else ", ").join(things)


_ = gettext


def prose(key: str, part: str = "") -> str:
    """The Markdown of a page's folder: `<language>.md`, or `<part>.<language>.md`.

    `key` is the page's address. Raises FileNotFoundError if no language has it.
    """
    return _prose(language(), key, part)


@functools.cache
def _prose(tag: str, key: str, part: str) -> str:
    folder, beginning = HERE.parent / key.replace("-", "_"), f"{part}." if part else ""
    path = folder / f"{beginning}{tag}.md"
    return (path if path.exists() else folder / f"{beginning}{DEFAULT}.md").read_text(encoding="utf-8").strip()
