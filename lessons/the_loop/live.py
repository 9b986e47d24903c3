"""The live half of this lesson: a batch that is sampled, scored and learnt from now, and the run that goes on from it.

A run of one step is begun in a process of its own; to let it run is to continue that same run by more steps. In between
no process waits for the learner. What it makes comes into the picture as it comes into the store.
"""

from __future__ import annotations

import streamlit as st

from core.config import RunConfig
from core.errors import Message
from core.given_config import change
from core.presets import preset
from core.runs.records import RunInfo
from lessons import shared
from lessons.catalog import lesson
from lessons.i18n import N_, _, ngettext, tell
from lessons.kit import who_learns
from lessons.kit.controls import ask, noted, pending
from lessons.kit.display import is_live, learner_title, plain, status_word
from lessons.kit.glossary import say_small
from lessons.kit.linked import linked
from lessons.kit.numbers import whole
from lessons.kit.starting import start_run, started_by
from lessons.kit.to_lab import lab_query
from lessons.kit.watched import watched
from lessons.the_loop.picture import moving_picture
from lessons.the_loop.rounds import Played, played_of

#: The parameter of the link that names the run; the session's sentence on why none was started; its run before that.
RUN, NOTE, BEFORE = "live", "loop_note", "loop_before"
TASK, SEED = "loop_task", "loop_seed"
#: Presets whose tasks have a right answer and whose responses fit a row; the quickest first.
TASKS = {"chain-sum": N_("three-term sums"), "long-sums": N_("six-term sums"), "countdown": N_("numbers and a target")}
FIRST = next(iter(TASKS))
#: The recorded run has seed 0: another batch comes first here.
SEEDS = tuple(str(x) for x in range(1, 21))
KIND = "grpo"
MORE = 40  # steps that a press lets it run


def section(recorded: Played | None) -> None:
    """What can be pressed, and the picture: of the run that was begun here, else the recorded one."""
    watched(current, lambda run: _draw(run, recorded))


def current() -> RunInfo | None:
    """The run that the link names, or else the last that was begun here: the browser's way back leads to the link
    without it, and the run goes on. None where it has no such learner, or was made elsewhere."""
    wanted = st.query_params.get(RUN) or started_by("loop_sample")
    run = shared.run_or_none(wanted) if wanted else None
    return run if run is not None and not run.recorded and learner_of(run) is not None else None


def learner_of(run: RunInfo) -> str | None:
    """The learner whose rounds are played; None where the run has none."""
    return next((x.name for x in run.learners if x.algorithm == KIND), None)


def shown(recorded: Played | None) -> Played | None:
    """What the picture plays now."""
    run = current()
    return (own_rounds(run) if run is not None else None) or recorded


def own_rounds(run: RunInfo) -> Played | None:
    """What was sampled here: this run's rounds, or, until it has made one, those of the batch before it."""
    if (played := _played(run)) is not None:
        return played
    before = shared.run_or_none(st.session_state.get(BEFORE, ""))
    return None if before is None or before.recorded else _played(before)


def _played(run: RunInfo) -> Played | None:
    name = learner_of(run)
    return None if name is None else played_of(run, name)


def _draw(run: RunInfo | None, recorded: Played | None) -> None:
    live = run is not None and is_live(run)
    _buttons(run, live)
    if note := st.session_state.get(NOTE):
        st.error(plain(note, 600), icon=":material/error:")
    own = own_rounds(run) if run is not None else None
    if run is not None and not live and (reason := reason_of(run)) is not None:
        st.info(plain(tell(reason), 400), icon=":material/info:")
    has_come = run is not None and own is not None and own.run.id == run.id
    awaited = run.id if run is not None and live and not has_come else ""
    words = waiting(run) if run is not None and awaited else ""
    if (played := own or recorded) is not None:
        moving_picture(played, own=own is not None, awaited=awaited, waiting=words)
    elif words:
        st.info(words, icon=":material/hourglass_empty:")
    _say_whose(played, own is not None)


def reason_of(run: RunInfo) -> Message | None:
    """Why it has stopped or failed, where it says so."""
    reasons = [x.reason for x in run.learners if x.reason is not None]
    return reasons[0].without_folders() if reasons else None


def waiting(run: RunInfo) -> str:
    """What a run does that has made no step yet."""
    learner = next(x for x in run.learners if x.name == learner_of(run))
    why = learner.reason.without_folders() if learner.reason is not None else None
    if why is None and learner.preparing is not None:
        why = learner.preparing.message
    doing = _("The model samples its first batch now.") if learner.status == "running" else _("It is about to begin.")
    return _("Your batch plays here as soon as it is there. {doing}").format(doing=tell(why) if why else doing)


# -- what can be pressed -----------------------------------------------------------------------------------------------


def _buttons(run: RunInfo | None, live: bool) -> None:
    off = shared.training_off()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="loop_live"):
        st.button(
            _("Sample a batch now"),
            type="secondary" if run is not None else "primary",
            icon=":material/casino:",
            disabled=live or off is not None,
            help=_why_not(live, off)
            or _("The start model writes responses, they are scored, and it learns from them."),
            on_click=_begin,
            key="loop_sample",
        )
        _more(run, live, off)
        paused = run is not None and run.status == "paused"
        asked = "resume" if paused else "pause"
        for label, icon, kind in (
            (_("Resume") if paused else _("Pause"), ":material/resume:" if paused else ":material/pause:", asked),
            (_("Stop"), ":material/stop:", "stop"),
        ):
            st.button(
                label,
                icon=icon,
                disabled=not live or pending(run) == kind,
                on_click=_ask,
                args=(run.id if run is not None else "", kind),
                key=f"loop_{'stop' if kind == 'stop' else 'pause'}",
            )
        _choices()


