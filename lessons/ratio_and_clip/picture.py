"""The clip picture: what its module is handed. Numbers are the trace's; formulas go over as terms and regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from lessons.board.strips import sent_strip
from lessons.i18n import _
from lessons.kit.display import literal, token_name
from lessons.kit.first_ratios import first_ratios
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Frozen, Reply, Row, mount
from lessons.kit.lesson.replies import verdict_note
from lessons.kit.numbers import number, whole
from lessons.ratio_and_clip.batch import find, looked_at, never_left_1, outcome, spots, trained_limits
from lessons.ratio_and_clip.case_words import case_name
from lessons.ratio_and_clip.picture_words import words

if TYPE_CHECKING:
    from core.insight.clip_cases import Limits, Outcome
    from core.learners.registry import AnyLearner

#: What is maximised for a token, and what its gradient with respect to log π is where nothing cuts it (ρ · Â).
OBJECTIVE, GRADIENT = "surrogate_value", "unclipped"
#: What the picture gives each token by itself.
GIVEN = ("ratio", "advantage")
#: Bounds of the dual clip that can be chosen; "none" is without one.
DUAL = ("none", "1.2", "1.5", "2", "3")
LOWEST, HIGHEST = (0.02, 0.6), (0.02, 1.0)


def moving_picture(batch: Frozen) -> None:
    """Real tokens drift along the surrogate as the passes go by; the response with most cut ones moves along."""
    limits, last = trained_limits(batch), looked_at(batch)
    results = [outcome(batch, x, limits, taken=x > 0) for x in range(batch.passes + 1)]
    reply = _liveliest(batch, results[last])
    moments = [
        _moment(x, taken=number in batch.gradients, says=_says(batch, x, number)) for number, x in enumerate(results)
    ]
    data = _data(batch, results[last], moments)
    data["start"] = _linked_moment(batch.passes)
    data["strip"] = _strip(batch, reply)
    _hold_its_own(data, results[last])
    mount("clip", data, key="ratio_picture")


def own_limits(batch: Frozen) -> None:
    """The tokens of the last gradients, under limits that can be set, and one of them for each of the four cases."""
    from core.insight.clip_cases import CASES

    limits, last = trained_limits(batch), looked_at(batch)
    result = outcome(batch, last, limits)
    data = _data(batch, result, [_moment(result, taken=True, says="")])
    own = batch.settings.model_copy(update={"epsilon_high": limits.high})  # the two sides are set apart here
    data["declared"] = {x: _declared(own, None if x == "none" else float(x)) for x in _choices(limits)}
    case = _linked_case()
    cases = []
    for name in CASES:
        spot = find(batch, result, name)
        at = None if spot is None else spot.index
        cases.append({"name": case_name(name), "token": at, "sign": 1 if name.startswith("good") else -1})
        if at is not None and name == case:
            data["held"][name.startswith("bad")] = at
    data["limits"] = {
        "low": LOWEST,
        "high": HIGHEST,
        "trained": _trained(result),
        "trained_title": _("with the run's own") if never_left_1(batch) else _("as it was trained"),
        "cases": cases,
    }
    if never_left_1(batch):
        say(_further(result))
    mount("clip", data, key="ratio_limits")
    say_small(
        _(
            "{total} tokens. The batch is frozen: other limits would also have led the policy elsewhere after the "
            "first cut, which this table cannot know."
        ).format(total=whole(len(result.ratio)))
    )


def _data(batch: Frozen, looked: Outcome, moments: list[dict[str, Any]]) -> dict[str, Any]:
    """What both pictures have: tokens, advantages, terms."""
    limits = trained_limits(batch)
    places = list(spots(batch))
    ends = {name: find(batch, looked, name) for name in ("good-above", "bad-above", "bad-below")}
    good, bad = ends["good-above"], ends["bad-below"] or ends["bad-above"]
    linked = _linked_token(batch)
    held = [None if x is None else x.index for x in (good, bad)]
    if linked is not None:
        held[looked.advantage[linked] < 0] = linked
    return {
        "declared": {_dual_name(limits.dual): _declared(batch.settings, limits.dual)},
        "dual": _dual_name(limits.dual),
        "objective": OBJECTIVE,
        "gradient": GRADIENT,
        "moments": moments,
        "start": 0,
        "advantage": _numbers(looked.advantage),
        "tokens": [literal(token_name(x.reply.tokens[x.at]), 12) for x in places],
        "position": [x.at for x in places],
        "response": [batch.replies.index(x.reply) for x in places],
        "responses": [literal(x.text, 40) for x in batch.replies],
        "held": held,
        "reach": _reach(batch, limits),
        "limits": None,
        "strip": None,
        "words": words(),
    }


def _declared(settings: AnyLearner, dual: float | None) -> dict[str, Any]:
    """The surrogate's terms, as far as the objective is made of them, its regions, and the settings they speak of."""
    from core.training.terms import known_values, terms_for

    chosen = settings.model_copy(update={"dual_clip": dual})
    declared = terms_for(chosen).as_json(_)
    by_name = {x["name"]: x for x in declared["terms"]}
    for name in GIVEN:
        by_name[name]["tree"] = ["token", name]  # here they are no results but what is dragged, and given
    needed, waiting = set(GIVEN), [OBJECTIVE, GRADIENT]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += _terms_in(by_name[name]["tree"])
    terms = [x for x in declared["terms"] if x["name"] in needed]
    return {"terms": terms, "regions": declared["regions"], "settings": known_values(chosen)}


