"""The lab's controls: what can be pressed when, what a press does, what is typed, and what the link carries."""

from __future__ import annotations

import json

import pytest

from core.algorithms.surrogates import SURROGATES
from core.given_config import change
from core.learners.registry import LEARNER_KINDS, learner, trains_policy
from core.presets import PRESETS, preset
from core.reward_run import reward_config
from core.rewards import REWARDS
from core.runs import lifecycle
from core.runs.export import snippet
from core.runs.learner_views import about_learner
from core.tasks.kinds.imported import ImportedSettings
from core.tasks.kinds.questions import Question
from core.tasks.reasoning_settings import suggested
from core.tasks.registry import TASK_KINDS, choosable
from core.workers.child import STORE_LOST, ended_by
from lessons.i18n import _
from lessons.kit import question_sources
from lessons.kit.chooser import source_title
from lessons.kit.controls import possible
from lessons.kit.display import plain
from lessons.kit.draft import NO_QUESTIONS, make_draft, parameters
from lessons.kit.fields import fields
from lessons.kit.history import after_step
from lessons.kit.preset_texts import GROUPS, grouped, preset_title, shows
from lessons.kit.question_sources import kind_called
from lessons.kit.scored import scored_words
from lessons.lab.settings import differences, owned
from tests.lessons.conftest import linked, make_run
from tests.registered import surrogates_of
from tests.tasks.added import reverse_word

__all__ = ["reverse_word"]  # a fixture


def typed(at, key):
    return at.text_input(key=f"set:{key}")


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_every_setting_is_a_field_exactly_once_and_its_default_is_the_presets(name):
    config = preset(name)
    known = fields(config)
    keys = [x.key for x in known]
    assert len(keys) == len(set(keys))
    own = {
        "chain-sum": {"task.terms"},
        "reasoning-gym": {"task.options", "task.instruction"},
        "countdown": {"task.numbers", "task.target"},
        "program": {"task.visible", "task.hidden", "task.scored", "task.turns"},
        "reply": {"task.taste", "task.success_score"},
    }[config.task.kind]
    ppos = [x.name for x in config.learners if x.kind == "ppo"]
    grpo = {"grpo.epsilon", "grpo.scale_rewards"}
    expected = {"seed", "steps", *(grpo if all(map(trains_policy, config.learners)) else ()), *own}
    expected |= {f"{x}.{setting}" for x in ppos for setting in ("lam", "epsilon")}
    expected |= {f"{x.name}.reward" for x in config.learners}
    assert ppos or name in ("placebo", "online-or-offline", "reply-reward-model")  # in which GRPO has other company
    assert expected <= set(keys)
    for field in known:
        assert field.description, field.key
        assert field.parse(field.typed_default()) == field.default, field.key
    assert make_draft(name, {x.key: x.typed_default() for x in known}).config == config


def test_what_means_nothing_to_a_learner_is_off_and_says_why(open_page):
    at = open_page("lab", lang="en", preset="online-or-offline")
    shared = next(x for x in at.text_input if x.key.startswith("set:") and x.key.endswith(".epsilon"))
    assert shared.key == "set:grpo.epsilon+offline-pg.epsilon"  # neither SFT's nor DPO's, which have no ratio
    at.toggle(key="lab_all_settings").set_value(True).run()
    at.radio(key="lab_settings_group").set_value("sft").run()
    assert not at.exception
    off = {x.key.removeprefix("set:sft."): x for kind in (at.text_input, at.selectbox) for x in kind if x.disabled}
    why = ("kl_coef", "kl_reward_estimator", "reward_model", "epsilon", "epsilon_high", "dual_clip")
    assert set(off) == {*why, "importance_sampling_level"}
    assert off["kl_coef"].help.startswith("The data set's rewards stay what they were")
    assert off["epsilon"].help.startswith("What this learner maximises (surrogate) does not read it.")


def test_a_surrogate_that_is_typed_decides_what_is_off_and_what_was_typed_can_be_taken_back(open_page):
    at = open_page("lab", lang="en", set=["grpo.surrogate=unclipped", "grpo.epsilon=0.1"])
    at.toggle(key="lab_all_settings").set_value(True).run()
    at.radio(key="lab_settings_group").set_value("grpo").run()
    assert not typed(at, "grpo.epsilon").disabled
    assert typed(at, "grpo.epsilon_high").disabled
    at.radio(key="lab_settings_group").set_value("ppo").run()
    assert not typed(at, "ppo.epsilon_high").disabled


@pytest.mark.parametrize(
    ("typed_values", "sentence"),
    [
        ({"distinct_questions": "900"}, "distinct_questions must be at most 744, but is 900"),
        ({"ppo.gamma": "2"}, "ppo.gamma: must be at most 1.0, but is 2"),
        ({"seed": "seven"}, "seed: input should be a valid integer"),
        ({"num_generations": "1"}, "num_generations must be at least 2 for GRPO"),
        ({"model": "/etc/passwd"}, "model: must be one of"),
        ({"gamma_": "1"}, "gamma_: there is no setting of this name"),
    ],
)
def test_what_cannot_be_gets_a_sentence_and_no_config(typed_values, sentence):
    draft = make_draft("chain-sum", typed_values)
    assert draft.config is None
    assert any(str(problem).startswith(sentence) for problem in draft.problems), draft.problems
    assert draft.typed == typed_values


