"""What changed, said in sentences that are computed from the run's numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from lessons.a_real_instruct_model.guess import main_cause, sampled_or_greedy, subject, trend_of
from lessons.a_real_instruct_model.intervals import change, surely
from lessons.a_real_instruct_model.shown import Seen, Shown
from lessons.i18n import _, language
from lessons.kit.display import plain
from lessons.kit.numbers import percent
from lessons.kit.saving import save_menu

if TYPE_CHECKING:
    from core.insight.before_after import AnswerRates, BeforeAfter, Difference


def changed(shown: Shown) -> None:
    """A paragraph for each learner, and one on what can be said of them side by side."""
    with st.container(key="real_said"):
        for seen in shown.done:
            if seen.both is not None:
                st.markdown(f"**{plain(seen.title)}.** {sentences(seen.both)}")
        if len(shown.done) > 1:
            st.markdown(rivals(shown.done))


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
            _("Of its sampled answers {after} are right, {before} were: {change}.").format(
                before=percent(both.before.sampled.success.value),
                after=percent(both.after.sampled.success.value),
                change=change(both.sampled_change),
            )
        )
    best = both.sampled_change or greedy
    parts.append(_certainty(best))
    kinds = {
        "format": _("What it mainly learnt is form: to give an answer that can be read, and to stop."),
        "arithmetic": _("What it mainly learnt is arithmetic: its readable answers are right more often."),
        "both": _("It learnt form and arithmetic in like parts."),
        "none": "",
    }
    parts += [kinds[main_cause(split)] if surely(best) else "", _length(before, after)]
    return one_after_another(*parts)


def one_after_another(*sentences: str) -> str:
    """Sentences as a paragraph; Chinese has no spaces between them."""
    return ("" if language().startswith("zh") else " ").join(x for x in sentences if x)


def _certainty(difference: Difference) -> str:
    if not surely(difference):
        return _("The interval holds 0: that may be chance.")
    return _("That is more than chance.") if difference.value > 0 else _("It got worse, by more than chance.")


def _length(before: AnswerRates, after: AnswerRates) -> str:
    trends = {
        "shorter": _("Its answers got shorter: {after} tokens on average after {before}."),
        "same": _("Its answers are about as long as they were: {after} tokens after {before}."),
        "longer": _("Its answers got longer: {after} tokens on average after {before}."),
    }
    words = trends[trend_of(before.length, after.length)]
    return words.format(before=f"{before.length:.1f}", after=f"{after.length:.1f}")


def rivals(done: Sequence[Seen]) -> str:
    """Whether one learner's answers are surely better than the others'; Markdown."""
    ranked = sorted(
        ((x, sampled_or_greedy(x.both)[1].success) for x in done if x.both is not None), key=lambda x: -x[1].value
    )
    (first, best), (second, next_) = ranked[0], ranked[1]
    apart = best.low > next_.high
    numbers = {
        "first": plain(first.title),
        "second": plain(second.title),
        "a": percent(best.value),
        "b": percent(next_.value),
    }
    if apart:
        words = _("Sampled, {first} ends above {second}, {a} against {b}, and their intervals do not meet.").format(
            **numbers
        )
    else:
        words = _(
            "Sampled, {first} ends at {a} and {second} at {b}; their intervals overlap, so these questions do not "
            "tell which is better."
        ).format(**numbers)
    return one_after_another(words, _("It is one run of one seed each: another seed may order them otherwise."))


def keep_it(shown: Shown) -> None:
    """How to take the trained model along, and how to go on from it."""
    run = shown.run
    st.markdown(
        _(
            "A run of your own can be saved as a normal Hugging Face model, with a card that states its data, settings "
            "and measured results: here, in the lab under **Export**, or on the command line. It can then be chosen "
            "above as the model that the next run starts from."
        )
    )
    save_menu(run, key="real_keep")
    learner = subject(shown).name
    st.code(
        f"python -m core save {'RUN' if run.recorded else run.id} --learner {learner}", language=None, wrap_lines=True
    )
    if run.recorded:
        st.caption(
            _(
                "A recorded run holds its trace, not its weights. RUN is the id of one of yours, from `{command}`."
            ).format(command="python -m core runs")
        )
