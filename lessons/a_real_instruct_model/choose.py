"""Start a run of one's own: whose questions, which model, who learns; and what that takes."""

from __future__ import annotations

import dataclasses
from functools import partial

import streamlit as st

from core.config import RunConfig
from core.models import bundled
from core.models.smollm2 import NAME
from core.models.start import names
from core.presets import PRESETS
from core.runs.records import RunInfo
from lessons import shared
from lessons.a_real_instruct_model.shown import RECORDED_REAL, show
from lessons.catalog import lesson
from lessons.i18n import _, listed, ngettext, tell
from lessons.kit import who_learns
from lessons.kit.chooser import source_title, upload
from lessons.kit.controls import possible, start
from lessons.kit.display import learner_title, plain
from lessons.kit.draft import Draft, make_draft, parameters
from lessons.kit.glossary import say
from lessons.kit.linked import linked
from lessons.kit.memory_need import memory_sentence
from lessons.kit.numbers import whole
from lessons.kit.question_sources import OWN, SOURCES, source_of
from lessons.kit.to_lab import lab_query

PRESET = "smollm2-sums"


def own_run(shown: RunInfo | None) -> None:
    """The choices and the button. What is chosen is in the link, own questions are not."""
    draft = _chosen()
    if draft.source == OWN:
        upload(draft)
    for problem in draft.problems:
        st.error(plain(tell(problem), 400), icon=":material/edit_off:")
    if draft.config is not None:
        _what_it_takes(draft.config)
    off = shared.training_off()
    if off is not None:
        st.info(plain(tell(off)), icon=":material/power_off:")
    busy = shown is not None and not shown.recorded and shown.active
    with st.container(horizontal=True, key="real_start_row"):
        st.button(
            _("Start"),
            type="primary",
            icon=":material/play_arrow:",
            disabled=not possible(shown, draft, training=off is None).start,
            help=_("Stop the run under way first: two at once would slow each other down.") if busy else None,
            on_click=_begin,
            args=(draft,),
            key="real_start",
        )
        if st.button(_("More settings in the lab"), icon=":material/tune:", key="real_to_lab"):
            _to_lab(draft)
    if note := st.session_state.pop("lab_note", None):
        st.error(plain(note, 600), icon=":material/error:")


def _chosen() -> Draft:
    with st.container(horizontal=True, key="real_choices"):
        source = linked(
            st.selectbox,
            _("Questions"),
            SOURCES,
            key="task",
            first=source_of(PRESETS[PRESET]),
            format_func=partial(source_title, PRESETS[PRESET]),
            help=_("Any other data set of reasoning-gym can be named in the lab's settings."),
        )
        model = linked(st.selectbox, _("Model"), _models(), key="model", first=PRESETS[PRESET].model)
        whose = who_learns.choices(PRESETS[PRESET])
        who = linked(st.selectbox, _("Who learns"), whose, key="who", first=whose[0], format_func=_who)
    typed = {"model": model} if model != PRESETS[PRESET].model else {}
    draft = make_draft(PRESET, typed, source, st.session_state.get("lab_questions", ()))
    if draft.config is None:
        return draft
    return dataclasses.replace(draft, config=who_learns.chosen(draft.config, who))


def _who(key: str) -> str:
    return who_learns.title(PRESETS[PRESET], key)


def _models() -> list[str]:
    """All that read words; the bundled ones only know the characters of sums."""
    return [x for x in names() if x not in bundled.names()]


def _begin(draft: Draft) -> None:
    """As in the lab; then this page shows the run."""
    before = st.session_state.get("lab_run")
    start("real_start", shared.store(), shared.launcher, draft)
    run_id = st.session_state.get("lab_run")
    if run_id and run_id != before:
        show(run_id)


def _to_lab(draft: Draft) -> None:
    state = st.session_state
    state["lab_preset"], state["lab_typed"], state["lab_source"] = draft.preset, dict(draft.typed), draft.source
    state.pop("lab_run", None)
    st.switch_page(lesson("lab").path, query_params=lab_query(parameters(draft)))


# -- what it takes -----------------------------------------------------------------------------------------------------


def _what_it_takes(config: RunConfig) -> None:
    lines = [_responses(config)]
    if spent := recorded_minutes():
        minutes_text = listed(f"{plain(learner_title(name))} {_minutes(minutes)}" for name, minutes in spent.items())
        lines.append(
            ngettext(
                "Time: the recorded run took {time} for its one step, side by side on the machine that recorded it. "
                "Longer responses and larger models take longer, another machine may be slower or faster.",
                "Time: the recorded run took {time} for its {steps} steps, side by side on the machine that recorded "
                "it. Longer responses and larger models take longer, another machine may be slower or faster.",
                _recorded_steps(),
            ).format(time=minutes_text, steps=_recorded_steps())
        )
    if memory := memory_sentence(config):
        lines.append(memory)
    if config.model == NAME:
        lines.append(_("At the first start the model is fetched and converted once; the board says how far that is."))
    say("\n".join(f"- {x}" for x in lines))


def _responses(config: RunConfig) -> str:
    asked = {x.name: (config.prompts_of(x), config.group_size(x)) for x in config.learners}
    if len(set(asked.values())) == 1:
        text = ngettext(
            "In its one step: {prompts} questions × {group} responses for each learner. Before and after, {heldout} "
            "questions kept apart.",
            "Each of {steps} steps: {prompts} questions × {group} responses for each learner. Before and after, "
            "{heldout} questions kept apart.",
            config.steps,
        )
    else:  # a group size of a learner's own: as many responses, to fewer or more questions
        text = ngettext(
            "In its one step: {learners}. Before and after, {heldout} questions kept apart.",
            "Each of {steps} steps: {learners}. Before and after, {heldout} questions kept apart.",
            config.steps,
        )
    each = _("{learner} {prompts} questions × {group} responses")
    prompts, group = next(iter(asked.values()))
    return text.format(
        steps=config.steps,
        prompts=prompts,
        group=group,
        learners=listed(
            each.format(learner=plain(learner_title(name)), prompts=prompts, group=group)
            for name, (prompts, group) in asked.items()
        ),
        heldout=getattr(config.task, "heldout", 0),
    )


def _minutes(minutes: float) -> str:
    return _("{minutes} minutes").format(minutes=whole(minutes) if minutes >= 10 else f"{minutes:.1f}")


def recorded_minutes() -> dict[str, float]:
    """Each learner's time in the recorded run, from its own clock; empty where the run is not there."""
    runs = shared.store()
    minutes: dict[str, float] = {}
    if shared.run_or_none(RECORDED_REAL) is None:
        return minutes
    for row in runs.rows_since(RECORDED_REAL, 0)[0]:
        if row["wall_time_s"] is not None:
            minutes[row["learner"]] = max(minutes.get(row["learner"], 0.0), row["wall_time_s"] / 60)
    return minutes


def _recorded_steps() -> int:
    return max(x.step + 1 for x in shared.store().get(RECORDED_REAL).learners)