def test_an_unknown_preset_gets_a_sentence():
    draft = make_draft("nope", {})
    assert [str(x) for x in draft.problems] == [f"there is no preset called 'nope'; there are {', '.join(PRESETS)}"]


def test_numbers_may_be_typed_as_people_write_them():
    config = make_draft("chain-sum", {"ppo.learning_rate": " 5e-4 ", "steps": "1e2", "ppo.dual_clip": "none"}).config
    assert (config.learner("ppo").learning_rate, config.steps, config.learner("ppo").dual_clip) == (5e-4, 100, None)


def test_no_text_and_an_empty_text_are_different_settings():
    typed_as = {"none": None, "": "", "Be brief.": "Be brief.", " none ": None}
    for text, meant in typed_as.items():
        draft = make_draft("smollm2-sums", {"system_prompt": text})
        assert draft.config is not None, draft.problems
        assert draft.config.system_prompt == meant
    assert parameters(make_draft("smollm2-sums", {"system_prompt": "none"}))["set"] == ["system_prompt=none"]


def test_settings_of_a_data_set_are_typed_as_json():
    draft = make_draft("smollm2-sums", {"task.options": '{"min_terms": 3, "max_terms": 3}'})
    assert draft.config.task.options == {"min_terms": 3, "max_terms": 3}
    for wrong in ("{min_terms: 3}", "[1]", "3", ""):
        draft = make_draft("smollm2-sums", {"task.options": wrong})
        assert draft.config is None
        wanted = f'task.options: must be JSON such as {{"name": 2}}, but is {draft_value(wrong)!r}'
        assert [str(x) for x in draft.problems] == [wanted]


def draft_value(text):
    """What the sentence says of it: the value if it is JSON, else the text."""
    return {"[1]": [1], "3": 3}.get(text, text)


def test_another_data_set_brings_its_own_settings_and_a_link_carries_it(open_page, store, launcher):
    at = open_page("lab", preset="smollm2-sums", task="letter_counting", set=["task.extraction=boxed"])
    assert at.selectbox(key="lab_choose_source").value == "letter_counting"
    assert linked(at, "task") == ["letter_counting"]
    at.button(key="lab_start").click().run()
    assert not at.exception
    config = store.get(launcher.started[0]).config
    assert config.task == suggested("letter_counting").model_copy(update={"extraction": "boxed"})
    assert config.max_completion_length is None  # as long as the task's answers get
    at = open_page("lab", preset="smollm2-sums")
    at.selectbox(key="lab_choose_source").set_value("countdown").run()
    assert linked(at, "task") == ["countdown"]
    at.selectbox(key="lab_choose_source").set_value("chain_sum").run()
    assert "task" not in at.query_params


def test_a_data_set_that_cannot_be_one_gets_a_sentence(open_page):
    at = open_page("lab", preset="smollm2-sums", task="../../etc")
    assert not at.exception
    assert "task\\.dataset\\: string should match pattern" in at.error[0].value
    assert at.button(key="lab_start").disabled


def test_another_preset_starts_from_its_own_settings(open_page):
    at = open_page("lab", seed="7")
    at.selectbox(key="lab_choose_preset").set_value("smollm2-sums").run()
    assert not at.exception
    assert linked(at, "preset") == ["smollm2-sums"]
    assert "seed" not in at.query_params
    assert typed(at, "steps").value == "50"
    assert "SmolLM2" in at.button(key="lab_start").label


QUESTIONS = tuple(Question(question=f"What is {n} + 4?", answer=str(n + 4)) for n in range(40))


def test_own_questions_are_needed_for_their_run_and_kept_in_it():
    draft = make_draft("smollm2-sums", {}, "questions")
    assert draft.problems == (NO_QUESTIONS,)
    draft = make_draft("smollm2-sums", {"task.matching": "exact"}, "questions", QUESTIONS)
    assert draft.config.task.questions == QUESTIONS
    assert draft.config.task.matching == "exact"
    assert "What is" not in str(parameters(draft))
    assert {x.key for x in fields(draft.base)} >= {"task.matching", "task.heldout", "task.extraction"}
    assert make_draft("smollm2-sums", {}, "questions", QUESTIONS[:3]).problems  # too few


def test_a_data_set_by_name_starts_from_its_own_defaults():
    task = make_draft("smollm2-sums", {"task.options": '{"min_terms": 2}'}, "basic_arithmetic").config.task
    assert (task.dataset, task.options, task.extraction) == ("basic_arithmetic", {"min_terms": 2}, "whole")


def sheet(questions=QUESTIONS):
    return "\n".join(x.model_dump_json() for x in questions).encode()


