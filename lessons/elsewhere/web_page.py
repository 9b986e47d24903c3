"""A run as one HTML file: it opens from a disk, in either language, without a server and without a network.

All of it stands in the file: the app's own frontend, the words of both languages, the run's numbers, packed. The page's
Content-Security-Policy lets nothing be loaded from anywhere, and no script run but the one that is written here and the
modules that it unpacks; whatever a model wrote or a run is called is text.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any

from core.runs.errors import RunNotFound
from core.runs.records import RunInfo
from core.runs.store import RunStore
from lessons.board.assets import assets, inline_files, loader
from lessons.board.options import lab_options
from lessons.elsewhere.about import about, heading, without_script
from lessons.elsewhere.flow import batch_of, flow
from lessons.elsewhere.pieces import MOST_BYTES, Pieces, pack, pieces
from lessons.i18n import LANGUAGES, use_language
from lessons.kit.lesson import Frozen

#: What words, pipeline and text take at most, packed.
WORDS_BYTES = 250_000
_CHANNEL = "credit-lab:page"
#: Shown where the script fails, such as in a browser that cannot unpack.
_FAILED = 'document.getElementById("failed").hidden = false;'


def web_page(store: RunStore, run: RunInfo) -> str:
    """The page of a run, at most MOST_BYTES long unless one step alone is longer; a run that goes on, as it stands.

    Raises RunNotFound where no learner has finished a step, StoreError.
    """
    if all(x.step < 0 for x in run.learners):
        raise RunNotFound("There is nothing to show: no learner of this run has finished a step.")
    files = pack({name: text for name, text in inline_files().items() if name != "web_page.css"})
    kept = pieces(store, run, MOST_BYTES - len(files) - WORDS_BYTES)
    batch = batch_of(store, run)
    languages = {tag: _in_language(tag, store, run, kept, batch) for tag in LANGUAGES}
    head = {"live": kept.live, "languages": {tag: x["head"] for tag, x in languages.items()}}
    parts = {"files": files, "head": pack(head), **{f"step-{step}": text for step, text in kept.steps.items()}}
    above, below = ({tag: x[name] for tag, x in languages.items()} for name in ("above", "about"))
    return _page(run, above, below, parts)


def _in_language(tag: str, store: RunStore, run: RunInfo, kept: Pieces, batch: Frozen | None) -> dict[str, Any]:
    """What the script is handed in a language, and what stands in the page above the pipeline and at its end."""
    with use_language(tag):
        data, above = flow(batch, store) if batch else (None, "")
        head = {"title": heading(run), "lab": lab_options(run.id, run.status, _CHANNEL), "pipeline": data}
        return {"head": head, "above": above, "about": about(store, run, kept)}


def _page(run: RunInfo, above: dict[str, str], below: dict[str, str], parts: dict[str, str]) -> str:
    script = f"{loader('web_page')}\nopenPage().catch((error) => {{\n  {_FAILED}\n  throw error;\n}});\n"
    if "</script" in script.lower() or "<!--" in script:
        raise ValueError("the page's script would end too early")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}' blob:; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )
    buttons = "".join(
        f'<button type="button" lang="{tag}" data-choose="{tag}" aria-pressed="false">{escape(name)}</button>'
        for tag, name in LANGUAGES.items()
    )
    packed = "".join(f'<script type="text/plain" data-part="{x}">{text}</script>\n' for x, text in parts.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(heading(run))}</title>
<style>
{assets()["web_page.css"].text}</style>
</head>
<body>
<header><h1>{escape(heading(run))}</h1><nav aria-label="Language · 語言">{buttons}</nav></header>
<main>
<noscript><p>{_both("no_script")}</p></noscript>
<p id="failed" hidden role="alert">{_both("failed")}</p>
<div id="board"></div>
{_in_each(above)}<div id="pipeline"></div>
</main>
<footer>
{_in_each(below)}</footer>
{packed}<script type="module">{script}</script>
</body>
</html>
"""


def _in_each(texts: dict[str, str]) -> str:
    """HTML in each language, of which the script shows one; without it all are seen."""
    return "".join(f'<div data-lang="{tag}" lang="{tag}">{text}</div>\n' for tag, text in texts.items() if text)


def _both(name: str) -> str:
    """A sentence in every language: it is for who sees the page without its script."""
    sentences = []
    for tag in LANGUAGES:
        with use_language(tag):
            sentences.append(f'<span lang="{tag}">{escape(without_script()[name])}</span>')
    return "<br>".join(sentences)
