"""What the glossary knows of a term, and the heading under which terms stand together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GlossaryTerm:
    """A word of the field. `name` is how it stands in texts; `full` is its full name where that is another one."""

    key: str  # its address on the glossary page
    name: str
    meaning: str
    lesson: str  # the key of the page that shows it
    full: str = ""
    symbol: str = ""  # LaTeX
    also: tuple[str, ...] = ()  # other ways in which it stands in English texts; plurals with s are known
    marked: bool = True  # False: the word has other senses too, so it is explained on the glossary page only


@dataclass(frozen=True)
class Chapter:
    """Terms that belong together, under one heading."""

    title: str
    terms: tuple[GlossaryTerm, ...]