def test_uploaded_questions_start_a_run_and_a_wrong_file_takes_nothing_away(open_page, store, launcher):
    at = open_page("lab", preset="smollm2-sums", task="questions", set=["grpo.epsilon=0.1"])
    assert at.button(key="lab_start").disabled
    assert "Upload a file" in at.error[0].value
    upload = at.file_uploader(key="lab_upload")
    upload.set_value(("mine.jsonl", sheet(), "application/jsonl")).run()
    assert not at.exception
    assert any("40 questions from mine" in x.value for x in at.caption)
    assert any("13 questions are kept apart" in x.value for x in at.caption)
    at.file_uploader(key="lab_upload").set_value(("wrong.jsonl", b"{nonsense", "application/jsonl")).run()
    assert "line 1" in at.error[0].value
    assert any("40 questions from mine" in x.value for x in at.caption)
    two = b'{"question": "a"}\n{"question": "b"}'
    at.file_uploader(key="lab_upload").set_value(("wrong.jsonl", two, "application/jsonl")).run()
    assert [x[:7] for x in at.error[0].value.replace("\\", "").split("\n\n")] == ["line 1:", "line 2:"]
    at.button(key="lab_start").click().run()
    config = store.get(launcher.started[0]).config
    assert config.task.questions == QUESTIONS
    assert config.learner("grpo").epsilon == 0.1
    assert "What" not in str(at.query_params)


def test_a_file_with_an_answer_that_the_extraction_never_reads_is_refused_with_its_line(open_page, store, launcher):
    lines = [json.dumps({"question": f"Name {i}?", "answer": str(i), "level": "easy"}) for i in range(20)]
    lines[3] = json.dumps({"question": "Who?", "answer": "Evelyn", "id": 7})
    at = open_page("lab", preset="smollm2-sums", task="questions")
    at.file_uploader(key="lab_upload").set_value(("mine.jsonl", "\n".join(lines).encode(), "application/jsonl")).run()
    assert not at.exception
    assert any("Kept with the run, and used for nothing: id, level." in x.value for x in at.caption)
    assert at.button(key="lab_start").disabled
    assert any("line 4: no response can give the answer 'Evelyn' by" in x.value.replace("\\", "") for x in at.error)
    at.selectbox(key="set:task.extraction").set_value("boxed").run()
    at.button(key="lab_start").click().run()
    (run_id,) = launcher.started
    assert store.get(run_id).config.task.questions[3].aside == {"id": "7"}


def test_what_start_trains_names_the_questions_that_it_asks(open_page, store):
    """It named the preset's single-digit sums, whatever was uploaded."""
    at = open_page("lab", run=make_run(store), preset="smollm2-sums", task="questions")
    at.file_uploader(key="lab_upload").set_value(("mine.jsonl", sheet(), "application/jsonl")).run()
    [words] = [x.value for x in at.info if "Start trains" in x.value]
    assert "single-digit" not in words
    assert "Questions of your own" in words


def test_typing_reaches_the_next_run_and_the_link(open_page, store, launcher):
    at = open_page("lab")
    typed(at, "num_generations").set_value("4").run()
    typed(at, "ppo.epsilon+grpo.epsilon").set_value("0.1").run()
    typed(at, "seed").set_value("7").run()
    assert linked(at, "seed") == ["7"]
    assert sorted(linked(at, "set")) == ["grpo.epsilon=0.1", "num_generations=4", "ppo.epsilon=0.1"]
    at.button(key="lab_start").click().run()
    assert not at.exception
    (run_id,) = launcher.started
    config = store.get(run_id).config
    assert (config.num_generations, config.seed) == (4, 7)
    assert [x.epsilon for x in config.learners] == [0.1, 0.1]
    assert linked(at, "run") == [run_id]


def test_typing_the_presets_value_again_leaves_the_link_clean(open_page):
    at = open_page("lab")
    typed(at, "seed").set_value("7").run()
    typed(at, "seed").set_value("0").run()
    assert "seed" not in at.query_params
    assert "set" not in at.query_params


def test_a_link_brings_its_settings(open_page, store, launcher):
    at = open_page("lab", seed="7", steps="12", set=["ppo.lam=0.5", "num_generations=4"])
    assert typed(at, "ppo.lam").value == "0.5"
    at.button(key="lab_start").click().run()
    config = store.get(launcher.started[0]).config
    assert (config.seed, config.steps, config.learner("ppo").lam, config.num_generations) == (7, 12, 0.5, 4)


def test_bad_input_gets_its_sentence_and_nothing_typed_is_lost(open_page, launcher):
    at = open_page("lab")
    typed(at, "ppo.gamma").set_value("2").run()
    typed(at, "ppo.lam").set_value("0.5").run()
    assert "ppo\\.gamma" in at.error[0].value
    assert (typed(at, "ppo.gamma").value, typed(at, "ppo.lam").value) == ("2", "0.5")
    assert at.button(key="lab_start").disabled
    typed(at, "ppo.gamma").set_value("0.9").run()
    assert not at.error
    at.button(key="lab_start").click().run()
    assert launcher.started


