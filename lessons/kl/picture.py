"""The picture of this lesson: what its module is handed. Numbers are of the trace's columns, curves the terms'."""

from __future__ import annotations

from typing import Any

from core.algorithms.kl import ESTIMATORS, kl_terms
from core.terms import Names, Terms
from lessons.i18n import _
from lessons.kit.display import literal, token_name
from lessons.kit.lesson import Frozen, mount
from lessons.kl.draw import EDGE

#: In which order the tokens come in: by chance, but always the same.
SEED = 0
COLUMNS = ("logprob", "logprob_ref")


def moving_picture(here: Frozen) -> None:
    """A step's tokens come in one by one; each lands on the estimates' curves and moves their means."""
    mount("kl", data(here), key="kl_picture")


def data(here: Frozen) -> dict[str, Any]:
    from core.insight.kl_study import fresh, running_means

    rows = fresh(here.tokens)
    estimates, means, order = running_means(rows, SEED)
    samples = [x.sample for x in here.replies]
    tokens, places, of = (rows[name].to_pylist() for name in ("token", "position", "sample"))
    return {
        "terms": Terms(kl_terms(ESTIMATORS), Names(tokens=COLUMNS)).as_json(_)["terms"],
        "log_ratio": _numbers(estimates["k1"]),  # k1 is the log-ratio
        "estimates": {name: _numbers(x) for name, x in estimates.items()},
        "running": {name: _numbers(x) for name, x in means.items()},
        "tokens": [literal(token_name(tokens[i]), 12) for i in order],
        "position": [places[i] for i in order],
        "response": [samples.index(of[i]) for i in order],
        "responses": [literal(x.text, 40) for x in here.replies],
        "edge": EDGE,
        "words": _words(),
    }


def _numbers(tensor: Any) -> list[float]:
    return [round(x, 5) for x in tensor.tolist()]


def _words() -> dict[str, str]:
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "scrub": _("Tokens that have come in"),
        "comma": _(", "),
        "none": _("none"),
        "exact": _("exact"),
        "curves": _("One token: its estimate against its log-ratio"),
        "running": _("All tokens so far: the mean of each"),
        "log_ratio": _("log π of the policy − log π of the reference"),
        "count": _("tokens so far"),
        "alt_curves": _(
            "k1, k2 and k3 against the log-ratio: a straight line, a parabola, and a curve that is steep on the left."
        ),
        "alt_running": _("After all {all} tokens the exact KL is {exact} on average; the estimates: {means}."),
        "start": _("Tokens of this step that wait: {all}. Press play: they come in one by one, in random order."),
        "coming": _("Tokens are coming in…"),
        "so_far": _("Tokens that have come in: {count} of {all}."),
        "means": _("On average the exact KL is {exact} so far; the estimates say {means}."),
        "newest": _("“{token}” at position {position} of {response}: log-ratio {x}; {values}; exact KL there {exact}."),
    }
