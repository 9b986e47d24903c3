"""Bring the catalogues up to date with the source: `python -m lessons.i18n.update`.

Collects every `_("…")`, `ngettext`, `N_` in `app.py` and `lessons/`, every `N_` in `core/`, every setting's
description from the config models (the expert view shows them) and every variant's note, and merges them into
`zh-TW/messages.po`. New messages come out untranslated; `tests/lessons/test_languages.py` fails until they are
translated.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po
from pydantic import BaseModel

from core.config import RunConfig
from core.learners.registry import KINDS
from core.learners.variants import VARIANTS
from core.tasks.settings import ChainSumSettings, QuestionsSettings, ReasoningGymSettings
from lessons.i18n import DEFAULT, HERE, LANGUAGES

ROOT = HERE.parents[1]
KEYWORDS: dict[str, Any] = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
MARKED: dict[str, Any] = {"N_": None}  # core shows nothing itself: it only marks
MODELS: tuple[type[BaseModel], ...] = (
    RunConfig,
    ChainSumSettings,
    ReasoningGymSettings,
    QuestionsSettings,
    *(x.settings for x in KINDS.values()),
)


def sources() -> list[Path]:
    """The files whose strings are shown."""
    return [path for path in [ROOT / "app.py", *sorted((ROOT / "lessons").rglob("*.py"))] if path.exists()]


def messages() -> Iterator[tuple[str | tuple[str, ...], str]]:
    """Every message id (a tuple where it has plural forms) and where it comes from."""
    marked = [(path, MARKED) for path in sorted((ROOT / "core").rglob("*.py"))]
    for path, keywords in [*((path, KEYWORDS) for path in sources()), *marked]:
        for _line, message, _comments, _context in extract_from_file("python", path, keywords):
            if message:
                yield message, path.relative_to(ROOT).as_posix()
    for model in MODELS:
        for field in model.model_fields.values():
            if field.description:
                yield field.description, "core/config.py"
    for variant in VARIANTS.values():
        if variant.note:
            yield variant.note, "core/learners/variants.py"


def template() -> Catalog:
    """A fresh catalogue of all messages, in the order of the source."""
    catalog = Catalog(project="Credit Lab", charset="utf-8", fuzzy=False)
    for message, place in messages():
        catalog.add(message, locations=[(place, None)])
    return catalog


def update(tag: str) -> Catalog:
    """The language's catalogue with new messages added and old ones dropped."""
    path = HERE / tag / "messages.po"
    fresh = template()
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=tag.replace("-", "_"))
        catalog.update(fresh, no_fuzzy_matching=True)
        catalog.obsolete.clear()
    else:
        catalog = Catalog(locale=tag.replace("-", "_"), project="Credit Lab", charset="utf-8", fuzzy=False)
        for message in fresh:
            if message.id:
                catalog.add(message.id, locations=message.locations)
    # Babel would leave its placeholders for a person and an address here.
    catalog.last_translator = catalog.language_team = "Credit Lab contributors"
    catalog.msgid_bugs_address = catalog.version = ""
    return catalog


def main() -> None:
    for tag in LANGUAGES:
        if tag == DEFAULT:
            continue
        catalog = update(tag)
        with (HERE / tag / "messages.po").open("wb") as file:
            write_po(file, catalog, width=110, omit_header=False, sort_output=False, include_lineno=False)
        missing = sum(1 for message in catalog if message.id and not message.string)
        print(f"{tag}: {len(catalog)} messages, {missing} to translate")


if __name__ == "__main__":
    main()
