"""What pages say where a critic is judged: what its values do at a slip, and what the start model was taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.config import RunConfig
from core.tasks.registry import recipes
from lessons.i18n import _, listed, one_after_another
from lessons.kit.display import one_line, plain, token_name
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Frozen, Reply, Row, token_strips
from lessons.kit.lesson.replies import Slip, clearest, most_missed
from lessons.kit.numbers import number, signed
from lessons.kit.preset_race import race_in_lab
from lessons.kit.records import BLIND_STUDY, STUDY, blind_study, study
from lessons.kit.ties import TIE, lowest


def token_at(reply: Reply, at: int) -> str:
    """A token by its text and its place, counted from 1."""
    return _("“{token}” at position {position}").format(token=plain(token_name(reply.tokens[at]), 12), position=at + 1)


def slip_words(slip: Slip) -> str:
    """What the critic's value does at the slip, in a sentence chosen by the numbers."""
    falls = _(
        "At the first token that no right response shares, {token}, V falls from {before} to {after}, further than at "
        "any other token: **the critic sees the slip.**"
    )
    dips = _(
        "At the first token that no right response shares, {token}, V goes from {before} to {after}: a little down, or "
        "no further than at another token. **The critic does not single it out.**"
    )
    rises = _(
        "At the first token that no right response shares, {token}, V goes from {before} to {after}: it does not fall. "
        "**The critic misses the slip.**"
    )
    return (falls if slip.seen else rises if slip.missed else dips).format(
        token=token_at(slip.reply, slip.at), before=number(slip.before, 2), after=number(slip.after, 2)
    )


def tokens_at(reply: Reply, places: Sequence[int], most: int = 4) -> str:
    """Several tokens, each by its text and its place; of more than `most` the first ones."""
    words = listed(token_at(reply, t) for t in places[:most])
    return (
        words if len(places) <= most else _("{tokens} and {count} more").format(tokens=words, count=len(places) - most)
    )


def has_penalty(penalty: Sequence[float]) -> bool:
    """Whether a response's credit has a part from a KL penalty at all."""
    return any(abs(x) > TIE for x in penalty)


def parts_words(reply: Reply, whole: Sequence[float], critic: Sequence[float], penalty: Sequence[float]) -> str:
    """What PPO's lowest credit in a response is made of, and whether the critic alone would blame the same token.

    Where several tokens have the lowest credit, that is said, and where all of them have it, none is named.
    """
    least, alone = lowest(whole), lowest(critic)
    credit = signed(whole[least[0]], 3)
    if len(least) == len(whole):
        return _("PPO gives every token of this response the same credit, {whole}: it singles out none.").format(
            whole=credit
        )
    if len(least) > 1:
        sentence = _("PPO's lowest credit, {whole}, is that of {count} tokens alike: {tokens}.").format(
            whole=credit, count=len(least), tokens=tokens_at(reply, least)
        )
    elif not has_penalty(penalty):
        sentence = _("PPO's lowest credit is that of {token}: {whole}, all from the critic and the reward.").format(
            token=token_at(reply, least[0]), whole=credit
        )
    else:
        sentence = _(
            "PPO's lowest credit is that of {token}: {whole}, of it {critic} from the critic and the reward, {penalty} "
            "from the KL penalty."
        ).format(
            token=token_at(reply, least[0]),
            whole=credit,
            critic=signed(critic[least[0]], 3),
            penalty=signed(penalty[least[0]], 3),
        )
    return one_after_another(sentence, _without_penalty(reply, least, alone) if has_penalty(penalty) else "")


def _without_penalty(reply: Reply, least: Sequence[int], alone: Sequence[int]) -> str:
    """Which tokens would have the lowest credit by the critic's part alone."""
    if len(alone) == len(reply.tokens):
        return _("Without the penalty all tokens would have the same credit.")
    if alone == least:
        return (
            _("Without the penalty it would be the lowest, too.")
            if len(alone) == 1
            else _("Without the penalty they would be the lowest, too.")
        )
    if len(alone) == 1:
        return _("Without the penalty the lowest would be that of {token}.").format(token=token_at(reply, alone[0]))
    return _("Without the penalty the lowest would be those of {tokens}, alike.").format(tokens=tokens_at(reply, alone))


def counted(known: Sequence[Slip]) -> str:
    """How often the critic sees the slips of a step, and how often it misses them."""
    return _(
        "Of the stored wrong responses of this step whose slip can be told, as their group has a right one to compare "
        "with ({all}), the critic sees {seen} and misses {missed}."
    ).format(all=len(known), seen=sum(x.seen for x in known), missed=sum(x.missed for x in known))


