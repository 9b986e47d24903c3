"""How the start model answers, before any training: real answers to questions that are kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.config import RunConfig
from core.runs.records import RunInfo
from lessons import shared
from lessons.a_real_instruct_model.answers import answer_html, question_html, side_by_side, text_html
from lessons.a_real_instruct_model.intervals import interval
from lessons.a_real_instruct_model.shown import Shown
from lessons.i18n import _, ngettext
from lessons.kit.display import is_live, one_line, plain
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import engine, more
from lessons.kit.numbers import percent, whole
from lessons.kit.watched import watched

if TYPE_CHECKING:
    from core.insight.before_after import Side

#: Seconds between two looks for the first answers of a run that goes on.
POLL_S = 3.0


def untrained(shown: Shown) -> None:
    """The start model's answers, or why there are none yet."""
    side, run_id = shown.before, shown.run.id
    if side is None:
        if shown.live:
            watched(lambda: shared.run_or_none(run_id), _await, every=POLL_S, stage=_stage)
        else:
            st.warning(
                _("This run ended before it had answered the held-out questions. Choose another one, or start one."),
                icon=":material/hourglass_disabled:",
            )
        return
    _summary(shown.run.config, side)
    st.fragment(_one_question)(shown.run.id, side)
    with st.expander(_("The whole prompt, as the model reads it"), icon=":material/article:", key="real_prompt"):
        st.fragment(_prompt)(shown.run.config, side.questions[0])


def _stage(run: RunInfo) -> tuple[bool, bool]:
    """Whether it goes on, and whether its first answers are there."""
    return is_live(run), any(x["kind"] == "evaluation" for x in shared.store().events(run.id))


def _await(_run: RunInfo | None) -> None:
    st.info(
        _("This run has not answered the held-out questions yet: it does so before its first step."),
        icon=":material/hourglass_empty:",
    )


def _summary(config: RunConfig, side: Side) -> None:
    say(
        _(
            "**{model}**, as it comes, is asked {count} questions that are kept apart: no learner is ever trained on "
            "them. Answered greedily, it gets **{greedy}** right ({interval}, Wilson's 95 % interval)."
        ).format(
            model=plain(config.model),
            count=len(side.questions),
            greedy=percent(side.greedy.success.value),
            interval=interval(side.greedy.success),
        )
    )
    if side.greedy.cut_right or side.sampled is not None:
        with more(_("responses that were cut off, and sampled ones"), key="real_more_before"):
            _more(config, side)


def _more(config: RunConfig, side: Side) -> None:
    """How many greedy answers the limit alone made wrong, and what sampling makes of the same questions."""
    if side.greedy.cut_right:
        say(_cut(config, side))
    if side.sampled is not None:
        say(
            _(
                "Sampled {samples} times each, as in training, **{sampled}** of the responses are right; "
                "**{readable}** have an answer that can be read at all, and {cut} are cut off at the length limit."
            ).format(
                samples=side.samples,
                sampled=percent(side.sampled.success.value),
                readable=percent(side.sampled.readable),
                cut=percent(side.sampled.truncated),
            )
        )


def _cut(config: RunConfig, side: Side) -> str:
    """How many greedy answers the limit alone made wrong, so far as they can be read."""
    count, cut = len(side.questions), sum(not x.finished for x in side.greedy_answers)
    right = sum(x.success for x in side.greedy_answers)
    return _(
        "{cut} of the {count} greedy responses were cut off{limit} before they ended, and count as wrong; in {so_far} "
        "of them the number that is read so far is the right one. With those, {all} of {count} would be right "
        "({share}): part of what looks like bad arithmetic is long-windedness."
    ).format(
        cut=cut,
        count=count,
        limit="" if config.max_completion_length is None else _at(config.max_completion_length),
        so_far=side.greedy.cut_right,
        all=right + side.greedy.cut_right,
        share=percent((right + side.greedy.cut_right) / count),
    )


def _one_question(run_id: str, side: Side) -> None:
    numbers = list(range(len(side.questions)))
    at = st.selectbox(
        _("A held-out question"),
        numbers,
        index=telling(side),
        format_func=lambda i: f"{i + 1}. {one_line(side.questions[i])}",
        key=f"real_before_{run_id}",
    )
    with st.container(key="real_untrained"):
        boxes = [answer_html(side.greedy_answers[at], _("greedy"))]
        if side.samples:
            boxes += [answer_html(x, _("sample {n}").format(n=n)) for n, x in enumerate(side.sampled_answers[at], 1)]
        st.html(question_html(side.questions[at], side.truths[at]) + side_by_side(*boxes))


def telling(side: Side) -> int:
    """The question to show first: of those answered wrongly, one whose samples disagree most."""

    def worth(i: int) -> tuple[bool, bool, int]:
        own = (side.greedy_answers[i], *(side.sampled_answers[i] if side.samples else ()))
        wrong = not side.greedy_answers[i].success
        return wrong, len({x.success for x in own}) > 1, len({x.answer for x in own})

    return max(range(len(side.questions)), key=worth)


# -- the prompt with its chat template ---------------------------------------------------------------------------------


def _prompt(config: RunConfig, question: str) -> None:
    say_small(
        _(
            "An instruct model was taught to see turns. The question stands in the user's turn, with a template around "
            "it; the model goes on where the assistant's turn begins."
        )
    )
    if not _here(config.model):
        st.html(text_html(question, fold=False))
        say_small(
            _(
                "That is the user's turn alone. The template comes with the model, which is fetched when a run starts "
                "for the first time; it is not on this machine yet."
            )
        )
        return
    if not st.toggle(_("Read it with the model's own tokenizer (takes some seconds)"), key="real_prompt_show"):
        st.html(text_html(question, fold=False))
        return
    with st.spinner(_("Reading the tokenizer …")):
        prompt = rendered(config.model, config.system_prompt, question)
    if prompt is None:
        st.warning(_("The model's tokenizer cannot be read here."), icon=":material/error:")
        return
    text, count = prompt
    with st.container(key="real_prompt_text"):
        st.html(text_html(text, fold=False))
    say_small(_("Tokens: {count}, of which the question is only a part.").format(count=whole(count)))


def _at(tokens: int) -> str:
    return ngettext(" at {n} token", " at {n} tokens", tokens).format(n=whole(tokens))


def _here(model: str) -> bool:
    """Whether the model's tokenizer is on this machine, so that nothing is fetched for a page."""
    from core.models import smollm2
    from core.models.start import config_of, models_folder

    return smollm2.ready(models_folder()) if model == smollm2.NAME else config_of(model) is not None


@st.cache_data(show_spinner=False, max_entries=32)
def rendered(model: str, system_prompt: str | None, question: str) -> tuple[str, int] | None:
    """(the prompt with the model's chat template around it, its length in tokens); None where that cannot be read."""
    engine()
    from transformers import AutoTokenizer

    from core.errors import ConfigError
    from core.models.codec import Codec
    from core.models.smollm2 import NAME
    from core.models.start import locate, models_folder

    try:
        # Its folder is checked whole where it is trained from; for a text of some tokens that would take too long.
        folder = models_folder() / model if model == NAME else locate(model)[0]
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        ids = Codec(tokenizer, system_prompt=system_prompt).ids(question)
    except (OSError, ValueError, ConfigError):
        return None
    return tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False), len(ids)
