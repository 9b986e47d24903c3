"""Ratio and clip on a frozen batch: from ρ ≡ 1 through the passes, the four cases, then limits of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from lessons.i18n import _, one_after_another
from lessons.kit.display import plain, token_name
from lessons.kit.first_ratios import first_ratios, older_cuts
from lessons.kit.lesson import Choice, Frozen, Reply, Row, Sub, predict, stepper, token_strips
from lessons.kit.numbers import number, signed, table
from lessons.ratio_and_clip.batch import Spot, find, furthest, looked_at, never_left_1, outcome, spots, trained_limits
from lessons.ratio_and_clip.case_words import REASONS, case_name
from lessons.ratio_and_clip.draw import surrogate

if TYPE_CHECKING:
    from core.insight.clip_cases import Case, Limits, Outcome


def prediction(batch: Frozen) -> None:
    """What becomes of a bad token that has become likelier? Answered by a token of this very batch if there is one."""
    limits = trained_limits(batch)
    import torch

    from core.insight.clip_cases import evaluate

    result = outcome(batch, looked_at(batch), limits)
    spot = find(batch, result, "bad-above")
    if spot is None:  # no such token here: one that might be
        result = evaluate(torch.tensor([0.4]), torch.zeros(1), torch.tensor([-1.0]), limits)
    at = spot.index if spot else 0
    ratio, advantage, gradient = (float(x[at]) for x in (result.ratio, result.advantage, result.gradient))
    question = _(
        "A token has advantage {advantage}, and the passes have raised its ratio to {ratio}, above the range "
        "{low} to {high}. What does the clip do to its gradient?"
    ).format(
        advantage=signed(advantage),
        ratio=number(ratio, 2),
        low=number(1 - limits.low, 2),
        high=number(1 + limits.high, 2),
    )
    numbers = _(
        "ρ·A = {plain}, clip(ρ)·A = {bounded}; the smaller is {smaller}, and its gradient is {gradient}."
    ).format(
        plain=signed(float(result.plain[at])),
        bounded=signed(float(result.bounded[at])),
        smaller=signed(float(result.objective[at])),
        gradient=signed(gradient),
    )
    choices = [
        Choice(
            _("It cuts it to 0: the ratio is outside the range"),
            gradient == 0,
            one_after_another(_("Outside the range is not yet clipped: the min decides."), numbers),
        ),
        Choice(
            _("Nothing: the token is still pushed down, in full"),
            abs(gradient - ratio * advantage) < 1e-5,
            one_after_another(
                numbers, _("The policy went the wrong way here, and nothing stops it from being brought back.")
            ),
        ),
        Choice(
            _("It makes it smaller, as if the ratio were at the range's edge"),
            gradient != 0 and abs(gradient - ratio * advantage) >= 1e-5,
            _("The clip never shrinks a gradient: it leaves it whole or takes it away. (CISPO does what you describe.)")
            + " "
            + numbers,
        ),
    ]
    predict("rck_clip", question, choices, about=f"{batch.run.id} {batch.learner} {batch.step}")


def walk(batch: Frozen) -> None:
    """Draws the stepper and what it shows; a fragment."""
    from core.insight.clip_cases import CASES

    count = batch.passes
    subs = [
        Sub("fresh", _("Before the first update: every ratio is 1")),
        Sub("passes", _("Pass by pass the ratios drift"), max(1, count)),
        Sub("cases", _("The four cases, one by one"), len(CASES)),
        Sub("whatif", _("The same tokens under other limits")),
    ]
    place = stepper(subs, key="rck_walk")
    limits, after, case = trained_limits(batch), looked_at(batch), None
    if place.key == "fresh":
        after = 0
    elif place.key == "passes":
        after = min(place.part, count)
    elif place.key == "cases":
        case = CASES[place.part - 1]
    else:
        limits = _sliders(limits)
    result = outcome(batch, after, limits, taken=place.key != "fresh")
    _sentence(batch, result, after, place.key)
    spot = find(batch, result, case) if case else None
    if case:
        _case(batch, case, spot, result)
    # After the last pass nothing is cut, as no gradient is taken; only the cases ask what a further pass would do.
    cuts = after in batch.gradients or place.key not in ("fresh", "passes")
    surrogate(result, limits, case, _furthest(batch), cuts=cuts)
    if place.key == "whatif":
        _counts(batch, result, outcome(batch, after, trained_limits(batch)))
    _strip(batch, result, after, spot, cuts=cuts)


def _sliders(trained: Limits) -> Limits:
    """ε, ε_high and the dual clip, kept in the link."""
    from core.insight.clip_cases import Limits

    first, second, third = st.columns(3)
    low = first.slider(
        _("ε: how far down"), 0.02, 0.6, round(trained.low, 2), 0.02, "%.2f", key="rck_eps", bind="query-params"
    )
    high = second.slider(
        _("{symbol}: how far up").format(symbol=r"$\varepsilon_{\text{high}}$"),
        0.02,
        1.0,
        round(trained.high, 2),
        0.02,
        "%.2f",
        key="rck_high",
        bind="query-params",
    )
    options = ["none", "1.2", "1.5", "2", "3"]
    dual = third.segmented_control(
        _("Dual clip c, for A < 0"), options, default="none", required=True, key="rck_dual", bind="query-params"
    )
    return Limits(low, high, None if dual in (None, "none") else float(dual))


def _sentence(batch: Frozen, result: Outcome, after: int, where: str) -> None:
    text = first_ratios(batch) if where == "fresh" else _counted(batch, result, after, where)
    with st.container(key="rck_sentence"):
        st.markdown(text)
        if older := older_cuts(batch):
            st.caption(older)


def _counted(batch: Frozen, result: Outcome, after: int, where: str) -> str:
    """How far the ratios have gone, and what that means for the gradients that were taken there."""
    ratio = result.ratio
    if after in batch.gradients:
        template = _(
            "After pass {number} of {all}: ratios from {low} to {high}; {out} of {total} tokens lie outside the range, "
            "{cut} are cut. Pass {next} takes its gradients here."
        )
        if batch.settings.num_mini_batches > 1:
            template = _(
                "Where the mini-batches of pass {next} of {all} took their gradients: ratios from {low} to {high}; "
                "{out} of {total} tokens lie outside the range, {cut} are cut."
            )
    elif where == "passes":
        template = _(
            "After pass {number} of {all}, the last: ratios from {low} to {high}; {out} of {total} tokens lie outside "
            "the range. No gradient is taken here any more, so none is cut."
        )
    else:
        template = _(
            "Every gradient of this step was taken at ratio 1, so the clip cut none. What a further pass would find: "
            "ratios from {low} to {high}; {out} of {total} tokens lie outside the range, {cut} would be cut."
        )
    return template.format(
        number=after,
        next=after + 1,
        all=batch.passes,
        low=number(float(ratio.min()), 2),
        high=number(float(ratio.max()), 2),
        out=sum(result.count(x) for x in _cases()),
        cut=int(result.cut.sum()),
        total=len(ratio),
    )


def _cases() -> tuple[Case, ...]:
    from core.insight.clip_cases import CASES

    return CASES


def _case(batch: Frozen, case: Case, spot: Spot | None, result: Outcome) -> None:
    with st.container(border=True, key="rck_case"):
        st.markdown(_("**{case}**. {reason}").format(case=case_name(case), reason=_(REASONS[case])))
        if spot is None:
            never = never_left_1(batch)
            st.caption(
                _("No token of this batch is in this case after the last pass.")
                if never
                else _("No token of this batch was in this case when the last pass took its gradients.")
            )
            return
        i = spot.index
        alike = len(furthest(result, case))
        words = (
            _(
                "The furthest of {count} such tokens: “{token}” at position {position} of {response}. ρ = {ratio}, "
                "A = {advantage}: ρ·A = {plain}, clip(ρ)·A = {bounded}. The smaller is {objective}; gradient with "
                "respect to log π: **{gradient}**."
            )
            if alike == 1
            else _(
                "Of {count} such tokens {alike} are furthest out, alike; one of them is “{token}” at position "
                "{position} of {response}. ρ = {ratio}, A = {advantage}: ρ·A = {plain}, clip(ρ)·A = {bounded}. The "
                "smaller is {objective}; gradient with respect to log π: **{gradient}**."
            )
        )
        st.markdown(
            words.format(
                alike=alike,
                count=result.count(case),
                token=plain(token_name(spot.reply.tokens[spot.at]), 12),
                position=spot.at + 1,
                response=plain(spot.reply.text, 40),
                ratio=number(float(result.ratio[i]), 2),
                advantage=signed(float(result.advantage[i])),
                plain=signed(float(result.plain[i])),
                bounded=signed(float(result.bounded[i])),
                objective=signed(float(result.objective[i])),
                gradient=signed(float(result.gradient[i])),
            )
        )


def _counts(batch: Frozen, result: Outcome, trained: Outcome) -> None:
    """What these limits would have cut, beside what the run's own did."""
    rows = [
        (_("cut on the high side, A > 0"), lambda x: int(((x.side > 0) & (x.advantage > 0)).sum())),
        (_("cut on the low side, A < 0"), lambda x: int((x.side < 0).sum())),
        (_("cut by the dual clip, A < 0"), lambda x: int(((x.side > 0) & (x.advantage < 0)).sum())),
        (
            _("outside the range, and still learns"),
            lambda x: sum(x.count(c) for c in _cases()) - int(((x.case >= 0) & x.cut).sum()),
        ),
    ]
    own = _("with the run's own") if never_left_1(batch) else _("as it was trained")
    head = [_("tokens"), _("with these limits"), own]
    lines = table(head, ((name, f"**{count(result)}**", str(count(trained))) for name, count in rows))
    with st.container(key="rck_counts"):
        st.markdown(lines)
        st.caption(
            _(
                "{total} tokens. The batch is frozen: other limits would also have led the policy elsewhere after the "
                "first cut, which this table cannot know."
            ).format(total=len(result.ratio))
        )


