"""A policy trains on the reward model: one click to the lab; and what that did to its replies, by every taste."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from core.config import RunConfig
from core.given_config import change
from core.insight.seed_results import SeedDifference, paired
from core.models import reward
from core.presets import preset
from core.rewards import REWARDS
from core.runs import reward_runs
from core.runs.records import RunInfo, readable
from core.tasks.tastes import TASTES
from core.training.answer import Answer
from lessons import shared
from lessons.a_trained_reward_model.training import current
from lessons.catalog import lesson
from lessons.i18n import _, keeping_language, listed, tell
from lessons.kit import who_learns
from lessons.kit.controls import noted
from lessons.kit.display import is_live, learner_title, literal, plain, status_word, when
from lessons.kit.glossary import say, say_small
from lessons.kit.history import show_run
from lessons.kit.lesson import Choice, predict
from lessons.kit.linked import linked
from lessons.kit.numbers import number, signed, table
from lessons.kit.starting import start_run
from lessons.kit.to_lab import lab_query
from lessons.kit.watched import watched

PRESET = "reply"
PROXY = "when-the-proxy-breaks"  # the lesson on how far that goes
ROWS = 6  # messages whose replies are shown before and after
NOTE = "rm_policy_note"


@dataclass(frozen=True)
class Replied:
    """What one learner replied to the held-out messages, sampled once each, before and after."""

    learner: str
    messages: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]

    def change(self, taste: str) -> tuple[float, SeedDifference]:
        """(mean score before, after − before message by message) by a taste of the catalogue."""
        score = TASTES[taste].score
        first, second = (
            [score(x, y) for x, y in zip(self.messages, replies, strict=True)] for replies in (self.before, self.after)
        )
        return sum(first) / len(first), paired(second, first)


def config_for(reward_model: str, who: str) -> RunConfig:
    """The preset's run with the reward model as its learners' reward, and replies kept before and after."""
    base = who_learns.chosen(preset(PRESET), who).model_copy(update={"keep_level": True})
    return change(base, {"reward": "reward-model", "reward_model": reward_model, "compare_samples": 1})


def to_the_lab() -> None:
    """Which learners, and the button that starts them on the reward model and shows them in the lab."""
    run = current()
    model = reward_runs.kept(shared.store(), run.id) if run is not None else None
    # Of an imported run it was left elsewhere, and a server whose disk is limited deletes old ones.
    gone = None if model is None else reward.refusal(model.name, preset(PRESET).model)
    whose = who_learns.choices(preset(PRESET))
    with st.container(horizontal=True, vertical_alignment="bottom", key="rm_policy_row"):
        who = linked(
            st.segmented_control,
            _("Who learns"),
            whose,
            key="who",
            first=whose[0],
            format_func=partial(who_learns.title, preset(PRESET)),
            required=True,
        )
        pressed = st.button(
            _("Train on this reward model, in the lab"),
            type="primary",
            icon=":material/science:",
            disabled=model is None or gone is not None or shared.training_off() is not None,
            key="rm_policy",
        )
    if gone is not None:
        st.info(plain(tell(gone.without_folders()), 400), icon=":material/info:")
    if model is None:
        say_small(_("Train a reward model first, above; this then takes it."))
    elif pressed:
        _go(model.name, who)
    if note := st.session_state.pop(NOTE, None):
        st.error(plain(note, 600), icon=":material/error:")


def _go(model: str, who: str) -> None:
    run_id = None
    with noted(NOTE):
        name = _("{who} on {model}").format(who=who_learns.title(preset(PRESET), who), model=model)
        run_id = start_run("rm_policy", config_for(model, who), name)
    if run_id is not None:
        show_run(run_id)
        st.switch_page(lesson("lab").path, query_params=lab_query({"run": run_id}))


def runs_on_models() -> list[RunInfo]:
    """Runs whose learners learn from a reward model and that keep their replies, the newest first."""
    return [
        x
        for x in readable(shared.store().runs())
        if x.config.compare_samples
        and x.config.task.kind == "reply"
        and any(REWARDS[y.reward].trained for y in x.config.learners)
    ]


def how_far() -> None:
    """Where the next question is answered."""
    st.page_link(
        lesson(PROXY).path,
        label=_("How many labels it takes, and how far it goes: {title}").format(title=_(lesson(PROXY).title)),
        icon=lesson(PROXY).icon,
        query_params=keeping_language(),
    )


def became() -> None:
    """What training on a reward model did, of a run that was trained so."""
    there = runs_on_models()
    if not there:
        say_small(_("Come back here when that run is through: this then shows what your taste did to the model."))
        return
    by_id = {x.id: x for x in there}
    zone = st.context.timezone
    chosen = linked(
        st.selectbox,
        _("The run"),
        list(by_id),
        key="policy",
        first=there[0].id,
        format_func=lambda x: (
            f"{literal(by_id[x].name, 40)} · {status_word(by_id[x].status)} · {when(by_id[x].created, zone)}"
        ),
    )
    watched(lambda: shared.run_or_none(chosen), _draw, every=2.0)


def _draw(run: RunInfo | None) -> None:
    if run is None:  # deleted elsewhere
        return
    if is_live(run):
        st.info(
            _("The run is under way. When it is through, its replies stand here beside those from before."),
            icon=":material/hourglass_empty:",
        )
    else:
        _show(run)


def _show(run: RunInfo) -> None:
    replied = replied_of(shared.store().events(run.id), [x.name for x in run.learners])
    if not replied:
        st.info(
            _("This run ended before it was through, so nobody asked again. Choose another."),
            icon=":material/hourglass_disabled:",
        )
        return
    if not _guessed(run.id, replied):
        return
    ends = reward_ends(run.id, replied)
    say(_rewards(ends))
    _tastes(replied)
    if rose_most(replied) is None and ends and all(last > first for first, last in ends.values()):
        say(
            _(
                "The reward rose, and no taste of the catalogue with it: the policy found what this reward model pays, "
                "not what one of these tastes likes."
            )
        )
    _replies(replied)


def replied_of(events: Sequence[Mapping[str, Any]], learners: Sequence[str]) -> list[Replied]:
    """Learners whose replies from before and after are there. What cannot be read counts as not there."""
    known: dict[str, dict[str, Mapping[str, Any]]] = {}
    for event in events:
        if event["kind"] == "evaluation" and isinstance(event["value"], Mapping):
            known.setdefault(event["learner"], {})[str(event["value"].get("when"))] = event["value"]
    replied = []
    for name in learners:
        own = known.get(name, {})
        try:
            before, after = own["before"], own["after"]
            texts = [tuple(Answer.of(x[0]).text for x in side["sampled"]) for side in (before, after)]
            messages = tuple(map(str, before["questions"]))
        except (KeyError, TypeError, ValueError, IndexError):
            continue
        if len(messages) == len(texts[0]) == len(texts[1]) > 1:
            replied.append(Replied(name, messages, *texts))
    return replied


def rises_of(replied: Sequence[Replied]) -> dict[str, float]:
    """Taste → how much its mean score rose, over all learners."""
    return {x: sum(one.change(x)[1].mean for one in replied) / len(replied) for x in TASTES}


def rose_most(replied: Sequence[Replied]) -> str | None:
    """The taste whose mean score rose most, over all learners; None where none rose."""
    rises = rises_of(replied)
    most = max(TASTES, key=rises.__getitem__)
    return most if rises[most] > 0 else None


def _guessed(run_id: str, replied: Sequence[Replied]) -> bool:
    most, rises = rose_most(replied), rises_of(replied)
    choices = [
        Choice(
            _(x.title),
            x.name == most,
            _("{taste}: {change} on average.").format(taste=_(x.title), change=signed(rises[x.name])),
        )
        for x in TASTES.values()
    ]
    best = max(rises, key=rises.__getitem__)
    reason = _("The best of all is {taste}: {change} on average.")
    words = reason.format(taste=_(TASTES[best].title), change=signed(rises[best]))
    choices.append(Choice(_("None of them"), most is None, words))
    return predict(
        "rm_rises", _("Which taste of the catalogue has risen most in the model's replies?"), choices, about=run_id
    )


def reward_ends(run_id: str, replied: Sequence[Replied]) -> dict[str, tuple[float, float]]:
    """Learner → its mean reward of the first and of the last step; learners of which none is known are left out."""
    rows, _cursor = shared.store().rows_since(run_id, -1)
    ends = {}
    for one in replied:
        own = sorted((x for x in rows if x["learner"] == one.learner), key=lambda x: x["step"])
        known = [x["reward"] for x in own if isinstance(x["reward"], int | float) and math.isfinite(x["reward"])]
        if known:
            ends[one.learner] = (known[0], known[-1])
    return ends


def _rewards(ends: Mapping[str, tuple[float, float]]) -> str:
    parts = [f"**{plain(learner_title(x), 60)}** {signed(first)} → {signed(last)}" for x, (first, last) in ends.items()]
    words = _("Mean reward of a step's own replies by the reward model, first step → last: {parts}.")
    return words.format(parts=listed(parts) or _("none"))


def _tastes(replied: Sequence[Replied]) -> None:
    head = [_("taste"), _("before")]
    head += [_("{learner}: change").format(learner=plain(learner_title(x.learner), 60)) for x in replied]
    rows = []
    for taste in TASTES.values():
        changes = [x.change(taste.name) for x in replied]
        rows.append([_(taste.title), number(changes[0][0], 2), *(_moved(x) for _before, x in changes)])
    with st.container(key="rm_tastes"):
        say(table(head, rows))
    say_small(
        _(
            "Mean score, from 0 to 1, of one sampled reply to each of {count} held-out messages. ▲ risen, ▼ fallen, "
            "~ not told apart: the 95 % interval of the change, message by message."
        ).format(count=len(replied[0].messages))
    )


def _moved(by: SeedDifference) -> str:
    mark = "▲" if by.low > 0 else "▼" if by.high < 0 else "~"
    return f"{signed(by.mean)} {mark}"


def _replies(replied: Sequence[Replied]) -> None:
    """The first held-out messages, and what was replied before and after."""
    head = [_("message"), _("before"), *(plain(learner_title(x.learner), 60) for x in replied)]
    rows = [
        [plain(x, 200) for x in (replied[0].messages[i], replied[0].before[i], *(y.after[i] for y in replied))]
        for i in range(min(ROWS, len(replied[0].messages)))
    ]
    with st.container(key="rm_replies"):
        say(table(head, rows, left=len(head)))