def test_all_settings_are_there_by_group_and_keep_what_was_typed(open_page):
    at = open_page("lab")
    typed(at, "ppo.lam").set_value("0.5").run()
    at.toggle(key="lab_all_settings").set_value(True).run()
    seen = set()
    for group in ("run", "task", "ppo", "grpo"):
        at.radio(key="lab_settings_group").set_value(group).run()
        assert not at.exception
        seen |= {
            x.key.removeprefix("set:")
            for x in [*at.text_input, *at.text_area, *at.selectbox, *at.toggle]
            if x.key and x.key.startswith("set:")
        }
        if group == "ppo":
            assert typed(at, "ppo.lam").value == "0.5"
    assert seen == {x.key for x in fields(preset("chain-sum"))}


def test_all_settings_say_what_kind_a_learner_is_and_call_choices_by_their_titles(open_page):
    at = open_page("lab")
    at.toggle(key="lab_all_settings").set_value(True).run()
    assert not [x for x in at.caption if LEARNER_KINDS["grpo"].summary in x.value]
    at.radio(key="lab_settings_group").set_value("grpo").run()
    assert [x for x in at.caption if x.value == f"GRPO · {LEARNER_KINDS['grpo'].summary}"]
    chosen = at.selectbox(key="set:grpo.surrogate")
    titles = {SURROGATES[x].title for x in surrogates_of(LEARNER_KINDS["grpo"])}
    assert (chosen.value, set(chosen.options)) == ("clip", titles)
    assert at.selectbox(key="set:grpo.reward").options == [x.title for x in REWARDS.values()]
    assert "k3" in at.selectbox(key="set:grpo.kl_loss_estimator").options, "what has no title is called by its name"
    chosen.set_value("cispo").run()
    assert "grpo.surrogate=cispo" in at.query_params["set"]


def test_back_to_the_preset_forgets_what_was_typed(open_page):
    at = open_page("lab", seed="7")
    at.button(key="lab_reset").click().run()
    assert typed(at, "seed").value == "0"
    assert "seed" not in at.query_params


# -- buttons -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "buttons"),
    [
        ("queued", {"pause", "stop"}),
        ("running", {"pause", "stop"}),
        ("paused", {"resume", "step", "stop"}),
        ("stopped", {"start", "resume"}),
        ("failed", {"start", "resume"}),
        ("finished", {"start"}),
    ],
)
def test_only_what_makes_sense_can_be_pressed(store, status, buttons):
    from dataclasses import replace

    run = store.get(make_run(store))
    run = replace(run, status=status, learners=tuple(replace(x, status=status) for x in run.learners))
    can = possible(run, make_draft("chain-sum", {}), training=True)
    assert {name for name, yes in vars(can).items() if yes} == buttons
    off = possible(run, make_draft("chain-sum", {}), training=False)
    assert not any(vars(off).values())


@pytest.mark.parametrize("status", ["queued", "running", "paused", "stopped", "failed", "finished"])
def test_what_was_made_elsewhere_cannot_be_resumed(store, status):
    from dataclasses import replace

    run = store.get(make_run(store))
    run = replace(run, recorded=True, status=status, learners=tuple(replace(x, status=status) for x in run.learners))
    can = possible(run, make_draft("chain-sum", {}), training=True)
    assert {name for name, yes in vars(can).items() if yes} == {"start"}


def test_of_an_imported_run_that_failed_no_resume_is_spoken_of(open_page, store):
    run_id = make_run(store)
    head = {"created": 1.0, "versions": {}, "learners": [], "events": []}
    for x in store.get(run_id).learners:
        names = ("name", "step", "steps", "start_hash", "device")
        about = {name: getattr(x, name) for name in names}
        head["learners"].append({**about, "status": "failed", "reason_message": lifecycle.GONE.to_dict()})
    lifecycle.record(store, run_id, head)
    at = open_page("lab", run=run_id)
    assert not at.exception
    assert all(x.key != "lab_resume" for x in at.button)
    shown = " ".join(x.value for x in (*at.error, *at.info, *at.warning, *at.caption))
    assert "cut off where it was made" in shown
    assert "esume" not in shown


def test_one_click_starts_a_run_and_shows_it(open_page, store, launcher):
    at = open_page("lab")
    at.button(key="lab_start").click().run()
    assert not at.exception
    (run,) = store.runs()
    assert launcher.started == [run.id]
    assert run.config == preset("long-sums").model_copy(update={"keep_level": True})
    assert linked(at, "run") == [run.id]
    assert at.button(key="lab_start").disabled  # it waits for its worker: it is under way


def test_start_shows_the_new_run_where_the_link_names_one_that_is_over(open_page, store, launcher):
    config = preset("chain-sum")
    over, names = store.create(config), [x.name for x in config.learners]
    lifecycle.enqueue(store, over, names)
    for name in names:
        lifecycle.claim(store, over, name)
        lifecycle.mark(store, over, name, "stopped")
    at = open_page("lab", run=over)
    at.button(key="lab_start").click().run()
    assert not at.exception
    (new,) = launcher.started
    assert new != over
    assert linked(at, "run") == [new]
    assert at.session_state["lab_run"] == new