def value_row(slip: Slip, name: str, label: str) -> Row:
    """The critic's values of a response, its slip framed."""
    marks = ["frame" if at == slip.at else None for at in range(len(slip.reply.tokens))]
    return Row(name, label, slip.reply.tokens, slip.values, learner="blue", marks=marks)  # type: ignore[arg-type]


def beside(batch: Frozen, *, key: str) -> None:
    """A slip that the critic sees and, labelled so, one that it misses: both of this step, as far as it has them."""
    known = batch.slips
    if not known:
        say_small(_("In this step no slip can be told, so it cannot be said whether the critic sees any."))
        return
    examples = [("seen", clearest(known)), ("missed", most_missed(known))]
    rows = []
    for name, slip in examples:
        if slip is not None:
            words = _("seen: {prompt}") if name == "seen" else _("missed: {prompt}")
            prompt = one_line(batch.group(slip.reply.group).prompt, 40)  # a label is text, no Markdown
            rows.append(value_row(slip, f"{name}-{slip.reply.sample}", words.format(prompt=prompt)))
    frame = {"frame": _("the first token that no right response shares")}
    if rows:
        token_strips(rows, key=key, quantity=_("value V before the token"), kind="plain", pickable=False, marks=frame)  # type: ignore[arg-type]
    missing = {
        "seen": _("The critic of this step sees no slip among the stored responses."),
        "missed": _("The critic of this step misses no slip among the stored responses."),
    }
    for name, slip in examples:
        sentence = missing[name]
        if slip is not None:
            sentence = f"**{plain(batch.group(slip.reply.group).prompt, 40)}** {slip_words(slip)}"
        say(f"- {sentence}")
    say_small(counted(known))


def taught(config: RunConfig, *, quiet: bool = False, key: str = "") -> None:
    """Says whether the start model's features were taught to tell right from wrong, where that is known.

    With a `key` the run from the other start model is offered, one click away.
    """
    recipe = recipes().get(config.model)
    if recipe is None:
        return
    words = _taught_words(recipe.judge) if recipe.judge else _blind_words()
    with st.container(key="critic_taught"):
        if quiet:
            say_small(words)
        else:
            st.info(words, icon=":material/school:")
        if key:
            other, label = (
                ("long-sums-blind", _("The same algorithm from the blind start model"))
                if recipe.judge
                else ("long-sums", _("The same algorithm from the start model that was taught"))
            )
            race_in_lab(other, label, key=key)


def _taught_words(weight: float) -> str:
    words = _(
        "**A critic has it easy here.** The start model was taught, by a second loss of weight {weight}, to tell at "
        "every token whether the response is right so far (`core/training/pretrain.py`). The critic starts from those "
        "features."
    ).format(weight=f"{weight:g}")
    return one_after_another(words, _measured_words())


def _blind_words() -> str:
    words = _(
        "**A critic has it hard here.** The start model was not taught to tell right from wrong: nothing in its "
        "features says whether the response is right so far, and the critic starts from them."
    )
    return one_after_another(words, _measured_words())


def _measured_words() -> str:
    """What critics fitted to either start model explain, as it was recorded; "" where it was not."""
    without, with_it = blind_study(), study()
    if without is None or with_it is None:
        return ""
    taught_so, not_taught = _explained(with_it), _explained(without)
    both = sorted(taught_so.keys() & not_taught.keys())
    if not both:
        return ""
    shares = [[values[x] for x in both] for values in (taught_so, not_taught)]
    span = _("{low} to {high}")
    return _(
        "Measured on six-term sums before steps {steps} with {seeds} seeds, the critic fitted to the start policy "
        "first: with that loss it explains {with_it} of the true values' variance, without it {without}. (`{first}`, "
        "`{second}`)"
    ).format(
        steps=listed(str(x + 1) for x in both),
        seeds=len(without["about"]["seeds"]),
        with_it=span.format(low=number(min(shares[0]), 2), high=number(max(shares[0]), 2)),
        without=span.format(low=number(min(shares[1]), 2), high=number(max(shares[1]), 2)),
        first=STUDY,
        second=BLIND_STUDY,
    )


def _explained(of: Mapping[str, Any]) -> dict[int, float]:
    """Step → the share of the true values' variance that PPO's critic explains there, over the study's seeds."""
    return {x["step"]: x["explained_variance"]["mean"] for x in of["summary"] if x["credit"] == "ppo"}
