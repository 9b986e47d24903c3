"""Bring the catalogues up to date with the source: `python -m lessons.i18n.update`.

Collects every `_("…")`, `ngettext`, `N_` in `app.py` and `lessons/`, every `N_` and every message of core's (see
spoken.py), every setting's description from the config models (the expert view shows them), every task's title and
summary and every variant's note, and merges them into `zh-TW/messages.po`. New messages come out untranslated;
`tests/lessons/test_languages.py` fails until they are translated.
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
from core.learners import registry as learners
from core.learners.variants import VARIANTS
from core.tasks import registry as tasks
from lessons.i18n import DEFAULT, HERE, KEY, LANGUAGES
from lessons.i18n.spoken import what_is_spoken

ROOT = HERE.parents[1]
KEYWORDS: dict[str, Any] = {"_": None, "gettext": None, "ngettext": (1, 2), "forms": (1, 2), "N_": None}
MODELS: tuple[type[BaseModel], ...] = (
    RunConfig,
    *(tasks.TASK_KINDS[x].settings for x in tasks.choosable()),
    *(x.settings for x in learners.LEARNER_KINDS.values()),
)


def sources() -> Iterator[tuple[Path, dict[str, Any]]]:
    """The files whose strings are shown, and what marks a string there."""
    for path in [ROOT / "app.py", *sorted((ROOT / "lessons").rglob("*.py"))]:
        yield path, KEYWORDS
    for path in sorted((ROOT / "core").rglob("*.py")):
        yield path, {"N_": None}


def messages() -> Iterator[tuple[str | tuple[str, ...], str]]:
    """Every message id (a tuple where it has plural forms) and where it comes from."""
    for path, keywords in sources():
        for _line, message, _comments, _context in extract_from_file("python", path, keywords):
            if message:
                yield message, path.relative_to(ROOT).as_posix()
    for model in MODELS:
        for field in model.model_fields.values():
            if field.description:
                yield field.description, "core/run_settings.py"
    for name in tasks.choosable():
        for message in (tasks.TASK_KINDS[name].title, tasks.TASK_KINDS[name].summary):
            yield message, "core/tasks/kinds"
    for variant in VARIANTS.values():
        if variant.note:
            yield variant.note, "core/learners/variants.py"
    for spoken in what_is_spoken(ROOT):
        yield spoken.template, spoken.place


def template() -> Catalog:
    """A fresh catalogue of all messages, in the order of the source."""
    catalog = Catalog(project="Credit Lab", charset="utf-8", fuzzy=False)
    for message, place in messages():
        catalog.add(message, locations=[(place, None)])
    for spoken in what_is_spoken(ROOT):
        catalog.add(spoken.template, auto_comments=[KEY + spoken.key])
    return catalog


def update(tag: str) -> Catalog:
    """The language's catalogue with new messages added and old ones dropped."""
    path = HERE / tag / "messages.po"
    fresh = template()
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=tag.replace("-", "_"))
        # A date that changed at every update would conflict at every merge, and tells nobody anything.
        catalog.update(fresh, no_fuzzy_matching=True, update_creation_date=False)
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
