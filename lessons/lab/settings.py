"""The settings drawer: a few explained settings, or all of them, generated from the config models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change
from core.learners.registry import learner_kind
from core.runs.errors import RunNotFound, StoreError
from core.runs.records import RunInfo
from core.runs.store import RunStore
from core.tasks.registry import TASK_KINDS, unmet_turns
from core.workers.limits import LimitError, RunLimits
from lessons.i18n import N_, _, listed, tell
from lessons.kit.chooser import what_to_train
from lessons.kit.display import learner_title, plain
from lessons.kit.draft import Draft, forget_typed, type_over
from lessons.kit.fields import Field, Typed, changeable, fields
from lessons.kit.glossary import say, say_small
from lessons.kit.memory_need import show_memory
from lessons.kit.preset_texts import preset_title

#: The few: what it is called, and the settings that it stands for: the run's, the task's, those of all learners of a
#: kind, or of all that have it (`*`).
FEW: tuple[tuple[str, str], ...] = (
    (N_("Start model"), "model"),
    (N_("Group size G"), "num_generations"),
    (N_("Clip range ε"), "*.epsilon"),
    (N_("Passes μ"), "*.num_iterations"),
    (N_("Whose taste scores a response"), "task.taste"),
    (N_("Pairs that the judge is given"), "*.judge_pairs"),
    (N_("How often the judge errs"), "*.judge_noise"),
    (N_("Share of the pairs held out"), "*.heldout"),
    (N_("Steps"), "steps"),
    (N_("Answers that a response may have"), "task.turns"),
    (N_("Longest response"), "max_completion_length"),
    (N_("Added below every question"), "task.instruction"),
    (N_("Read as the answer"), "task.extraction"),
    (N_("Settings of the data set"), "task.options"),
    (N_("KL in PPO's reward"), "ppo.kl_coef"),
    (N_("KL in GRPO's loss"), "grpo.beta"),
    (N_("PPO: discount γ"), "ppo.gamma"),
    (N_("PPO: GAE λ"), "ppo.lam"),
    (N_("Learning rate, PPO"), "ppo.learning_rate"),
    (N_("Learning rate, GRPO"), "grpo.learning_rate"),
    (N_("Learning rate, reward model"), "reward-model.learning_rate"),
    (N_("Learning rate, critic"), "ppo.value_learning_rate"),
    (N_("PPO: what the critic begins with"), "ppo.value_model"),
    (N_("Seed"), "seed"),
)
#: What is longer than this gets more than one line to be typed in.
_ONE_LINE = 200
GROUPS = {"run": N_("The run"), "task": N_("The task")}


def settings_drawer(draft: Draft, run: RunInfo | None, store: RunStore) -> None:
    """The drawer under the buttons. What is typed here counts for the next Start, and goes into the URL at once."""
    changed = len(draft.typed) + bool(draft.source)
    label = _("Settings") if not changed else _("Settings · {count} changed").format(count=changed)
    with st.expander(label, icon=":material/tune:", key="lab_settings", expanded=bool(draft.problems)):
        say_small(_("These count for the next Start. Each says what it does when you point at its question mark."))
        what_to_train(draft)
        show_memory(draft.config)
        _problems(draft)
        if draft.config is not None and (note := unmet_turns(draft.config.task, draft.config.model)):
            st.warning(plain(tell(note), 400), icon=":material/info:")
        everything = st.toggle(_("All settings"), key="lab_all_settings", persist_state="session")
        _all(draft) if everything else _few(draft)
        with st.container(horizontal=True):
            st.button(
                _("Back to the preset: {preset}").format(preset=preset_title(draft.preset)),
                icon=":material/undo:",
                disabled=not changed,
                on_click=_back,
                key="lab_reset",
            )
        if run is not None and run.active and not run.recorded:
            _running(draft, run, store)


def _problems(draft: Draft) -> None:
    if draft.problems:
        lines = [plain(tell(problem), 400) for problem in draft.problems]
        st.error("\n\n".join(lines), icon=":material/edit_off:")


def _few(draft: Draft) -> None:
    known = [x for x in _fields(draft) if not x.unused]
    cells = []
    for title, pattern in FEW:
        if meant := _meant(pattern, known, draft.base):
            cells.append((f"{_(title)} · {meant[0].key.rpartition('.')[2]}", meant))
        if pattern == "num_generations":  # a learner's own, where the preset gives it one
            own = {x.name for x in draft.base.learners if x.num_generations is not None}
            cells += [(f"{_(title)} · {x.key}", [x]) for x in known if x.group in own and x.key.endswith(f".{pattern}")]
    if not draft.asks_preset and draft.asks in TASK_KINDS:  # a task that the preset does not have: what it is set by
        listed = {x.key for _, meant in cells for x in meant}
        cells += [(x.key.rpartition(".")[2], [x]) for x in known if x.group == "task" and x.key not in listed]
    _grid(draft, cells, columns=3)


def _meant(pattern: str, known: Sequence[Field], config: RunConfig) -> list[Field]:
    """The settings that a pattern of FEW stands for."""
    owner, _dot, name = pattern.rpartition(".")
    if owner in ("", "task"):
        return [x for x in known if x.key == pattern]
    learners = {x.name for x in config.learners if owner in ("*", x.kind)}
    return [x for x in known if x.group in learners and x.key == f"{x.group}.{name}"]


def _all(draft: Draft) -> None:
    known = _fields(draft)
    groups = list(dict.fromkeys(x.group for x in known))
    group = st.radio(
        _("Whose settings"),
        groups,
        format_func=lambda x: _(GROUPS[x]) if x in GROUPS else learner_title(x),
        horizontal=True,
        key="lab_settings_group",
        persist_state="session",
    )
    for learner in draft.base.learners:
        if learner.name == group:
            kind = learner_kind(learner)
            say_small(f"{kind.title} · {_(kind.summary)}")
    _grid(draft, [(x.key.rpartition(".")[2], [x]) for x in known if x.group == group], columns=3)


def _fields(draft: Draft) -> list[Field]:
    """Every field with the preset's value; what means nothing is told by the settings as they were typed."""
    unused = {x.key: x.unused for x in fields(draft.config or draft.base)}
    return [replace(x, unused=unused.get(x.key, "")) for x in fields(draft.base)]


