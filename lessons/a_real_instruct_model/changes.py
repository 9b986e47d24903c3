"""What changed, said in sentences that are computed from the run's numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from lessons.a_real_instruct_model.guess import main_cause, sampled_or_greedy, trend_of
from lessons.a_real_instruct_model.intervals import change, surely
from lessons.a_real_instruct_model.shown import Seen, Shown, subject
from lessons.i18n import _, one_after_another
from lessons.kit.display import plain
from lessons.kit.glossary import say, say_small
from lessons.kit.numbers import percent
from lessons.kit.saving import save_menu

if TYPE_CHECKING:
    from core.config import RunConfig
    from core.insight.before_after import AnswerRates, BeforeAfter, Difference, Side
    from core.insight.mirrored import Mirrored


def changed(shown: Shown) -> None:
    """A paragraph for each learner, one on what can be said of them side by side, one on questions much like trained
    ones."""
    with st.container(key="real_said"):
        for seen in shown.done:
            if seen.both is not None:
                say(f"**{plain(seen.title)}** · {sentences(seen.both)}")
        if len(shown.done) > 1:
            say(rivals(shown.done))
        if text := _mirrored(shown):
            say(text)


def sentences(both: BeforeAfter) -> str:
    """Success, kind and length of one learner's change; Markdown."""
    before, after, split = sampled_or_greedy(both)
    greedy = both.greedy_change
    parts = [
        _("Greedily it answers {after} of the held-out questions rightly; before it was {before}: {change}.").format(
            before=percent(both.before.greedy.success.value),
            after=percent(both.after.greedy.success.value),
            change=change(greedy),
        )
    ]
    if both.sampled_change is not None and both.before.sampled is not None and both.after.sampled is not None:
        parts.append(
            _("Of its sampled responses {after} are right, {before} were: {change}.").format(
                before=percent(both.before.sampled.success.value),
                after=percent(both.after.sampled.success.value),
                change=change(both.sampled_change),
            )
        )
    best = both.sampled_change or greedy
    parts.append(_certainty(best))
    kinds = {
        "format": _(
            "By the split above most of it is form: more responses have an answer that can be read, and end by "
            "themselves."
        ),
        "arithmetic": _("By the split above most of it is arithmetic: readable responses are right more often."),
        "both": _("By the split above form and arithmetic have like parts in it."),
        "none": "",
    }
    parts += [kinds[main_cause(split)] if surely(best) else "", _length(before, after), _beyond_luck(both)]
    return one_after_another(*parts)


def _beyond_luck(both: BeforeAfter) -> str:
    """Whether one answer now is right more often than the best of k was before."""
    k = both.before.samples
    if k < 2 or both.after.samples < 1:
        return ""
    most, now = both.before.pass_at[-1], both.after.pass_at[0]
    numbers = {"k": k, "most": percent(most.value), "now": percent(now.value)}
    if now.low > most.high:
        return _(
            "One response now is right more often ({now}) than at least one of {k} was before ({most}): it does not "
            "just do more reliably what {k} tries would have found."
        ).format(**numbers)
    if now.high < most.low:
        return _(
            "At least one of {k} responses was right in {most} before, more than one response is now ({now}): all of "
            "the gain may be that it does more reliably what it could do with luck."
        ).format(**numbers)
    return _(
        "At least one of {k} responses was right in {most} before; one response now is in {now}. The intervals "
        "overlap: these questions do not tell whether it does more than what {k} tries would have found."
    ).format(**numbers)


def _certainty(difference: Difference) -> str:
    if not surely(difference):
        return _("The interval holds 0: that may be chance.")
    return _("That is more than chance.") if difference.value > 0 else _("It got worse, by more than chance.")