def test_a_stop_is_seen_to_be_asked_for_until_it_has_happened(open_page, store):
    config = preset("chain-sum")
    run_id, names = store.create(config), [x.name for x in config.learners]
    lifecycle.enqueue(store, run_id, names)
    for name in names:
        lifecycle.claim(store, run_id, name)
    at = open_page("lab", run=run_id)
    at.button(key="lab_stop").click().run()
    assert not at.exception
    assert any("after the step under way" in x.value for x in at.info)
    assert at.button(key="lab_stop").disabled
    for name in names:
        lifecycle.mark(store, run_id, name, "stopped")
    at.run()
    assert not any("after the step under way" in x.value for x in at.info)
    assert not at.button(key="lab_start").disabled


def test_where_training_is_off_start_says_why(open_page, store, launcher, monkeypatch):
    monkeypatch.setenv("CREDIT_LAB_TRAINING", "off")
    at = open_page("lab")
    assert at.button(key="lab_start").disabled
    assert "switched off" in at.button(key="lab_start").help
    assert "switched off" in at.info[0].value


def test_a_launcher_that_fails_leaves_its_sentence(open_page, launcher, monkeypatch):
    def refuse(_run_id):
        raise OSError("no process can be started here")

    monkeypatch.setattr(launcher, "start", refuse)
    at = open_page("lab")
    at.button(key="lab_start").click().run()
    assert not at.exception
    assert "no process can be started here" in at.error[0].value


def test_a_link_to_a_run_that_is_not_there_says_so_and_leads_on(open_page):
    at = open_page("lab", run="<b>gone</b>")
    assert "There is no run" in at.warning[0].value
    assert "<b>" not in at.warning[0].value
    at.button(key="lab_recorded").click().run()
    assert not at.warning


def test_a_link_shows_its_run_and_the_picker_another(open_page, store):
    first, second = make_run(store, name="first"), make_run(store, name="second")
    at = open_page("lab", run=first)
    picker = at.selectbox(key="lab_picker")
    assert picker.value == first
    picker.set_value(second).run()
    assert linked(at, "run") == [second]


# -- a run under way ---------------------------------------------------------------------------------------------------


def test_only_learners_settings_and_steps_go_to_a_running_run():
    draft = make_draft("chain-sum", {"ppo.lam": "0.5", "steps": "80", "num_generations": "4"})
    assert differences(draft, preset("chain-sum")) == ({"steps": 80, "ppo.lam": 0.5}, ["num_generations"])


def test_a_learners_event_is_read_as_its_own():
    config = preset("chain-sum")
    assert owned({"epsilon": 0.1, "steps": 5}, "ppo", config) == {"ppo.epsilon": 0.1, "steps": 5}
    assert owned({"ppo.lam": 0.5}, "ppo", config) == {"ppo.lam": 0.5}


def test_the_snippet_of_a_run_is_shown(open_page, store):
    run_id = make_run(store)
    at = open_page("lab", run=run_id)
    assert snippet(store.get(run_id)).strip() in [x.value.strip() for x in at.code]


# -- a task that no page knows -----------------------------------------------------------------------------------------


def test_a_task_without_a_form_of_its_own_is_called_by_its_title_and_set_by_its_fields(
    open_page, store, launcher, reverse_word
):
    at = open_page("lab", set=["task.kind=backwards", "task.letters=4"])
    assert not at.exception
    assert at.selectbox(key="lab_choose_source").value == "backwards"
    options = at.selectbox(key="lab_choose_source").options
    assert options[0] == "Sums worked out step by step"  # the preset's own, whatever the others are called
    assert "Words backwards" in options[1:]
    assert at.button(key="lab_start").label == r"Start: backwards\-3 · Words backwards"
    assert reverse_word.summary in [x.value for x in at.caption]
    assert not [x for x in at.main if "Questions of your own" in str(getattr(x, "value", ""))]
    assert typed(at, "task.letters").value == "4"
    typed(at, "task.heldout").set_value("9").run()
    assert linked(at, "set") == ["task.kind=backwards", "task.letters=4", "task.heldout=9"]
    at.button(key="lab_start").click().run()
    run = store.get(launcher.started[0])
    config = run.config
    assert run.name == "backwards, task.letters=4, task.heldout=9, seed 0"
    assert (config.task, config.model) == (reverse_word.settings(letters=4, heldout=9), "backwards-3")


def test_a_task_is_chosen_in_the_drawer_and_given_up_again(open_page, reverse_word):
    at = open_page("lab", set=["task.terms=4"])
    at.selectbox(key="lab_choose_source").set_value("backwards").run()
    assert not at.exception
    assert linked(at, "set") == ["task.kind=backwards"]  # it has no terms
    at.selectbox(key="lab_choose_source").set_value("chain-sum").run()
    assert "set" not in at.query_params


def test_there_is_nothing_to_choose_where_one_task_fits_the_model(open_page, monkeypatch):
    monkeypatch.setattr(question_sources, "choosable", lambda: ["chain-sum", "questions", "reasoning-gym"])
    assert not [x for x in open_page("lab").selectbox if x.key == "lab_choose_source"]


