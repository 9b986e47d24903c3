"""The same responses under PPO's and under GRPO's credit, as the browser's evaluator of terms takes them."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from core.learners.registry import AnyLearner, learner, learner_kind, without
from core.runs.group_view import group_view
from core.runs.store import RunStore
from core.runs.view_values import number
from core.terms import SCALAR, evaluate
from core.training.terms import data_of, known_values, terms_for
from lessons import shared
from lessons.kit.lesson import Frozen, Group

Mode = Literal["ppo", "grpo"]
MODES: tuple[Mode, Mode] = ("ppo", "grpo")

#: What models measured of the responses; all other columns follow from it, the rewards and a learner's settings.
MEASURED = ("token_id", "logprob_old", "logprob_ref", "value", "logprob", "kl_exact", "entropy")
#: GRPO as the bridge between the credits has it (core/insight/bridge.py).
PLAIN = {"kl_coef": 0.0, "baseline": "group-mean", "whiten_advantages": False}


def both_credits(batch: Frozen, group: Group, runs: RunStore | None = None) -> dict[str, Any]:
    """`runs` is the store of the batch's run, where it is not this process's own.

    {"origin": whose responses these are, "learners": {"ppo": …, "grpo": …}}; each of them as `group_view` has one.

    The one that wrote them has its recorded numbers. The other has what the models measured and its own terms and
    settings, from which its credit follows: GRPO's are the run's own GRPO learner's, as the bridge has them.
    """
    return _both(
        batch.run.id, batch.run.created, batch.learner, batch.step, group.number, batch, runs or shared.store()
    )


@st.cache_data(show_spinner=False, max_entries=64)
def _both(
    run_id: str, made: float, name: str, step: int, group: int, _batch: Frozen, _runs: RunStore
) -> dict[str, Any]:
    own = group_view(_runs, _batch.run, step, group, [name], "")["learners"][name]
    origin = mode_of(_batch.settings)
    other: Mode = "ppo" if origin == "grpo" else "grpo"
    credited = {origin: own, other: credited_by(other_settings(_batch, other), own, _batch)}
    return {"origin": origin, "learners": {mode: credited[mode] for mode in MODES}}


def mode_of(settings: AnyLearner) -> Mode:
    """In whose pipeline a learner's step is drawn first."""
    return "grpo" if learner_kind(settings).name == "grpo" else "ppo"


def other_settings(batch: Frozen, algorithm: Mode) -> AnyLearner:
    """The settings by which the responses are credited otherwise: of the run's such learner, or the defaults."""
    own = next((x for x in batch.run.config.learners if learner_kind(x).name == algorithm), None) or learner(algorithm)
    return own.model_copy(update=PLAIN) if algorithm == "grpo" else own


def credited_by(settings: AnyLearner, own: dict[str, Any], batch: Frozen) -> dict[str, Any]:
    """What `group_view` gave of a learner's responses, with another learner's terms in the place of its numbers.

    Numbers of the whole step (the spread of all its rewards) are worked out here from the rewards of all its responses,
    since the browser has one group's; those that need the tokens of all responses are null.
    """
    terms, values = terms_for(settings), known_values(settings)
    step = evaluate(terms, data_of(values, batch.samples, batch.tokens.slice(0, 0), {}))
    responses = [
        {
            **response,
            **{"score": None, "value_after": None, "credit": None},
            "once": {x: numbers for x, numbers in response["once"].items() if x in MEASURED},
            "passes": [{x: y for x, y in numbers.items() if x in MEASURED} for numbers in response["passes"]],
        }
        for response in own["responses"]
    ]
    return {
        **own,
        "without": sorted(without(settings)),
        "settings": values,
        "terms": terms.as_json()["terms"],
        "of_step": {x: number(step[x].at(), 9) for x in terms.trees if step[x].level == SCALAR},
        "responses": responses,
    }


def other_credit(batch: Frozen, group: Group) -> list[float | None]:
    """What GRPO credits each response of a group with, by the evaluator of terms; in the order of its replies."""
    settings = other_settings(batch, "grpo")
    data = data_of(known_values(settings), batch.samples, batch.tokens, {})
    credit = evaluate(terms_for(settings), data)["credit"]
    rows = sorted(set(batch.tokens["sample"].to_pylist()))
    return [credit.at(rows.index(x.sample)) for x in group.replies]