def _terms_in(tree: Any) -> list[str]:
    if not isinstance(tree, list | tuple):
        return []
    if tree and tree[0] == "term":
        return [tree[1]]
    return [name for x in tree[1:] for name in _terms_in(x)]


def _moment(result: Outcome, *, taken: bool, says: str) -> dict[str, Any]:
    sides = [int(x) for x in result.side.tolist()] if taken else []
    return {"ratio": _numbers(result.ratio), "side": sides, "says": says}


def _numbers(tensor: Any) -> list[float]:
    return [round(x, 5) for x in tensor.tolist()]


def _says(batch: Frozen, result: Outcome, after: int) -> str:
    """How far the ratios have gone after so many passes, and what that means for the gradients taken there."""
    if after == 0:
        return first_ratios(batch)
    ratio = result.ratio
    if after not in batch.gradients:
        template = _(
            "After pass {number} of {all}, the last: ratios from {low} to {high}; {out} of {total} tokens lie outside "
            "the range. No gradient is taken here any more, so none is cut."
        )
    elif batch.settings.num_mini_batches > 1:
        template = _(
            "Where the mini-batches of pass {next} of {all} took their gradients: ratios from {low} to {high}; "
            "{out} of {total} tokens lie outside the range, {cut} are cut."
        )
    else:
        template = _(
            "After pass {number} of {all}: ratios from {low} to {high}; {out} of {total} tokens lie outside the range, "
            "{cut} are cut. Pass {next} takes its gradients here."
        )
    return template.format(
        number=after,
        next=after + 1,
        all=batch.passes,
        low=number(float(ratio.min()), 2),
        high=number(float(ratio.max()), 2),
        out=whole(int((result.case >= 0).sum())),
        cut=int(result.cut.sum()),
        total=whole(len(ratio)),
    )


def _further(result: Outcome) -> str:
    """What is shown where no gradient was taken at another ratio than 1."""
    ratio = result.ratio
    return _(
        "Every gradient of this step was taken at ratio 1, so the clip cut none. What a further pass would find: "
        "ratios from {low} to {high}; {out} of {total} tokens lie outside the range, {cut} would be cut."
    ).format(
        low=number(float(ratio.min()), 2),
        high=number(float(ratio.max()), 2),
        out=whole(int((result.case >= 0).sum())),
        cut=int(result.cut.sum()),
        total=whole(len(ratio)),
    )