def test_a_link_to_a_kind_of_task_does_what_the_command_line_does():
    draft = make_draft("smollm2-sums", {"task.kind": "reasoning-gym", "task.dataset": "countdown"})
    assert draft.config.task == suggested("countdown")
    assert (draft.asks, draft.asks_preset) == ("countdown", False)
    draft = make_draft("smollm2-sums", {"task.kind": "questions"}, "", QUESTIONS)
    assert draft.config.task.questions == QUESTIONS
    assert make_draft("smollm2-sums", {"task.kind": "questions"}).problems == (NO_QUESTIONS,)
    draft = make_draft("smollm2-sums", {"task.kind": "code", "task.terms": "2"})
    (problem,) = [str(x) for x in draft.problems]
    assert problem.startswith("task.kind: must be one of 'chain-sum', ")
    assert problem.endswith(", but is 'code'")
    assert all(repr(x) in problem for x in choosable())


def test_an_event_names_the_step_that_the_board_showed_then():
    """Five steps are made, the board shows step 5: what is between the fifth and the sixth happened after step 5."""
    between = [{"kind": kind, "step": 5, "value": None} for kind in ("pause", "resume", "stop", "change", "continue")]
    assert {after_step(x) for x in between} == {5}
    assert after_step({"kind": "start", "step": 0, "value": None}) == 0
    last = {"kind": "final", "step": 4, "value": {"greedy": 1.0, "sampled": 1.0}}  # of the fifth step
    assert after_step(last) == after_step({"kind": "evaluation", "step": 4, "value": {"when": "after"}}) == 5
    assert after_step({"kind": "evaluation", "step": 0, "value": {"when": "before"}}) == 0
    assert after_step({"kind": "drift", "step": 4, "value": 0.1}) == 5
    assert after_step({"kind": "step", "step": 4, "value": None}) == 5  # "made one step": this one


# -- the run on the page, and the next one -----------------------------------------------------------------------------


def start_label(at) -> str:
    return at.button(key="lab_start").label


def test_start_begins_what_the_run_on_the_page_began_from(open_page, store):
    sums = make_run(store)
    vine = store.create(preset("chain-sum-vine"))
    at = open_page("lab", run=vine)
    assert start_label(at) == "Start: three-term sums, with VinePPO"
    at.selectbox(key="lab_picker").set_value(sums).run()
    assert start_label(at) == "Start: three-term sums"
    at.selectbox(key="lab_picker").set_value(vine).run()
    assert "VinePPO" in start_label(at)


def test_what_was_chosen_stands_whatever_run_is_on_the_page(open_page, store):
    sums, vine = make_run(store), store.create(preset("chain-sum-vine"))
    at = open_page("lab", run=sums)
    at.selectbox(key="lab_choose_preset").set_value("smollm2-sums").run()
    assert "SmolLM2" in start_label(at)
    at.run()
    assert "SmolLM2" in start_label(at)
    at = open_page("lab", run=sums, preset="smollm2-sums")  # a link says both
    assert "SmolLM2" in start_label(at)
    at = open_page("lab", run=sums, seed="7")  # what was typed suits its preset
    at.selectbox(key="lab_picker").set_value(vine).run()
    assert start_label(at) == "Start: six-term sums, with a fitted critic"


def test_where_start_trains_something_else_than_is_shown_that_is_said(open_page, store, monkeypatch):
    """A lesson's race opens the lab on the run that was there before: nothing told what its Start would train."""

    def coming(at) -> str:
        return "\n".join(x.value for x in at.info if x.value.startswith("Start trains"))

    sums = make_run(store)
    assert coming(open_page("lab", lang="en", run=sums)) == ""
    at = open_page("lab", lang="en", run=sums, preset="long-sums-budget")
    assert preset_title("long-sums-budget") in coming(at)
    assert "GRPO 32 × 4, PPO 128 × 1" in coming(at)
    assert plain(store.get(sums).name, 60) in coming(at)
    monkeypatch.setenv("CREDIT_LAB_TRAINING", "off")
    assert coming(open_page("lab", lang="en", run=sums, preset="long-sums-budget")) == "", "Start trains nothing"


def test_what_the_critic_begins_with_is_among_the_few_settings(open_page):
    at = open_page("lab", lang="en", preset="long-sums")
    assert at.selectbox(key="set:ppo.value_model").value == "chain-sum-6x1-critic"


def test_a_run_is_renamed_where_it_is_shown(open_page, store):
    run_id = make_run(store)
    at = open_page("lab", run=run_id)
    at.text_input(key=f"lab_name_{run_id}").set_value("high  ε").run()
    assert store.get(run_id).name == "high ε"
    at.text_input(key=f"lab_name_{run_id}").set_value("  ").run()
    assert not at.exception
    assert "1 to 200 characters" in at.error[0].value
    assert store.get(run_id).name == "high ε"