def _grid(draft: Draft, cells: Sequence[tuple[str, list[Field]]], columns: int) -> None:
    for start in range(0, len(cells), columns):
        row = cells[start : start + columns]
        for column, (label, meant) in zip(st.columns(columns), row, strict=False):
            with column:
                _widget(draft, label, meant)


def _widget(draft: Draft, label: str, meant: list[Field]) -> None:
    """One input for one setting, or for the same setting of several learners."""
    values = {draft.shown(x) for x in meant}
    value: Typed = next(iter(values)) if len(values) == 1 else ""
    first, key = meant[0], f"set:{'+'.join(x.key for x in meant)}"
    # The widget shows what the draft holds, however that came about: typed here, in the other view, or by a link.
    st.session_state[key] = value
    common: dict[str, Any] = {"key": key, "help": first.help(), "on_change": _typed, "args": (key, meant)}
    # What was typed before it came to mean nothing can still be taken back.
    common["disabled"] = bool(first.unused) and all(x.key not in draft.typed for x in meant)
    if first.kind == "switch":
        st.session_state[key] = value is True
        st.toggle(label, **common)
    elif first.kind == "choice":
        options = [*(["none"] if first.optional else []), *(str(x) for x in first.choices)]
        options = options if value in options else [str(value), *options]
        st.selectbox(label, options, format_func=first.choice, **common)
    else:
        several = len(values) > 1
        common |= {"placeholder": _("differs between learners") if several else None, "max_chars": first.longest}
        if first.longest > _ONE_LINE:
            st.text_area(label, height=68, **common)
        else:
            st.text_input(label, **common)


def _typed(key: str, meant: list[Field]) -> None:
    type_over({x.key: st.session_state[key] for x in meant})


def _back() -> None:
    forget_typed()


# -- settings of a run that is under way ---------------------------------------------------------------------------


def running_config(run: RunInfo, events: Sequence[dict[str, Any]]) -> RunConfig:
    """The run's settings as they are now: what it started with, and every change since."""
    config = run.config
    for event in events:
        if event["kind"] == "change" and isinstance(event["value"], dict):
            try:
                config = change(config, owned(event["value"], event["learner"], config))
            except ConfigError:  # a change that the worker refused, too, changed nothing
                continue
    return config


def owned(assignments: dict[str, Any], learner: str | None, config: RunConfig) -> dict[str, Any]:
    """Assignments as an event carries them, with each bare learner setting's owner in front."""
    known = {x.key for x in fields(config)}
    return {f"{learner}.{key}" if f"{learner}.{key}" in known else key: value for key, value in assignments.items()}


def differences(draft: Draft, current: RunConfig) -> tuple[dict[str, Any], list[str]]:
    """(what a running run can take over from the draft, names of what was changed but only a new run can take)."""
    if draft.config is None:
        return {}, []
    now = {x.key: x.default for x in fields(current)}
    wanted = [x for x in fields(draft.config) if x.key in now and x.default != now[x.key]]
    taken = {x.key: x.default for x in wanted if changeable(x, current)}
    return taken, [x.key for x in wanted if not changeable(x, current) and x.key in draft.typed]


def _running(draft: Draft, run: RunInfo, store: RunStore) -> None:
    taken, only_new = differences(draft, running_config(run, store.events(run.id)))
    asked = st.session_state.get("lab_asked") == (run.id, taken)
    st.divider()
    if asked:
        say_small(_("Asked: the learners take this over with their next step."))
    elif taken:
        lines = listed(f"`{key}` = {plain(_text(value))}" for key, value in taken.items())
        say(_("Differs from the run that is under way: {settings}.").format(settings=lines))
    else:
        say_small(_("The run under way already has these settings."))
    if only_new:
        names = listed(f"`{name}`" for name in only_new)
        say_small(_("Only a new run can take: {settings}.").format(settings=names))
    st.button(
        _("Apply to the run under way"),
        icon=":material/published_with_changes:",
        disabled=not taken or asked,
        on_click=apply_to,
        args=(store, run.id, taken),
        key="lab_apply",
    )


def apply_to(store: RunStore, run_id: str, assignments: dict[str, Any]) -> None:
    """Ask the run's workers to take the settings over from their next step on."""
    try:
        RunLimits.of_server().check_change(running_config(store.get(run_id), store.events(run_id)), assignments)
        store.control(run_id, "change", assignments)
    except (ConfigError, LimitError, StoreError, RunNotFound) as error:
        st.session_state["lab_note"] = tell(error)
    else:
        st.session_state["lab_asked"] = (run_id, assignments)


def _text(value: Any) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
