"""Two languages: gettext catalogues for short strings, Markdown files for prose.

English text is the message id. `_("Start")` is the current viewer's language: the one in the URL (`?lang=`), else the
one chosen earlier in this session, else the browser's. Catalogues are kept as `.po` text and compiled in memory, so
nothing binary is in the repository and nothing is installed process-wide: two viewers never see each other's language.
"""

from __future__ import annotations

import functools
import gettext as _gettext
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

#: Language tag as in URLs and in `<html lang>` → its name in itself.
LANGUAGES = {"en": "English", "zh-TW": "繁體中文"}
DEFAULT = "en"
HERE = Path(__file__).resolve().parent

#: Where no viewer is there to ask (tests, scripts), or where one must be overruled.
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
    """Overrule the viewer's language in this context (tests and scripts)."""
    if tag not in LANGUAGES:
        raise ValueError(f"there is no language {tag!r}; there are {', '.join(LANGUAGES)}")
    token = _forced.set(tag)
    try:
        yield
    finally:
        _forced.reset(token)


@functools.cache
def catalogue(tag: str) -> _gettext.NullTranslations:
    """The compiled catalogue of a language. Immutable once built, so all threads share it."""
    path = HERE / tag / "messages.po"
    if not path.exists():
        return _gettext.NullTranslations()  # English: the message ids are the text
    with path.open("rb") as file:
        entries = read_po(file)
    compiled = io.BytesIO()
    write_mo(compiled, entries)
    compiled.seek(0)
    return _gettext.GNUTranslations(compiled)


def gettext(message: str) -> str:
    """`message` in the viewer's language; the message itself where it has no translation."""
    return catalogue(language()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, n: int) -> str:
    """The form of the message that fits n things, in the viewer's language."""
    return catalogue(language()).ngettext(singular, plural, n)


def N_(message: str) -> str:
    """Marks a message for extraction where it is written before the viewer is known; `_` it where it is shown."""
    return message


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