def _length(before: AnswerRates, after: AnswerRates) -> str:
    trends = {
        "shorter": _("Its responses got shorter: {after} tokens on average after {before}."),
        "same": _("Its responses are about as long as they were: {after} tokens after {before}."),
        "longer": _("Its responses got longer: {after} tokens on average after {before}."),
    }
    words = trends[trend_of(before.length, after.length)]
    return words.format(before=f"{before.length:.1f}", after=f"{after.length:.1f}")


def rivals(done: Sequence[Seen]) -> str:
    """Whether one learner's answers are surely better than the next one's, by pairs of the same questions; Markdown."""
    from core.insight.before_after import between

    way = all(x.both.after.sampled is not None for x in done if x.both is not None)
    ranked = sorted(
        ((x, x.both.after, _success(x.both.after, way)) for x in done if x.both is not None), key=lambda x: -x[2]
    )
    (first, best, high), (second, next_, low) = ranked[0], ranked[1]
    difference = between(next_, best, sampled=way)
    numbers = {
        "way": _("Sampled") if way else _("Greedily"),
        "first": plain(first.title),
        "second": plain(second.title),
        "a": percent(high),
        "b": percent(low),
        "difference": change(difference),
    }
    if surely(difference):
        words = _(
            "{way}, {first} ends at {a} and {second} at {b}. Question by question the difference is {difference}: more "
            "than chance among questions."
        )
    else:
        words = _(
            "{way}, {first} ends at {a} and {second} at {b}. Question by question the difference is {difference}, "
            "which holds 0: these questions do not tell which is better."
        )
    return one_after_another(
        words.format(**numbers), _("It is one run of one seed each: another seed may order them otherwise.")
    )


def _success(side: Side, sampled: bool) -> float:
    return (side.sampled if sampled and side.sampled is not None else side.greedy).success.value


def _mirrored(shown: Shown) -> str:
    """How many held-out additions were trained on the other way round, and whether they went better; "" where none."""
    seen = subject(shown.learners)
    if seen.both is None:
        return ""
    steps = next(x.step for x in shown.run.learners if x.name == seen.name) + 1
    near = mirrored_of(shown.run.id, seen.name, steps, shown.run.config, seen.both.before.questions)
    if near is None or not near.mirrored:
        return ""
    others = [x for x in near.additions if x not in near.mirrored]
    right = [sum(seen.both.after.greedy_answers[i].success for i in which) for which in (near.mirrored, others)]
    return _(
        "How new the held-out questions are: none of them was trained on, but {mirrored} of the {additions} additions "
        "among them were with their terms exchanged (5 + 3 for 3 + 5). After training {name} answers {right} of these "
        "{mirrored} rightly, and {right_others} of the other {others}, greedily."
    ).format(
        mirrored=len(near.mirrored),
        additions=len(near.additions),
        name=plain(seen.title),
        right=right[0],
        right_others=right[1],
        others=len(others),
    )


@st.cache_data(show_spinner=False, max_entries=32)
def mirrored_of(
    run_id: str, learner: str, steps: int, _config: RunConfig, _questions: tuple[str, ...]
) -> Mirrored | None:
    """The additions among the run's held-out questions; None where its training questions cannot be drawn again."""
    from core.insight.mirrored import mirrored, trained_on

    trained = trained_on(_config, learner, steps)
    return None if trained is None else mirrored(_questions, trained)


def keep_it(shown: Shown) -> None:
    """How to take the trained model along, and how to go on from it."""
    run = shown.run
    say(
        _(
            "A run of your own can be saved as a normal Hugging Face model, with a card that states its data, settings "
            "and measured results: here, in the lab under **Export**, or on the command line. It can then be chosen "
            "above as the model that the next run starts from."
        )
    )
    save_menu(run, key="real_keep")
    learner = subject(shown.learners).name
    st.code(
        f"python -m core save {'RUN' if run.recorded else run.id} --learner {learner}", language=None, wrap_lines=True
    )
    if run.recorded:
        say_small(
            _(
                "A recorded run holds its trace, not its weights. RUN is the id of one of yours, from `{command}`."
            ).format(command="python -m core runs")
        )
