"""Every term of every kind, surrogate and variant, on real traces, against the numbers that trained."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest

from core.algorithms.surrogates import SURROGATES
from core.config import RunConfig
from core.learners.kind import LearnerKind
from core.learners.registry import (
    LEARNER_KINDS,
    AnyLearner,
    collected_of,
    learner,
    learner_kind,
    refused,
    terms_of,
    trains_policy,
    without,
)
from core.learners.unrecorded import values_of
from core.learners.variants import VARIANTS
from core.terms import Data, Term, TermError, Value, clip_sides, evaluate
from core.training.beginning import begin
from core.training.terms import data_of, known_values, terms_for
from core.training.trace import StepTrace
from lessons.board.declared import forms
from tests.registered import surrogates_of

#: Settings that change a formula's form, beside the variants.
FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "ppo-raw": ("ppo", {"whiten_advantages": False, "gamma": 0.9, "lam": 0.5}),
    "ppo-ddof0": ("ppo", {"whiten_ddof": 0, "kl_reward_estimator": "k3", "kl_coef": 0.3}),
    "ppo-bootstrap": ("ppo", {"bootstrap_truncated": True, "kl_coef": 0.0}),
    "ppo-two-lambdas": ("ppo", {"lam": 0.7, "lam_critic": 1.0, "gamma": 0.9}),
    "ppo-two-lambdas-bootstrap": ("ppo", {"lam_critic": 0.3, "bootstrap_truncated": True, "kl_coef": 0.0}),
    "ppo-oracle": ("ppo", {"oracle_continuations": 2, "lam": 0.5, "gamma": 0.9}),
    "ppo-k2": ("ppo", {"kl_reward_estimator": "k2", "beta": 0.1, "kl_loss_estimator": "k1", "entropy_coef": 0.01}),
    "ppo-sequence": ("ppo", {"importance_sampling_level": "sequence"}),
    "ppo-dual": ("ppo", {"dual_clip": 1.05, "epsilon": 0.02, "learning_rate": 3e-3}),
    "grpo-kl": ("grpo", {"kl_coef": 0.2, "beta": 0.05}),
    "grpo-batch": ("grpo", {"scale_rewards": "batch", "scale_ddof": 0}),
    "grpo-batch-whitened": ("grpo", {"scale_rewards": "batch", "whiten_advantages": True}),
    "grpo-loo-group": ("grpo", {"baseline": "leave-one-out", "scale_eps": 0.1}),
    "vine-raw": ("vine", {"whiten_advantages": False, "continuations": 2, "kl_coef": 0.1}),
}
SMALL = {"prompts_per_step": 4, "num_generations": 4, "steps": 2, "eval_every": 0, "max_completion_length": 12}


def learners() -> dict[str, AnyLearner]:
    """Every registered kind, surrogate (with every kind) and variant, and the forms above."""
    by_name = {f"kind {name}": learner(name) for name in LEARNER_KINDS}
    by_name |= {
        f"{s} {k}": learner(k, surrogate=s, learning_rate=3e-3)
        for s in SURROGATES
        for k, kind in LEARNER_KINDS.items()
        if s in surrogates_of(kind)
    }
    by_name |= {f"variant {name}": x.settings for name, x in VARIANTS.items()}
    return by_name | {name: learner(kind, **changes) for name, (kind, changes) in FORMS.items()}


LEARNERS = learners()


def steps_of(settings: AnyLearner, **run: Any) -> list[StepTrace]:
    if collected_of(settings) is not None:  # a small data set will do
        settings = settings.model_copy(update={"data_responses": 128})
    return list(begin(RunConfig(learners=(settings,), **{**SMALL, **run}), settings.name).steps())


def recorded(trace: StepTrace, name: str, number: int) -> np.ndarray | None:
    """A column as [B, T] (tokens) or [B]; None where it is null."""
    data = data_of({}, trace.samples, trace.tokens, trace.scalars, number)
    column = data.tokens.get(name, data.responses.get(name))
    return None if column is None or np.isnan(column).all() else column


@pytest.mark.parametrize("name", LEARNERS)
def test_terms_give_the_numbers_that_trained(name: str) -> None:
    settings = LEARNERS[name]
    terms = terms_for(settings)
    compared, compared_passes = set(), set[int]()
    for trace in steps_of(settings, trace="all"):
        for number in sorted(set(trace.tokens["pass"].to_pylist())):
            compared_passes.add(number)
            data = data_of(known_values(settings), trace.samples, trace.tokens, trace.scalars, number)
            assert data.whole
            values = evaluate(terms, data, recompute=True)
            for term in terms.terms:
                column = recorded(trace, term.name, number)
                if column is None:
                    continue
                there = data.mask if column.ndim == 2 else slice(None)
                assert not values[term.name].null[there].any(), term.name
                np.testing.assert_allclose(values[term.name].numbers[there], column[there], atol=1e-5, rtol=1e-5)
                compared.add(term.name)
            for scalar in ("advantage_mean", "advantage_std", "score_std"):
                if scalar in values and trace.scalars[scalar] is not None:
                    assert float(values[scalar].numbers) == pytest.approx(trace.scalars[scalar], abs=1e-5)
            own = trace.tokens.filter(trace.tokens["pass"].to_numpy() == number)
            if number == settings.num_iterations:  # no gradient is taken there
                assert own["clipped"].null_count == own["ratio_update"].null_count == own.num_rows
                continue
            if "ratio" in without(settings):  # nothing can be cut there
                assert own["clipped"].null_count == own["ratio_update"].null_count == own.num_rows
                assert not terms.regions
                continue
            taken = np.zeros(data.mask.shape)
            taken[data.mask] = own["ratio_update"].to_numpy()
            sides = clip_sides(terms, data, {**values, "ratio": Value(2, taken, ~data.mask)})
            # An advantage that is nothing but rounding may come out on either side of 0, and no gradient is cut there.
            meant = np.abs(data.tokens["advantage"][data.mask]) > 1e-6
            assert not own["clipped"].to_numpy()[data.tokens["advantage"][data.mask] == 0].any()
            assert int((sides.numbers[data.mask] != own["clipped"].to_numpy())[meant].sum()) == 0
    assert {"ratio", "advantage_raw", "advantage", "objective"} - without(settings) <= compared
    # A reward model's trace is of the state before the update alone (core/training/labelled.py).
    assert compared_passes == set(range(settings.num_iterations + 1 if trains_policy(settings) else 1))


@pytest.mark.parametrize("kind", LEARNER_KINDS.values(), ids=lambda kind: kind.name)
def test_whatever_its_settings_a_kinds_terms_and_regions_are_ones_that_the_language_has(kind: LearnerKind) -> None:
    """What cannot be evaluated is refused here, where a kind is declared, and not when a page shows a run of it."""
    made = [terms_for(x) for x in forms(kind) if refused(x) is None]
    assert len(made) > 20
    assert any(x.regions for x in made) == any(SURROGATES[x].regions(learner("ppo")) for x in surrogates_of(kind))


def test_a_setting_that_is_text_is_refused_as_a_number_when_terms_are_declared(monkeypatch: Any) -> None:
    declared = LEARNER_KINDS["ppo"]
    texts = {"algorithm", "name", "surrogate", "aggregation", "importance_sampling_level"}
    texts |= {"kl_loss_estimator", "kl_reward_estimator", "value_model", "reward_model"}
    for name in texts:
        wrong = (Term("advantage", f"advantage_raw * {name}"),)
        broken = dataclasses.replace(declared, terms=lambda _, terms=wrong: terms)  # type: ignore[misc]
        monkeypatch.setitem(LEARNER_KINDS, "ppo", broken)
        terms_of.cache_clear()
        terms_for.cache_clear()
        with pytest.raises(TermError, match=f"the setting '{name}' is text"):
            terms_for(learner("ppo", gamma=0.123))
    with pytest.raises(TermError, match="term 'advantage'"):  # and nothing of it trains
        begin(RunConfig(learners=(learner("ppo", gamma=0.123),)), "ppo")
    monkeypatch.undo()
    terms_of.cache_clear()
    terms_for.cache_clear()
    # What a term calls `reward` is the trace's column; no term names the setting of that name.
    numbers = set(type(learner("ppo")).model_fields) - texts - {"reward"}
    assert not numbers & set(terms_for(learner("ppo")).names.texts)


def test_the_last_term_of_a_kind_is_the_advantage_and_each_has_a_meaning() -> None:
    for settings in LEARNERS.values():
        terms = terms_of(settings)
        assert learner_kind(settings).terms(settings)[-1].name == "advantage"
        assert terms[-1].name == "objective"
        assert all(x.title for x in terms)


def test_each_term_that_says_more_than_a_name_has_a_sentence() -> None:
    for name, settings in LEARNERS.items():
        terms = terms_for(settings)
        shown = [x for x in terms.terms if x.name == "advantage" or not _is_a_name(terms.trees[x.name])]
        assert [x.name for x in shown if not x.help] == [], name
        titles = [x.title for x in shown]
        assert len(set(titles)) == len(titles), name


def test_equal_rewards_are_spoken_of_only_where_it_changes_something() -> None:
    for settings in LEARNERS.values():
        names = [x.name for x in terms_of(settings)]
        divided = getattr(settings, "scale_rewards", "none") != "none"
        assert ("no_signal" in names) == divided
        assert not divided or names.index("no_signal") > names.index("baseline_value")


def _is_a_name(tree: Any) -> bool:
    """Whether a term is another number as it is, which the card leaves out (card_lines.js)."""
    if not isinstance(tree, list):
        return True
    if tree[0] == "following":
        return _is_a_name(tree[1]) and not isinstance(tree[2], list)
    return _is_a_name(tree[1]) if tree[0] == "per_token" else tree[0] in ("setting", "response", "token", "term")


@pytest.mark.parametrize("name", ["kind ppo", "variant reinforce-pp-baseline", "grpo-batch-whitened", "kind vine"])
def test_with_a_panel_what_the_whole_step_was_normalised_by_is_the_recorded_one(name: str) -> None:
    settings = LEARNERS[name]
    [trace, _] = steps_of(settings, trace="panel", panel_size=8)
    data = data_of(known_values(settings), trace.samples, trace.tokens, trace.scalars, 1)
    assert not data.whole
    values = evaluate(terms_for(settings), data, recompute=True)
    column = recorded(trace, "advantage", 1)
    assert column is not None
    np.testing.assert_allclose(values["advantage"].numbers[data.mask], column[data.mask], atol=1e-5)
    without = dataclasses.replace(data, step={})
    assert evaluate(terms_for(settings), without, recompute=True)["advantage"].null.all()


def test_what_an_imported_run_does_not_tell_is_not_worked_out() -> None:
    settings = LEARNERS["kind grpo"]
    [trace, _] = steps_of(settings)
    values = known_values(settings, frozenset({"scale_rewards"}))
    data = data_of(values, trace.samples, trace.tokens, trace.scalars)
    evaluated = evaluate(terms_for(settings), data, recompute=True)
    assert evaluated["advantage"].null.all()
    assert not evaluated["baseline_value"].null.any()


@pytest.mark.parametrize("kind", LEARNER_KINDS.values(), ids=lambda kind: kind.name)
def test_what_chooses_a_terms_form_is_among_what_it_is_given_by(kind: LearnerKind) -> None:
    """Else an imported run that does not tell the setting would be shown the numbers of the default's form."""
    missing, compared = set(), 0
    for start in (learner(kind.name), *(x.settings for x in VARIANTS.values() if x.kind == kind.name)):
        for name, field in type(start).model_fields.items():
            possible = [start.model_copy(update={name: x}) for x in values_of(field.annotation)]
            possible = [x for x in possible if refused(x) is None]
            for one, other in itertools.combinations(possible, 2):
                for term in different(one, other):
                    compared += 1
                    if any(name not in x.given for x in terms_of(one) + terms_of(other) if x.name == term):
                        missing.add((name, term))
    assert missing == set()
    # A reward model's terms have one form, whatever its settings.
    assert compared > (10 if len(surrogates_of(kind)) > 1 else 1 if kind.trains == "policy" else -1)