def _trained(result: Outcome) -> list[int]:
    """How many tokens the run's own limits cut, region by region as the surrogate declares them; last: how many are
    outside the range and still learn.
    """
    high, low = result.side > 0, result.side < 0
    good = result.advantage > 0
    cut = [int((high & good).sum()), int(low.sum()), int((high & ~good).sum())]
    return [*cut, int(((result.case >= 0) & ~result.cut).sum())]


def _choices(limits: Limits) -> list[str]:
    own = _dual_name(limits.dual)
    return [*DUAL, *([] if own in DUAL else [own])]


def _dual_name(dual: float | None) -> str:
    return "none" if dual is None else f"{dual:g}"


def _reach(batch: Frozen, limits: Limits) -> float:
    """How far to the right the axis goes: all passes are on it, far outliers at its edge."""
    highest = float(outcome(batch, batch.passes, limits).ratio.max())
    return round(min(4.0, max(2.0, 1.05 * highest)), 1)


def _strip(batch: Frozen, reply: Reply) -> dict[str, Any]:
    first = next(x.index for x in spots(batch) if x.reply.sample == reply.sample)
    count = len(reply.tokens)
    row = Row(
        name=f"r{reply.sample}",
        label="",
        tokens=reply.tokens,
        values=[1.0] * count,
        note=verdict_note(reply),
        learner="blue",
        marks=[None] * count,
        more={_("advantage"): [x or 0.0 for x in reply.column("advantage")]},
    )
    sent = sent_strip([row], quantity=_("ratio"), kind="ratio", domain=[0.5, 1.5])
    start = _("ratio before the first pass")
    return {"first": first, "count": count, "sent": sent, "label": _("ratio after pass {number}"), "at_start": start}


def _hold_its_own(data: dict[str, Any], looked: Outcome) -> None:
    """Where the response that moves along has cut tokens, the furthest one of each sign is held: one response is shown.

    A token that a link names is of that response already, and stays.
    """
    first = data["strip"]["first"]
    own = range(first, first + data["strip"]["count"])
    ratio, cut, good = looked.ratio.tolist(), looked.cut.tolist(), (looked.advantage > 0).tolist()
    for panel, is_good in enumerate((True, False)):
        ours = [i for i in own if cut[i] and good[i] is is_good]
        if ours and data["held"][panel] not in own:
            data["held"][panel] = max(ours, key=lambda i: abs(ratio[i] - 1))


def _liveliest(batch: Frozen, result: Outcome) -> Reply:
    """The response with most tokens cut, or that of the token which the link names."""
    linked = _linked_token(batch)
    places = list(spots(batch))
    if linked is not None:
        return places[linked].reply
    cut = result.cut.tolist()
    starts = [x for x in places if x.at == 0]
    return max(starts, key=lambda x: sum(cut[x.index : x.index + len(x.reply.tokens)])).reply


# What a link may name: sub=passes.2, sub=cases.3, rck_token=r12.4 (of the time when these were sub-steps).


def _linked_moment(passes: int) -> int:
    name, _dot, part = st.query_params.get("sub", "").partition(".")
    if name != "passes":
        return 0
    return min(passes, int(part)) if part.isascii() and part.isdecimal() and len(part) < 6 else min(1, passes)


def _linked_case() -> str | None:
    from core.insight.clip_cases import CASES

    name, _dot, part = st.query_params.get("sub", "").partition(".")
    if name != "cases":
        return None
    return CASES[int(part) - 1] if part in ("1", "2", "3", "4") else CASES[0]


def _linked_token(batch: Frozen) -> int | None:
    name, _dot, place = st.query_params.get("rck_token", "").partition(".")
    if not (place.isascii() and place.isdecimal() and len(place) < 6):
        return None
    places = [x.index for x in spots(batch) if name == f"r{x.reply.sample}" and x.at == int(place)]
    return places[0] if places else None
