"""Terms explained where they first stand on a page, and looked up on a page of their own.

    glossary.begin()               # app.py, once a page view
    say(prose("how-ppo-works"))    # like st.markdown: each term that is new on the page explains itself
    say_small(_("…"))              # like st.caption
    glossary.explanations()        # app.py: the box that opens on hover and on focus

A term's link leads to the glossary, and its title holds full name and meaning. That is plain Markdown: no HTML of ours
has to pass Streamlit's sanitizer, and without scripts it still is a link with a title. The box takes the title's place
in the browser (loader/terms.mjs). A control's label stays as it is, since Streamlit reads it out as it is written;
where it is a sentence, as in a quiz, the sentence is said above it.
"""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from lessons.board.assets import loader
from lessons.board.component import component_key
from lessons.i18n import LANGUAGES, _, language, use_language
from lessons.kit.glossary_term import GlossaryTerm
from lessons.kit.glossary_terms import GLOSSARY

#: The page that has all of them (lessons/catalog.py).
PAGE = "glossary"
_MARKED = "glossary_marked"

#: What no link may be put into: code, formulas, links, icons, directives, addresses, backslash escapes, table rules.
_APART = re.compile(
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|!?\[[^\]]*\]\([^)]*\)|:[a-z-]+\[[^\]]*\]|:material/\w+:|<[^>]*>"
    r"|https?://\S+|\\.|^#.*?$",
    re.DOTALL | re.MULTILINE,
)

#: What changes in a sentence that is drawn again.
_NUMBERS = re.compile(r"[-+−]?\d[\d.,]*")

_component = st.components.v2.component("credit_lab_terms", js=loader("terms"))


def terms() -> Iterator[GlossaryTerm]:
    """All terms, in the order of the glossary."""
    for chapter in GLOSSARY:
        yield from chapter.terms


@dataclass
class _Marked:
    """What is marked on the page that a viewer looks at."""

    first: dict[str, int] = field(default_factory=dict)  # term → the text that has its link
    drawn: set[str] = field(default_factory=set)  # terms that this run of the script has marked already
    run: object = None

    def begin_run(self) -> None:
        """Of the page or of a fragment: Streamlit counts the places of each in an object of its own."""
        context = get_script_run_ctx(suppress_warning=True)
        now = context.cursors if context else None
        if now is not self.run:
            self.run, self.drawn = now, set()


def begin() -> None:
    """A page is drawn from its beginning: no term stands on it yet."""
    st.session_state[_MARKED] = _Marked()


def say(text: str, *, width: int | str = "stretch", into: DeltaGenerator | None = None) -> None:
    """`st.markdown(text)`, in which each term that is new on the page is explained; `into` a container, or here."""
    (into or st).markdown(marked(text), width=width)  # type: ignore[arg-type]


def say_small(text: str, *, width: int | str = "stretch") -> None:
    """`st.caption(text)`, with the terms that are new on the page explained."""
    st.caption(marked(text), width=width)  # type: ignore[arg-type]


def name_pages(text: str) -> None:
    """A caption of other pages' titles: the way on is no place to explain the terms in them at."""
    st.caption(text)


def marked(text: str) -> str:
    """Markdown in which the first occurrence on this page of each term is a link to the glossary.

    A text that is drawn again, as in a fragment, keeps its own links, also where its numbers are others by then;
    another one gets those that no text has yet.
    """
    state: _Marked = st.session_state.setdefault(_MARKED, _Marked())
    state.begin_run()
    own = zlib.crc32(_NUMBERS.sub("", text).encode())
    new = [x.key for x in terms() if x.key not in state.drawn and state.first.get(x.key, own) == own]
    shown, keys = mark(text, new)
    state.first.update(dict.fromkeys(keys, own))
    state.drawn.update(keys)
    return shown


def mark(text: str, keys: list[str]) -> tuple[str, list[str]]:
    """The text with a link at the first place of each of these terms, and which of them it holds."""
    pattern, by_form = _forms(language())
    left, held = set(keys), []

    def link(match: re.Match[str]) -> str:
        key = by_form.get(match[0].strip("*").lower())  # none: letters that only compare equal, as the Turkish ı and i
        if key not in left:
            return match[0]
        left.discard(key)
        held.append(key)
        return _link(key, match[0])  # stars inside: between a letter and a bracket they would close nothing

    shown, at = [], 0
    for apart in _APART.finditer(text):
        shown += [pattern.sub(link, text[at : apart.start()]), apart[0]]
        at = apart.end()
    return "".join([*shown, pattern.sub(link, text[at:])]), held


def explanation(term: GlossaryTerm) -> str:
    """What is shown of a term: its full name, or else its name, and what it is."""
    return _("{term}: {meaning}").format(term=_(term.full or term.name), meaning=_(term.meaning))


def address(key: str) -> str:
    """A term's place on the glossary page; pages are side by side, so it is a relative address."""
    return f"{PAGE}?lang={language()}#{key}"


def names(term: GlossaryTerm) -> dict[str, str]:
    """Language tag → name and full name."""
    shown = {}
    for tag in LANGUAGES:
        with use_language(tag):
            shown[tag] = " · ".join(dict.fromkeys(_(x) for x in (term.name, term.full) if x))
    return shown


def matches(term: GlossaryTerm, wanted: str) -> bool:
    """Whether a search finds the term: in its names in every language, or in its meaning in the viewer's."""
    text = " ".join([*names(term).values(), *term.also, _(term.meaning)]).lower()
    return all(word in text for word in wanted.lower().split())


def explanations() -> None:
    """Mounts what shows a term's explanation on hover and focus, on every page."""
    _component(key=component_key("terms"), height=0)


def _link(key: str, words: str) -> str:
    title = explanation(_by_key()[key])
    escaped = re.sub(r'([\\"$\[\]`*_<:|])', r"\\\1", title)
    return f'[{words}]({address(key)} "{escaped}")'


@functools.cache
def _by_key() -> dict[str, GlossaryTerm]:
    return {x.key: x for x in terms()}


@functools.cache
def _forms(tag: str) -> tuple[re.Pattern[str], dict[str, str]]:
    """What finds the terms in texts of a language, and form (in small letters) → term; the longest form wins."""
    by_form: dict[str, str] = {}
    with use_language(tag):
        for term in terms():
            if not term.marked:
                continue
            own = [_(x) for x in (term.name, term.full) if x]
            # Abbreviations are everybody's; of other forms there is another language's where the catalogue has it.
            own += [_(x) for x in term.also if tag == "en" or x.isupper() or _(x) != x]
            if tag == "en":
                own += [f"{x}s" for x in own if x[-1] != "s"]
            for form in own:
                if len(form) > 1:  # one Chinese character is part of other words
                    by_form.setdefault(form.lower(), term.key)
    longest = "|".join(re.escape(x) for x in sorted(by_form, key=len, reverse=True))
    letters = r"*\w-" if tag == "en" else "*A-Za-z"
    alone = rf"(?<![{letters}])(?:{longest})(?![({letters}])"
    return re.compile(rf"\*\*(?:{longest})\*\*|{alone}", re.IGNORECASE), by_form
