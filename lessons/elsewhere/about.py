"""What an exported page says of itself, in the viewer's language, as HTML: whose run it is, and what was left out."""

from __future__ import annotations

import datetime as dt
import json
from html import escape

from core.learners.registry import learner_kind
from core.runs.export import run_json
from core.runs.records import RunInfo
from core.runs.store import RunStore
from core.versions import CREDIT_LAB
from lessons.elsewhere.pieces import DIGITS, Pieces
from lessons.i18n import _, listed
from lessons.kit.display import learner_title, literal, one_line, status_word


def heading(run: RunInfo) -> str:
    """The page's title; as it is, not yet safe for HTML."""
    return f"{one_line(run.name, 120)} · Credit Lab"


def without_script() -> dict[str, str]:
    """What is said where the page cannot draw."""
    return {
        "no_script": _("This page draws with a script of its own. Allow scripts to see the run."),
        "failed": _("This page could not be drawn. It needs a browser of 2023 or later."),
    }


def about(store: RunStore, run: RunInfo, kept: Pieces) -> str:
    """The text below the board."""
    this, left_out, settings = _("About this page"), _("What was left out"), _("All settings of the run")
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in _facts(run))
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in _left_out(kept))
    config = literal_lines(json.dumps(run_json(store, run)["config"], indent=1, ensure_ascii=False))
    return (
        f"<h2>{escape(this)}</h2><p>{escape(_one_file())}</p><dl>{rows}</dl>"
        f"<h2>{escape(left_out)}</h2><ul>{items}</ul>"
        f'<details><summary>{escape(settings)}</summary><pre tabindex="0">{escape(config)}</pre></details>'
    )


def literal_lines(text: str) -> str:
    """A text of several lines, each with its unseen characters written out."""
    return "\n".join(literal(line, 2000) for line in text.split("\n"))


def _one_file() -> str:
    return _(
        "One file of Credit Lab: it asks no server for anything. Drag the slider, or click into a curve or a token."
    )


def _learner(run: RunInfo, name: str) -> str:
    """Its name, and its kind where the name is not the kind's."""
    title, kind = literal(learner_title(name)), _(learner_kind(run.config.learner(name)).title)
    return title if title == kind else f"{title} ({kind})"


def _facts(run: RunInfo) -> list[tuple[str, str]]:
    made = dt.datetime.fromtimestamp(run.created, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    learners = listed(_learner(run, x.name) for x in run.learners)
    versions = listed(f"{literal(name)} {literal(version)}" for name, version in run.versions.items())
    return [
        (_("Run"), f"{literal(run.name)} · {run.id}"),
        (_("State when it was exported"), status_word(run.status)),
        (_("Made"), made),
        (_("Learners"), learners),
        (_("Made with"), versions or _("not recorded")),
        (_("Exported by"), f"Credit Lab {CREDIT_LAB}"),
    ]


def _left_out(kept: Pieces) -> list[str]:
    steps = (
        _("Steps: none, all {made} are here.").format(made=kept.made)
        if len(kept.steps) == kept.made
        else _(
            "Steps: {n} of {made} are here, one in {every} and those to begin and end with, also in the curves."
        ).format(n=len(kept.steps), made=kept.made, every=kept.every)
    )
    return [
        steps,
        _(
            "Tokens: of each step those of one question are here, of up to {groups} that the run keeps. Of the others "
            "there are the rewards, and their tokens' dots."
        ).format(groups=kept.groups),
        _("Digits: a token's numbers have {digits} significant ones, as in the lab.").format(digits=DIGITS),
        _("The weights, the responses to the held-out questions, and what needs the models."),
    ]