_ENDS = [lifecycle.GONE, *(ended_by(x, saved=saved) for x in (-9, -6, 1, STORE_LOST) for saved in (True, False))]


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
@pytest.mark.parametrize("reason", _ENDS)
def test_how_to_go_on_is_said_once(open_page, store, reason, lang):
    run_id = make_run(store)
    for name in ("ppo", "grpo"):
        lifecycle.mark(store, run_id, name, "failed", reason)
    at = open_page("lab", run=run_id, lang=lang)
    word = {"en": "Resume", "zh-TW": "繼續"}[lang]
    (error,) = at.error
    assert error.value.count(word) == 1, error.value


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        ((), "but no checkpoint: Resume begins anew."),
        (("ppo/000000.pt",), "but no checkpoint: Resume begins anew."),
        (("ppo/000010.pt",), "and begins anew where a learner has none."),
        (("ppo/000010.pt", "grpo/000020.pt"), "Resume continues from the last checkpoint."),
    ],
)
def test_where_resume_goes_on_is_what_was_written(open_page, store, saved, words):
    run_id = make_run(store)
    for name in ("ppo", "grpo"):
        lifecycle.mark(store, run_id, name, "failed", ended_by(1, saved=False))
    for file in saved:
        path = store.home / "checkpoints" / run_id / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (error,) = open_page("lab", run=run_id).error
    assert error.value.endswith(words)


# -- presets -----------------------------------------------------------------------------------------------------------


def test_every_preset_has_a_title_and_says_what_it_shows():
    assert sorted(x for group in grouped().values() for x in group) == sorted(PRESETS)
    assert "" not in grouped(), "a preset without a text: lessons/kit/preset_texts.py"
    for name, config in PRESETS.items():
        assert preset_title(name) != name
        assert shows(name, config).endswith((".", "?"))


def test_a_preset_that_nobody_described_is_offered_by_its_name():
    assert grouped(["chain-sum", "nobody-s"]) == {next(iter(GROUPS)): ["chain-sum"], "": ["nobody-s"]}
    assert (preset_title("nobody-s"), shows("nobody-s", preset("chain-sum"))) == ("nobody-s", "")


def test_the_line_of_a_race_on_one_budget_has_its_numbers():
    race = change(preset("chain-sum"), {"grpo.num_generations": 4, "ppo.num_generations": 1})
    assert "PPO 128 × 1, GRPO 32 × 4" in shows("long-sums-budget", race)


def test_a_preset_can_be_chosen_among_what_each_shows(open_page):
    at = open_page("lab", lang="en")
    at.button(key="lab_preset_chain-sum-vine").click().run()
    assert not at.exception
    assert linked(at, "preset") == ["chain-sum-vine"]
    assert at.selectbox(key="lab_choose_preset").value == "chain-sum-vine"
    assert shows("chain-sum-vine", preset("chain-sum-vine")) in [x.value for x in at.caption]


def test_the_few_settings_are_those_of_each_kind_whatever_its_learners_are_called(monkeypatch, open_page):
    learners = (
        learner("ppo", name="zero", num_generations=1, lam=0.9),
        learner("ppo", name="fitted", num_generations=1),
        learner("grpo", name="group", num_generations=4),
    )
    race = preset("chain-sum").model_copy(update={"preset": "race", "learners": learners})
    monkeypatch.setitem(PRESETS, "race", race)
    at = open_page("lab", lang="en", preset="race")
    assert at.text_input(key="set:zero.lam+fitted.lam").placeholder == "differs between learners"
    assert at.text_input(key="set:group.beta").value == "0"
    assert [typed(at, f"{x}.num_generations").value for x in ("zero", "fitted", "group")] == ["1", "1", "4"]
    typed(at, "group.num_generations").set_value("2").run()
    assert linked(at, "set") == ["group.num_generations=2"]


def test_a_choice_that_may_be_none_can_be_taken_back(open_page):
    at = open_page("lab", lang="en", preset="long-sums", set=["ppo.value_model=none"])
    assert make_draft("long-sums", {"ppo.value_model": "none"}).config.learner("ppo").value_model is None
    at.toggle(key="lab_all_settings").set_value(True).run()
    at.radio(key="lab_settings_group").set_value("ppo").run()
    box = at.selectbox(key="set:ppo.value_model")
    assert (box.value, box.options[0]) == ("none", "none")
    box.set_value("chain-sum-6x1-critic").run()
    assert "set" not in at.query_params


# -- the tasks ---------------------------------------------------------------------------------------------------------

MADE_HERE = [x for x in choosable() if TASK_KINDS[x].recipes and x != "chain-sum"]


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
@pytest.mark.parametrize("name", MADE_HERE)
def test_each_task_with_a_start_model_of_its_own_is_chosen_by_its_title_and_started(
    open_page, store, launcher, name, lang, speaking
):
    at = open_page("lab", lang=lang, preset="chain-sum")
    box = at.selectbox(key="lab_choose_source")
    titles = [source_title(preset("chain-sum"), x) for x in MADE_HERE]
    assert set(titles) <= set(box.options)
    box.set_value(name).run()
    assert not at.exception
    assert linked(at, "set") == [f"task.kind={name}"]
    assert any(x.value == _(TASK_KINDS[name].summary) for x in at.caption)
    at.button(key="lab_start").click().run()
    assert not at.exception
    config = store.get(launcher.started[0]).config
    assert config.task == TASK_KINDS[name].settings()
    assert config.model == next(iter(TASK_KINDS[name].recipes))


def test_a_name_that_two_sources_have_means_the_one_that_the_model_can_be_asked():
    words, signs = preset("smollm2-sums"), preset("chain-sum")
    assert kind_called(words, "countdown") is None
    assert kind_called(signs, "countdown") == "countdown"
    assert kind_called(words, "questions") == "questions"
    assert source_title(words, "countdown") != source_title(signs, "countdown")


