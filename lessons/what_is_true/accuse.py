"""Which token ruined this answer? The prediction comes first; only then is the truth measured."""

from __future__ import annotations

import streamlit as st

from lessons.i18n import _, listed, ngettext
from lessons.kit.credits import clear_case
from lessons.kit.display import plain, token_name
from lessons.kit.lesson import Choice, Frozen, Reply, pick_group, predict, revealed
from lessons.kit.numbers import signed
from lessons.kit.truth import Truth, is_measured, truth


def wrong_reply(batch: Frozen) -> Reply | None:
    """The response to look at: of the chosen prompt, a wrong one."""
    left, right = st.columns(2)
    with left:
        group = pick_group(batch, key="truth_group")
    wrong = [x for x in group.replies if not x.success]
    with right:
        if not wrong:
            st.info(_("Every response to this prompt was right: nobody to blame. Choose another prompt."))
            return None
        numbers = [x.sample for x in wrong]
        linked = st.query_params.get("wt_reply", "")
        chosen = int(linked) if linked.isascii() and linked.isdecimal() and len(linked) < 6 else -1
        st.session_state["truth_reply"] = chosen if chosen in numbers else clear_case(batch, group).sample
        # Numbered, as two responses may be the same text, and a choice is found again by what it shows.
        texts = {x.sample: f"{n} · {x.text}" for n, x in enumerate(group.replies, 1) if not x.success}
        st.selectbox(
            _("A wrong response"),
            numbers,
            format_func=lambda n: texts.get(n, ""),
            key="truth_reply",
            on_change=lambda: st.query_params.__setitem__("wt_reply", str(st.session_state["truth_reply"])),
        )
    return next(x for x in wrong if x.sample == st.session_state["truth_reply"])


def suspects(reply: Reply) -> list[int]:
    """Places one would think of: the beginning, the sums that were written, and the end."""
    after = [t for t in range(1, len(reply.tokens)) if reply.tokens[t - 1] == "="]
    seconds = [t + 1 for t in after if t + 1 < len(reply.tokens) and reply.tokens[t + 1].isdecimal()]
    return sorted({0, *after, *seconds, len(reply.tokens) - 1})


def accuse(batch: Frozen, reply: Reply, continuations: int) -> Truth | None:
    """The prediction; the truth is only measured once somebody has committed to an answer."""
    key = f"truth_{batch.step}_{reply.sample}"
    places = suspects(reply)
    measured = measure(batch, continuations) if revealed(key, batch.run.id) else None
    guilty, drop = _guilty(measured, reply) if measured is not None else (set(), {})
    reason = _("At {token} the value changes by {drop}.")
    reasons = {t: reason.format(token=_token_at(reply, t), drop=signed(drop.get(t, 0.0))) for t in places}
    choices = [Choice(_token_at(reply, t), t in guilty, reasons[t]) for t in places]
    other = measured is not None and not guilty & set(places)
    where = listed(_token_at(reply, t) for t in sorted(guilty)) or _("no single token")
    choices.append(Choice(_("another token"), other, _("Truly: {where}.").format(where=where)))
    question = _("{prompt} was answered {response}. Which token truly ruined it?").format(
        prompt=plain(batch.group(reply.group).prompt), response=plain(reply.text)
    )
    return measured if predict(key, question, choices, about=batch.run.id) else None


def measure(batch: Frozen, continuations: int) -> Truth:
    """The truth of the step's panel, with a progress bar where it is not there yet."""
    if is_measured(batch, continuations):
        return truth(batch, continuations)
    words = ngettext(
        "Restoring step {step}'s policy, then finishing every prefix once…",
        "Restoring step {step}'s policy, then finishing every prefix {k} times…",
        continuations,
    )
    bar = st.progress(0.0, text=words.format(step=batch.step + 1, k=continuations))
    try:
        return truth(batch, continuations, lambda share: bar.progress(min(1.0, share)))
    finally:
        bar.empty()


def _guilty(measured: Truth, reply: Reply) -> tuple[set[int], dict[int, float]]:
    """The places with the largest true drop (several if they tie), and every token's true advantage."""
    from core.insight.agreement import blame

    row = measured.panel.samples.index(reply.sample)
    accused = blame(measured.true.advantages, measured.panel.mask)[row]
    advantages = measured.true.advantages[row].tolist()
    return {int(t) for t in accused.nonzero()[:, 0]}, dict(enumerate(advantages))


def _token_at(reply: Reply, t: int) -> str:
    return _("“{token}” at position {position}").format(token=plain(token_name(reply.tokens[t]), 12), position=t + 1)