def _furthest(batch: Frozen) -> float:
    """How far to the right the axis goes, the same in every sub-step."""
    highest = float(outcome(batch, batch.passes, trained_limits(batch)).ratio.max())
    return min(4.0, max(2.0, 1.05 * highest))


def _strip(batch: Frozen, result: Outcome, after: int, spot: Spot | None, *, cuts: bool) -> None:
    """One response's ratios: that of the token under the spotlight, else the one with most tokens cut."""
    reply = spot.reply if spot else _liveliest(batch)
    start = next(x.index for x in _starts(batch) if x.reply.sample == reply.sample)
    here = slice(start, start + len(reply.tokens))
    marks = {1: "high", -1: "low", 0: None} if cuts else {}
    gradient = {_("gradient"): result.gradient[here].tolist()} if cuts else {}
    token_strips(
        [
            Row(
                name=f"r{reply.sample}",
                label=_("ratio after pass {number}").format(number=after)
                if after
                else _("ratio before the first pass"),
                tokens=reply.tokens,
                values=result.ratio[here].tolist(),
                note=_("right, reward 1") if reply.success else _("wrong, reward 0"),
                learner="blue",
                marks=[marks.get(x) for x in result.side[here].tolist()],  # type: ignore[misc]
                spot=[spot is not None and at == spot.at for at in range(len(reply.tokens))],
                more={_("advantage"): result.advantage[here].tolist(), **gradient},
            )
        ],
        key="rck_strip",
        quantity=_("ratio"),
        kind="ratio",
        domain=[0.5, 1.5],
        link="rck_token",
    )


def _starts(batch: Frozen) -> list[Spot]:
    return [x for x in spots(batch) if x.at == 0]


def _liveliest(batch: Frozen) -> Reply:
    cut = outcome(batch, looked_at(batch), trained_limits(batch)).cut.tolist()
    return max(_starts(batch), key=lambda x: sum(cut[x.index : x.index + len(x.reply.tokens)])).reply