def test_of_unit_tests_that_its_task_does_not_have_a_run_has_none_instead_of_no_record():
    """The board says "none" of what a learner is without, and "not recorded" of the rest."""

    def gone(name: str, **settings: object) -> set[str]:
        without = about_learner(change(preset(name), settings), "grpo")["without"]
        return {x for x in without if x.endswith("_tests")}

    every = {"visible_tests", "hidden_tests", "heldout_visible_tests", "heldout_hidden_tests"}
    assert gone("chain-sum") == gone("reply") == every
    assert gone("program") == set()
    assert gone("program", **{"task.hidden": 0}) == {"hidden_tests", "heldout_hidden_tests"}
    elsewhere = preset("chain-sum").model_copy(update={"task": ImportedSettings(source="TRL")})
    assert not {x for x in about_learner(elsewhere, "grpo")["without"] if x.endswith("_tests")}


def test_of_replies_that_have_no_right_one_it_is_said_what_counts_as_a_success():
    assert "from a score of 0.70 on, by the taste “Warm”" in scored_words(preset("reply"))
    short = change(preset("reply"), {"task.taste": "short", "task.success_score": 0.5, "grpo.reward": "placebo"})
    assert scored_words(short).startswith("GRPO learns from")
    assert "from a score of 0.50 on, by the taste “Short”" in scored_words(short)
    assert scored_words(preset("chain-sum")) == ""


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_a_run_with_a_placebo_says_who_learns_from_it(open_page, store, lang, speaking):
    run_id = make_run(store, **{"grpo.reward": "placebo"})
    at = open_page("lab", run=run_id, lang=lang)
    title = _(REWARDS["placebo"].title)
    [line] = [x.value for x in at.caption if title in x.value]
    assert line.startswith("GRPO")
    assert about_learner(store.get(run_id).config, "grpo")["scored_by"] == REWARDS["placebo"].title
    assert about_learner(store.get(run_id).config, "ppo")["scored_by"] is None
    other = open_page("lab", run=make_run(store), lang=lang)
    assert not [x.value for x in other.caption if title in x.value]


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_a_reward_model_is_a_preset_whose_few_settings_are_its_judges(open_page, store, launcher, lang, speaking):
    at = open_page("lab", lang=lang, preset="reply-reward-model")
    keys = {x.key for kind in (at.text_input, at.selectbox) for x in kind}
    assert {
        f"set:{x}" for x in ("task.taste", "steps", "seed", "reward-model.judge_pairs", "reward-model.judge_noise")
    } <= keys
    assert not [x for x in keys if x.endswith((".epsilon", ".num_iterations", ".kl_coef"))]
    typed(at, "reward-model.judge_pairs").set_value("60")
    typed(at, "reward-model.judge_noise").set_value("0.25")
    at.selectbox(key="set:task.taste").set_value("short").run()
    at.button(key="lab_start").click().run()
    assert not at.exception
    [run_id] = launcher.started
    config = store.get(run_id).config
    assert config.preset == "reply-reward-model"
    own = config.learners[0]
    assert (config.task.taste, own.kind, own.judge_pairs, own.judge_noise) == ("short", "reward-model", 60, 0.25)


def test_the_preset_of_a_reward_model_is_the_run_that_its_lessons_train():
    made = reward_config(preset("reply"), name="reward-model")
    assert made.model_copy(update={"preset": "reply-reward-model"}) == preset("reply-reward-model")


NEEDS_ONE = plain("task.turns must be 1 for it", 100)


@pytest.mark.parametrize(
    "learners",
    [
        *((learner(x),) for x in ("vine", "sft", "dpo", "offline-pg", "reward-model")),
        (learner("grpo", reward="reward-model", reward_model="mine-00000000"),),
    ],
    ids=lambda x: x[0].name,
)
def test_who_cannot_learn_from_two_turns_is_named_in_the_form_before_a_run(monkeypatch, open_page, learners):
    base = preset("program").model_copy(update={"preset": "one", "learners": learners})
    monkeypatch.setitem(PRESETS, "one", base)
    at = open_page("lab", lang="en", preset="one")
    assert not at.button(key="lab_start").disabled
    assert "Not for learners whose responses are given" in at.text_input(key="set:task.turns").help
    at.text_input(key="set:task.turns").set_value("2").run()
    assert not at.exception
    assert any(NEEDS_ONE in x.value and plain(learners[0].name) in x.value for x in at.error), [
        x.value for x in at.error
    ]
    assert at.button(key="lab_start").disabled


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_two_turns_bring_their_start_model_and_another_one_is_warned_of(open_page, lang, speaking):
    at = open_page("lab", lang=lang, preset="program", set="task.turns=2")
    assert at.selectbox(key="set:model").value == "program-4-turns"
    assert not at.warning
    at.selectbox(key="set:model").set_value("program-4").run()
    assert not at.exception
    assert "model=program-4" in linked(at, "set")
    assert len(at.warning) == 1
    assert "program\\-4\\-turns" in at.warning[0].value
