"""Learners of one run whose groups differ in size: no page counts with the run's size where a learner has its own."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.given_config import change
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.presets import preset
from core.runs import lifecycle
from core.runs.export import export
from lessons.a_real_instruct_model import choose, guess
from lessons.a_real_instruct_model.shown import Seen, Shown
from lessons.i18n import LANGUAGES, use_language
from tests.helpers import step_trace
from tests.lessons.conftest import make_run, texts
from tests.lessons.real import CONFIG, commit, open_real, strips, traces


@pytest.fixture
def run(store) -> str:
    """Made-up: PPO 4 × 4 responses as the run says, GRPO 8 × 2."""
    return make_run(store, steps=4, **{"grpo.num_generations": 2, "prompts_per_step": 4})


@pytest.fixture
def sizes(store) -> str:
    """PPO's real steps, in groups of 4, of a run that is 8 × 2: the size is PPO's own."""
    learners = (PPOSettings(num_generations=4), GRPOSettings())
    config = CONFIG.model_copy(update={"prompts_per_step": 8, "num_generations": 2, "learners": learners})
    run_id = store.create(config)
    for trace in traces():
        store.append(run_id, trace)
    lifecycle.mark(store, run_id, "ppo", "finished")
    return run_id


@pytest.mark.parametrize("lang", LANGUAGES)
def test_same_answers_and_the_sliders_take_a_group_size_of_ppos_own(open_page, sizes, lang, speaking) -> None:
    at = commit(open_real(open_page, "same-answers", sizes, sa_stop="grpo", lang=lang))
    assert strips(at, "same_bridge")["rows"]
    at = commit(open_real(open_page, "how-ppo-works", sizes, lang=lang))
    assert "lam" in [x["name"] for x in strips(at, "ppo_steps")["sliders"]]


def test_same_answers_takes_a_group_size_of_grpos_own(open_page, store) -> None:
    learners = (PPOSettings(), GRPOSettings(num_generations=8))
    run_id = store.create(CONFIG.model_copy(update={"learners": learners}))
    for trace in traces():
        store.append(run_id, trace)
    assert strips(commit(open_real(open_page, "same-answers", run_id, sa_stop="grpo")), "same_bridge")["rows"]


def test_silent_groups_are_counted_in_grpos_own_groups(open_page, store, run) -> None:
    measured, p = [], []
    for step in range(4):
        rows = store.samples(run, "grpo", step).to_pandas().groupby("group")["reward"]
        assert set(rows.size()) == {2}
        measured.append(np.mean(rows.nunique() == 1))
        p.append(rows.mean().mean())
    formula = np.mean([q**2 + (1 - q) ** 2 for q in p])
    at = open_page("how-grpo-works", lang="en", run=run, step="2")
    assert not at.exception
    assert f"**{100 * formula:.0f} %**" in texts(at)
    at.radio(key="hgw_silence_try0").set_value(0).run()
    at.button(key="hgw_silence_commit").click().run()
    assert f"Measured {100 * np.mean(measured):.0f} %, formula {100 * formula:.0f} %." in texts(at)
    assert "(G − 1)/√G" not in texts(at)
    assert "have 2 responses. In one of 4, a single response is right" in "".join(x.label for x in at.slider) + texts(
        at
    )


def test_where_no_group_can_be_counted_the_section_says_so(open_page, store) -> None:
    config = change(preset("chain-sum"), {"steps": 10})
    run = store.create(config)
    for learner in config.learners:  # groups of 4 where the settings say 8
        store.append(run, step_trace(change(config, {"num_generations": 4}), learner.name, 0))
    at = open_page("how-grpo-works", lang="en", run=run, step="1")
    assert "This run has no whole group of 8 responses" in texts(at)


@pytest.mark.usefixtures("store", "launcher")
def test_the_lab_says_by_what_its_learners_may_be_compared() -> None:
    from lessons.lab.page import opening  # here: importing a page runs it, on the store that is there

    config = change(preset("chain-sum"), {"grpo.num_generations": 4})
    with use_language("en"):
        assert "the same questions." not in opening(config)
        budget = (
            "the same budget of 128 responses a step, shared out as questions × responses: PPO 16 × 8, GRPO 32 × 4."
        )
        assert budget in opening(config)
        assert "the same questions." in opening(preset("chain-sum"))
        assert "the same questions." in opening(change(preset("chain-sum"), {"grpo.num_generations": 8}))
        replacing = change(preset("chain-sum"), {"grpo.dynamic_sampling": True})
        assert "PPO 16 × 8, GRPO 16 × 8, some replaced." in opening(replacing)


def test_the_page_says_what_the_contract_does_not_tell(open_page, store) -> None:
    for setting, names in ((None, "Same questions"), (4, "Same budget")):
        run = store.create(change(preset("chain-sum"), {"grpo.num_generations": setting}))
        at = open_page("lab", lang="en", run=run)
        assert [x.value for x in at.caption if x.value.startswith(f"**{names}:** ") and "not tell" in x.value]
    alone = store.create(preset("chain-sum").model_copy(update={"learners": preset("chain-sum").learners[:1]}))
    assert not [x for x in open_page("lab", lang="en", run=alone).caption if x.value.startswith("**Same")]


def test_what_a_run_takes_names_each_learners_questions() -> None:
    config = change(preset("smollm2-sums"), {"grpo.num_generations": 2, "num_generations": 4, "prompts_per_step": 8})
    with use_language("en"):
        assert "PPO 8 questions × 4 responses, GRPO 16 questions × 2 responses" in choose._responses(config)
        same = change(config, {"grpo.num_generations": 4})
        assert "8 questions × 4 responses for each learner" in choose._responses(same)


def test_the_guesses_are_about_the_learners_own_questions(store, run, monkeypatch) -> None:
    texts: list[str] = []
    monkeypatch.setattr(guess, "say", texts.append)
    for name in ("_share", "_kind", "_length"):
        monkeypatch.setattr(guess, name, lambda *_: True)
    info = store.get(run)
    with use_language("en"):
        guess.guesses(Shown(info, (Seen("grpo", "grpo", None, None),)))
    assert "answers 8 fresh questions 2 times" in texts[0]


def test_a_unipo_log_has_each_learners_questions_and_responses(store, run, tmp_path) -> None:
    for path in export(store, run, tmp_path / "unipo", "unipo"):
        log = json.loads(path.read_text(encoding="utf-8"))
        prompts, size = (8, 2) if log["header"]["algorithm"] == "grpo" else (4, 4)
        assert log["header"]["rollout_batch_size"] == prompts
        for entry in log["entries"]:
            assert (entry["batch"]["promptsInBatch"], entry["batch"]["responsesPerPrompt"]) == (prompts, size)
            assert [len(x["responses"]) for x in entry["prompts"]] == [size] * prompts
