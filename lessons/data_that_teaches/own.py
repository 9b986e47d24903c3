"""The learner chooses the data of a run, predicts what comes of it, takes them to the lab, and compares."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.config import RunConfig
from core.presets import PRESETS
from core.runs.records import readable
from lessons import shared
from lessons.data_that_teaches.own_run import LEARNER, came_of
from lessons.data_that_teaches.results import STEPS, TOPICS, heldout, mean, there
from lessons.i18n import N_, _, one_after_another
from lessons.kit.glossary import say_small
from lessons.kit.lesson import predict_number, revealed
from lessons.kit.linked import linked
from lessons.kit.numbers import number, whole
from lessons.kit.preset_race import race_in_lab

#: What is asked, each with what its data can be spoiled in beside what all can; the untouched data's topic.
PRESET = "chain-sum"
ASKED = {PRESET: N_("Sums"), "program": N_("Programs")}
UNTOUCHED = {PRESET: "few", "program": "thin-tests"}


def own_data() -> None:
    """Controls for each thing that can be done to the data, a prediction, and a button that sets the lab up."""
    preset = linked(
        st.segmented_control,
        _("What is asked"),
        list(ASKED),
        key="own",
        first=PRESET,
        format_func=lambda x: _(ASKED[x]),
        required=True,
    )
    chosen = _chosen(preset)
    base = PRESETS[preset]
    changed = {name: value for name, value in chosen.items() if value != getattr(base, name)}
    next_step = _compared(preset, changed)
    label = _("Open the lab with these data")
    typed = {name: _typed(value) for name, value in changed.items()}
    button, words = st.columns([2, 3], vertical_alignment="center")
    with button:
        race_in_lab(preset, label, key="data_lab", icon=":material/science:", typed=typed)
    with words:
        say_small(next_step)


def _chosen(preset: str) -> dict[str, Any]:
    """What the controls say, by setting."""
    left, right = st.columns(2)
    with left:
        own = _share("wrong_truths", _("Wrong ground truths"), 40) if preset == PRESET else _unit_tests()
        repeated = _share("repeated_questions", _("Repeated questions"), 90, 10)
        leaked = _share("leaked_questions", _("Held-out questions among those trained on"), 100, 10)
    with right:
        few = st.select_slider(
            _("Different questions"),
            [4, 16, 64, 256, None],
            None,
            format_func=lambda x: _("always new ones") if x is None else str(x),
            key="data_few",
            persist_state="session",
        )
        low, high = st.slider(
            _("How often the start model answers them right"),
            0,
            100,
            (0, 100),
            5,
            "%d %%",
            key="data_band",
            persist_state="session",
        )
    return {
        **own,
        **repeated,
        **leaked,
        "distinct_questions": few,
        "success_from": low / 100,
        "success_to": high / 100,
    }


#: Setting → the key of its slider.
_KEYS = {
    "wrong_truths": "data_wrong",
    "repeated_questions": "data_repeated",
    "leaked_questions": "data_leaked",
    "wrong_tests": "data_wrong_tests",
}


def _share(setting: str, label: str, most: int, step: int = 5) -> dict[str, Any]:
    share = st.slider(label, 0, most, 0, step, "%d %%", key=_KEYS[setting], persist_state="session")
    return {setting: share / 100}


def _unit_tests() -> dict[str, Any]:
    """How many unit tests pay, and how many of them are wrong."""
    count = st.select_slider(
        _("Unit tests that pay"),
        [1, 2, 3, 4, None],
        None,
        format_func=lambda x: _("all ten") if x is None else whole(x),
        key="data_tests",
        persist_state="session",
        help=_("Of the four that the question shows; the six hidden ones then pay nothing."),
    )
    return {"tests_per_question": count, **_share("wrong_tests", _("Wrong unit tests"), 40)}


def _compared(preset: str, changed: Mapping[str, Any]) -> str:
    """A prediction of what GRPO becomes with these data, and, once such a run is through, what it became.

    Returns what is to be done until then; "" where such a run is through.
    """
    runs = own_runs(preset, changed)
    ends = list(runs.values())
    topic, asked = TOPICS[UNTOUCHED[preset]], _("What will GRPO's held-out success be with these data?")
    if there(topic):
        untouched = _("With untouched ones it was {clean} after {steps} steps.")
        asked = one_after_another(asked, untouched.format(clean=number(mean(topic.base, heldout), 2), steps=STEPS))
    about = json.dumps([preset, sorted(changed.items())])
    if predict_number(
        "data_own",
        asked,
        low=0.0,
        high=1.0,
        step=0.05,
        outcome=round(statistics.fmean(ends), 2) if ends else None,
        tolerance=0.05,
        reason=_("Mean of your runs with these data: {count}. The truth decides, whatever was paid.").format(
            count=len(ends)
        ),
        about=about,
    ):
        came_of(runs, UNTOUCHED[preset])
    if ends:
        return ""
    if revealed("data_own", about):
        return _("Train GRPO in the lab, and come back: what came of it then stands here.")
    return _("Commit, train GRPO in the lab, and come back: what came of it then stands here.")


def own_runs(preset: str, changed: Mapping[str, Any]) -> dict[str, float]:
    """GRPO's runs in this store that differ from the preset in these data alone: id → held-out success at the end."""
    ends = dict[str, float]()
    for run in readable(shared.store().runs()):
        if run.recorded or run.status != "finished" or not _of_these(run.config, preset, changed):
            continue
        events = shared.store().events(run.id)
        finals = [x["value"] for x in events if (x["kind"], x["learner"]) == ("final", LEARNER)]
        if finals and isinstance(finals[-1], dict) and all(x["kind"] != "change" for x in events):
            sampled = finals[-1].get("sampled")
            if sampled is not None:
                ends[run.id] = float(sampled)
    return ends


def _of_these(config: RunConfig, preset: str, changed: Mapping[str, Any]) -> bool:
    """Whether a run is the preset's but for these data; its seed, other learners and how it is watched are free."""
    base = PRESETS[preset]
    names = ("task", "model", "steps", "prompts_per_step", "num_generations", "temperature", *_DATA)
    wanted = {name: changed.get(name, getattr(base, name)) for name in names}
    grpo = [x for x in config.learners if x.name == LEARNER]
    return grpo == [base.learner(LEARNER)] and all(getattr(config, name) == value for name, value in wanted.items())


_DATA = (*_KEYS, "distinct_questions", "tests_per_question", "success_from", "success_to")


def _typed(value: float | int | None) -> str:
    return "none" if value is None else f"{value:g}"
