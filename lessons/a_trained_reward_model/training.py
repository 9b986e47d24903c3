"""The reward model trains on the labels: a run of its own, in a process of its own, shown here as it comes along."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.presets import preset
from core.reward_run import reward_config
from core.rewards.preferences import Preference
from core.runs import reward_runs
from core.runs.records import RunInfo
from core.runs.reward_runs import LeftModel, RewardPoint, ShownResponse
from lessons import shared
from lessons.a_trained_reward_model import labels
from lessons.catalog import lesson
from lessons.i18n import _, tell
from lessons.kit.controls import ask, noted
from lessons.kit.display import is_live, literal, plain, status_word
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Row, mount, token_strips
from lessons.kit.numbers import number, percent, whole
from lessons.kit.preset_race import race_in_lab
from lessons.kit.starting import start_run, started_by
from lessons.kit.to_lab import lab_query
from lessons.kit.watched import watched

PRESET = "reply-reward-model"
#: The parameter of the link that names the run, and the session's sentence on why none was started.
RUN, NOTE = "rewards", "rm_note"
NAME = "my-taste"
PAIRS = 2  # whose replies are shown token by token


def section() -> None:
    off = shared.training_off()
    if off is not None:
        st.info(plain(tell(off)), icon=":material/power_off:")
    watched(current, _draw)
    words = _("Open the lab with a machine judge")
    race_in_lab(PRESET, words, key="rm_race", icon=":material/gavel:", typed=labels.judges_settings())


def current() -> RunInfo | None:
    """The run that the link names, or else the last that was begun here: the browser's way back leads to the link
    without it, and the run goes on. None where that trains no reward model."""
    wanted = st.query_params.get(RUN) or started_by("rm_train")
    run = shared.run_or_none(wanted) if wanted else None
    return run if run is not None and reward_runs.learner_of(run) is not None else None


def _draw(run: RunInfo | None) -> None:
    _buttons(run, run is not None and is_live(run))
    if note := st.session_state.get(NOTE):
        st.error(plain(note, 600), icon=":material/error:")
    if run is None:
        return
    say_small(_("The run “{name}”: {status}.").format(name=plain(run.name, 60), status=status_word(run.status)))
    show(run)


def _buttons(run: RunInfo | None, live: bool) -> None:
    every = labels.together_or_none()
    with st.container(horizontal=True, vertical_alignment="center", key="rm_train_row"):
        st.button(
            _("Train a reward model on these labels"),
            type="primary",
            icon=":material/model_training:",
            disabled=live or not labels.are_enough(every) or shared.training_off() is not None,
            on_click=_begin,
            key="rm_train",
        )
        if run is not None and live:
            st.button(
                _("Stop"), icon=":material/stop:", on_click=ask, args=(shared.store(), run.id, "stop"), key="rm_stop"
            )
        if run is not None and st.button(
            _("Open this run in the lab"), type="tertiary", icon=":material/science:", key="rm_open"
        ):  # no link: what was chosen above since this was drawn is in the address, not in a link
            st.switch_page(lesson("lab").path, query_params=lab_query({"run": run.id}))


def _begin() -> None:
    if (run := current()) is not None and is_live(run):  # the second click of a double one
        return
    with noted(NOTE):
        st.query_params[RUN] = begin(labels.together())


def begin(preferences: Sequence[Preference]) -> str:
    """Starts the run; its id. Raises what the store, the limits and the launcher refuse with."""
    config = reward_config(preset(PRESET), preferences, name=NAME)
    title = _("reward model, {count} labels").format(count=whole(len(preferences)))
    return start_run("rm_train", config, title, preferences)


def show(run: RunInfo) -> None:
    """Loss, accuracy and calibration so far, and what it says of every prefix of a few replies."""
    store = shared.store()
    curve = with_end(reward_runs.curve(store, run.id), reward_runs.kept(store, run.id))
    for learner in run.learners:
        if run.status in ("failed", "stopped") and learner.reason:
            st.info(plain(tell(learner.reason.without_folders()), 400), icon=":material/info:")
    if not curve:
        st.info(_("The run is about to begin…"), icon=":material/hourglass_empty:")
        return
    bins = reward_runs.calibration(store, run.id)
    mount("training", charts(curve, bins, run.config.steps), key="rm_curves")
    say_small(words_on(curve, sum(x.pairs for x in bins)))
    prefixes = some_pairs(reward_runs.prefixes(store, run.id))
    if prefixes:
        _strips(prefixes)


def with_end(curve: Sequence[RewardPoint], left: LeftModel | None) -> tuple[RewardPoint, ...]:
    """The points, each from before an update, and what the model that was left says after the last one."""
    if not curve or left is None or left.heldout_loss is None:
        return tuple(curve)
    last = curve[-1]
    end = RewardPoint(last.step + 1, last.pairs_seen, None, None, left.heldout_loss, left.heldout_accuracy)
    return (*curve, end)


def charts(curve: Sequence[RewardPoint], bins: Sequence[Any], steps: int) -> dict[str, Any]:
    """What the browser draws of the points so far, of a run of so many updates."""
    last = max(1, steps, curve[-1].step)
    own = [(x.step, x.loss) for x in curve if x.loss is not None]
    held = [(x.step, x.heldout_loss) for x in curve if x.heldout_loss is not None]
    right = [(x.step, x.heldout_accuracy) for x in curve if x.heldout_accuracy is not None]
    most = max([math.log(2), *(y for _x, y in (*own, *held))])
    updates = _("updates")
    ends = {"own": own[-1][1] if own else None, "held": held[-1][1] if held else None}
    return {
        "words": {"none": _("none")},
        "charts": [
            {
                "title": _("Loss: −log σ(r_j − r_k)"),
                "alt": _("Loss over updates: held-out pairs now {held}.").format(held=_known(ends["held"])),
                "x": updates,
                "from": [0, 0],
                "to": [last, most],
                "guide": [math.log(2), _("rewards all alike")],
                "lines": [
                    _line(_("pairs of the update"), "grey", [2, 3], own),
                    _line(_("held-out pairs"), "blue", [], held),
                ],
                "dots": None,
                "digits": 3,
            },
            {
                "title": _("Held-out pairs: reward larger for the preferred reply"),
                "alt": _("Accuracy on held-out pairs over updates, now {right}.").format(
                    right=_known(right[-1][1] if right else None)
                ),
                "x": updates,
                "from": [0, 0],
                "to": [last, 1],
                "guide": [0.5, _("chance")],
                "lines": [_line(_("accuracy"), "blue", [], right)],
                "dots": None,
                "digits": 2,
            },
            {
                "title": _("Calibration: how often right, by how sure"),
                "alt": _("Held-out pairs by how sure the model is: {bins}.").format(
                    bins="; ".join(f"{number(x.claimed, 2)} → {number(x.right, 2)} ({x.pairs})" for x in bins)
                    or _("none")
                ),
                "x": _("how sure: σ(|r_j − r_k|); numbers: pairs"),
                "from": [0.5, 0],
                "to": [1, 1],
                "guide": None,
                "lines": [],
                "dots": [[x.claimed, x.right, x.pairs] for x in bins],
                "digits": 2,
            },
        ],
    }


def _line(name: str, colour: str, dash: list[int], points: list[tuple[int, float]]) -> dict[str, Any]:
    rounded = [[x, round(float(y), 4)] for x, y in points]
    return {"name": name, "colour": colour, "dash": dash, "points": rounded}


def _known(value: float | None) -> str:
    return _("none") if value is None else number(value)


def words_on(curve: Sequence[RewardPoint], pairs: int) -> str:
    """The newest evaluation in a sentence; `pairs`: how many are held out."""
    known = [x for x in curve if x.heldout_accuracy is not None and x.heldout_loss is not None]
    if not known:
        return _("No pair is held out, so nothing tells how good it is.")
    words = _("After update {step}: of {pairs} held-out pairs {share} are ordered as labelled; their loss is {loss}.")
    loss = known[-1].heldout_loss
    assert loss is not None
    return words.format(
        step=known[-1].step, pairs=whole(pairs), share=percent(known[-1].heldout_accuracy), loss=number(loss)
    )


def some_pairs(prefixes: Sequence[ShownResponse]) -> list[ShownResponse]:
    """The first pairs, of those that are held out where there are any; the preferred reply of each first."""
    held = [x for x in prefixes if x.heldout] or list(prefixes)
    first = list(dict.fromkeys(x.pair for x in held))[:PAIRS]
    return sorted((x for x in held if x.pair in first), key=lambda x: (x.pair, not x.preferred))


def _strips(prefixes: Sequence[ShownResponse]) -> None:
    """Replies token by token, coloured by the reward of the prefix that ends there."""
    rows = [
        Row(
            f"p{n}",
            _("preferred") if x.preferred else _("the other one"),
            x.tokens,
            list(x.rewards[1:]),
            group=literal(x.prompt, 90),
        )
        for n, x in enumerate(prefixes)
    ]
    with st.container(key="rm_strips"):
        token_strips(rows, key="rm_prefixes", quantity=_("reward of the prefix"), pickable=False)
    say(_("Trained is only the number at the end of each reply; the others are what the same head says on the way."))