def _why_not(live: bool, off: Message | None) -> str | None:
    if off is not None:
        return plain(tell(off))
    return _("Stop the run under way first: two at once would slow each other down.") if live else None


def _more(run: RunInfo | None, live: bool, off: Message | None) -> None:
    """The button that continues the run, by as many steps as this server allows."""
    done, upto = steps_of(run)
    if run is None:
        why = _("Sample a batch first; the same run then goes on.")
    elif upto <= done:
        most = ngettext("{n} step", "{n} steps", done).format(n=whole(done))
        why = _("This server allows a run no more than {steps}.").format(steps=most)
    else:
        more = ngettext("{n} step", "{n} steps", upto - done).format(n=whole(upto - done))
        why = _("The same run goes on by {steps}: sampled, scored, learnt from, each by the changed model.").format(
            steps=more
        )
    st.button(
        _("Let it run"),
        type="primary" if run is not None else "secondary",
        icon=":material/fast_forward:",
        disabled=run is None or live or off is not None or upto <= done,
        help=_why_not(live, off) or why,
        on_click=_go_on,
        key="loop_on",
    )


def steps_of(run: RunInfo | None) -> tuple[int, int]:
    """(steps that the run has made, how many it has made after one more press)."""
    done = 0 if run is None else 1 + max(x.step for x in run.learners)
    most = shared.limits().steps
    return done, done + MORE if most is None else max(done, min(done + MORE, most))


def _choices() -> None:
    """Task and seed of the next batch, in the link."""
    task, seed = chosen()
    label = _("{task}, seed {seed}").format(task=_(TASKS[task]), seed=seed)
    with st.popover(label, icon=":material/tune:", key="loop_choices"):
        linked(st.selectbox, _("Task of the next batch"), list(TASKS), key=TASK, first=FIRST, format_func=_task_title)
        linked(st.selectbox, _("Seed of the next batch"), SEEDS, key=SEED, first=SEEDS[0])
        say_small(
            _("The same seed asks the same prompts and draws the same responses. After each batch comes another.")
        )


def chosen() -> tuple[str, str]:
    """Task and seed of the next batch, as the link has them; what is not offered is taken for the first."""
    task, seed = st.query_params.get(TASK, FIRST), st.query_params.get(SEED, SEEDS[0])
    return task if task in TASKS else FIRST, seed if seed in SEEDS else SEEDS[0]


def _task_title(task: str) -> str:
    title = _(TASKS[task])
    return title[:1].upper() + title[1:]


def _begin() -> None:
    if (run := current()) is not None and is_live(run):  # the second click of a double one
        return
    task, seed = chosen()
    with noted(NOTE):
        title = _("The loop: {task}, seed {seed}").format(task=_(TASKS[task]), seed=seed)
        begun = start_run("loop_sample", config_for(task, int(seed)), title)
        if run is not None and _played(run) is not None:
            st.session_state[BEFORE] = run.id
        st.query_params[RUN] = begun
        st.query_params[SEED] = SEEDS[(SEEDS.index(seed) + 1) % len(SEEDS)]


def config_for(task: str, seed: int) -> RunConfig:
    """One step of the preset's run, of the one learner; nothing is measured that only a comparison needs."""
    alone = who_learns.chosen(preset(task), KIND)
    return change(alone, {"seed": seed, "steps": 1, "value_check_responses": 0})


def _go_on() -> None:
    run = current()
    if run is None or is_live(run):  # the second click of a double one
        return
    done, upto = steps_of(run)
    if upto > done:
        with noted(NOTE):
            shared.launcher().resume(run.id, steps=upto)


def _ask(run_id: str, kind: str) -> None:
    ask(shared.store(), run_id, kind, NOTE)


# -- whose it is -------------------------------------------------------------------------------------------------------


def _say_whose(played: Played | None, own: bool) -> None:
    """Whose rounds these are, sampled here or recorded, on one line with the way into the lab."""
    if played is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="aside_loop_whose"):
        say_small(_whose(played, own), width="content")
        # No link: what was chosen above since this was drawn is in the address, not in a link.
        if st.button(_("Open this run in the lab"), type="tertiary", icon=lesson("lab").icon, key="loop_open"):
            st.switch_page(lesson("lab").path, query_params=lab_query({"run": played.run.id}))


def _whose(played: Played, own: bool) -> str:
    name, seed = plain(learner_title(played.learner.name)), played.run.config.seed
    if own:
        return _("Trained on this machine: {learner}, seed {seed}; {status}, step {done} of {all}.").format(
            learner=name,
            seed=seed,
            status=status_word(played.run.status),
            done=whole(played.learner.step + 1),
            all=whole(played.learner.steps),
        )
    return _("Real numbers: {learner} of {run}, seed {seed}.").format(learner=name, run=run_words(played), seed=seed)


def run_words(played: Played) -> str:
    """What a run is called in a sentence."""
    run = played.run
    return _("a recorded run") if run.recorded else _("the run “{name}”").format(name=plain(run.name, 60))