def different(one: AnyLearner, other: AnyLearner) -> set[str]:
    """Terms of both learners whose expressions differ, and whose numbers differ on random responses."""
    first, second = ({x.name: x.expression for x in terms_of(each)} for each in (one, other))
    names = {name for name in first.keys() & second.keys() if first[name] != second[name]}
    values = [evaluate(terms_for(x), at_random(x), recompute=True) for x in (one, other)] if names else []
    return {x for x in names if not np.array_equal(values[0][x].numbers, values[1][x].numbers, equal_nan=True)}


def at_random(settings: AnyLearner) -> Data:
    """Two groups of four responses, some cut off, with any numbers in every column."""
    draw, mask = np.random.default_rng(1), np.arange(6)[None] < np.array([6, 4, 5, 3, 6, 2, 1, 5])[:, None]
    names = terms_for(settings).names
    tokens = {x: np.where(mask, draw.normal(size=mask.shape), np.nan) for x in names.tokens}
    responses = {x: draw.normal(size=8) for x in names.responses}
    responses |= {"group": np.repeat([0.0, 1.0], 4), "truncated": np.array([1.0, 0] * 4)}
    return Data(known_values(settings), mask, responses, tokens)


def test_a_setting_that_is_known_to_be_none_is_known() -> None:
    plain = learner("ppo", dual_clip=None)
    terms, data = terms_for(plain), at_random(plain)
    assert not evaluate(terms, data, recompute=True)["surrogate_value"].null[data.mask].any()
    unknown = dataclasses.replace(data, settings=known_values(plain, frozenset({"dual_clip"})))
    assert evaluate(terms, unknown, recompute=True)["surrogate_value"].null.all()
