"""reasoning-gym as a task: repeatable questions, its own verifiers, and settings that cannot be."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.given_config import change, parse_config
from core.insight.mirrored import mirrored
from core.presets import PRESETS
from core.stored_config import dump_config, load_config
from core.tasks.base import recall
from core.tasks.catalog import UNREPEATABLE, build, names
from core.tasks.reasoning import FEWEST, Reasoning, is_held_out
from core.tasks.reasoning_settings import OFFERED, ReasoningGymSettings, suggested
from core.tasks.registry import task_for
from core.tasks.reordered import in_order
from core.tasks.verifiers import DataSetVerifier

DIGESTS = """
import hashlib, json, sys
from reasoning_gym.factory import DATASETS
from core.tasks.reasoning import Reasoning
from core.tasks.reasoning_settings import OFFERED, suggested
found = {}
for name in OFFERED:
    task = Reasoning(suggested(name))
    found[name] = [task.heldout, task.prompts(7, 3, 12), [task.truth(x) for x in task.prompts(7, 3, 12)]]
for name in ("isomorphic_strings", "ransom_note"):
    dataset, config = DATASETS[name]
    made = dataset(config=config(seed=5, size=32))
    found[name] = [made[i]["question"] for i in range(8)]
print(json.dumps(found))
"""


def test_questions_are_the_same_in_every_process_and_those_that_are_not_are_refused():
    def draw(hash_seed: str) -> dict[str, list[str]]:
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run([sys.executable, "-c", DIGESTS], env=environment, capture_output=True, check=True)
        return json.loads(done.stdout)

    one, another = draw("1"), draw("2")
    for name in OFFERED:
        assert one[name] == another[name], name
    # The other refused ones differ in some of their questions only.
    assert one["isomorphic_strings"] != another["isomorphic_strings"]
    assert one["ransom_note"] != another["ransom_note"]
    for name in UNREPEATABLE:
        with pytest.raises(ConfigError, match="no run could be repeated"):
            Reasoning(suggested(name))


@pytest.mark.parametrize("name", OFFERED)
def test_right_answers_are_right_and_seed_and_step_say_what_is_asked(name):
    task, again = Reasoning(suggested(name)), Reasoning(suggested(name))
    prompts = task.prompts(0, 0, 16)
    assert prompts == again.prompts(0, 0, 16)
    assert prompts[:5] == again.prompts(0, 0, 5)
    assert task.prompts(0, 0, 40)[:16] == prompts
    assert prompts != task.prompts(0, 1, 16)
    assert prompts != task.prompts(1, 0, 16)
    assert len(set(prompts)) == 16
    boxed = "{}" if task.settings.extraction == "whole" else "It is {}."
    for prompt in [*prompts, *task.heldout]:
        assert task.verify(prompt, boxed.format(task.truth(prompt))).success, prompt


@pytest.mark.parametrize("name", OFFERED)
def test_what_is_held_out_is_never_trained_on(name):
    task = Reasoning(suggested(name))
    assert len(set(task.heldout)) == len(task.heldout) == 64
    assert task.note is None
    asked = {p for seed in range(3) for step in range(20) for p in task.prompts(seed, step, 8)}
    assert not asked & set(task.heldout)
    instruction = task.settings.instruction
    questions = {x.removesuffix(f"\n{instruction}") if instruction else x for x in asked}
    assert not any(is_held_out(x) for x in questions)


def test_no_held_out_sum_is_trained_on_in_another_order():
    config = PRESETS["smollm2-sums"]
    for seed in range(3):
        task = Reasoning(config.task)
        near = mirrored(task.heldout, (x for step in range(50) for x in task.prompts(seed, step, 4)))
        assert len(near.additions) > 20
        assert near.mirrored == ()
    three = ReasoningGymSettings(options={"min_terms": 3, "max_terms": 3, "min_digits": 1, "max_digits": 1})
    task = Reasoning(three)
    asked = {in_order(x) for step in range(40) for x in task.prompts(0, step, 16)}
    assert not asked & {in_order(x) for x in task.heldout}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 3 + 5?", "What is 5 + 3?"),
        ("State it: 12 + 3 + 4 =", "State it: 4 + 12 + 3 ="),
        ("8 - 3 + 2 =", "8 + 2 - 3 ="),
        ("4 - 1 =", "-1 + 4 ="),
        ("3 * 5 =", "5 * 3 ="),
        ("1.5 + 2", "2 + 1.5"),
    ],
)
def test_terms_in_another_order_are_the_same_question(one, other):
    assert in_order(one) == in_order(other)
    assert is_held_out(one) == is_held_out(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4 - 1 =", "1 - 4 ="),
        ("3 + 5 =", "3 + 6 ="),
        ("3 + 5 =", "3 * 5 ="),
        ("What is 3 + 5?", "Say 5 + 3"),
        ("3 + 5 * 2", "5 + 3 * 2"),
        ("2 * (3 + 5)", "2 * (5 + 3)"),
        ("3/4 + 1", "3/1 + 4"),
        ("3 + 5 and 2 + 2", "5 + 3 and 2 + 2"),
        ("spell 3", "spell 4"),
    ],
)
def test_other_questions_stay_others(one, other):
    assert in_order(one) != in_order(other)
    assert in_order("How many r in 3 words?") == "How many r in 3 words?"


@pytest.mark.parametrize("version", [{}, {"config_version": 2}])
def test_a_run_that_was_stored_before_asks_what_it_asked(version):
    """The questions are those that versions 1 and 2 drew for seed 0."""
    values = PRESETS["smollm2-sums"].model_dump(mode="json")
    del values["task"]["reordered_apart"]
    config = load_config({**values, **version})
    assert config.task.reordered_apart is False
    task = task_for(config.task)
    sums = ["9 + 1", "4 + 6", "0 - 4", "3 + 4"]
    head = "State the final answer to the following arithmetic problem: "
    assert task.prompts(0, 0, 4) == [f"{head}{x} =\n{config.task.instruction}" for x in sums]
    asked = (x for step in range(50) for x in task.prompts(0, step, 4))
    assert len(mirrored(task.heldout, asked).mirrored) == 12
    again = load_config(json.loads(json.dumps(dump_config(config))))
    assert again == config
    new = load_config(json.loads(json.dumps(dump_config(PRESETS["smollm2-sums"]))))
    assert new.task.reordered_apart is True


def test_an_instruction_stands_below_the_question_and_moves_none_to_the_other_side():
    plain = Reasoning(ReasoningGymSettings())
    instructed = Reasoning(ReasoningGymSettings(instruction="Be brief."))
    assert instructed.heldout == [f"{x}\nBe brief." for x in plain.heldout]
    assert instructed.prompts(3, 4, 8) == [f"{x}\nBe brief." for x in plain.prompts(3, 4, 8)]


def chain_sum(**settings) -> tuple[Reasoning, str]:
    task = Reasoning(ReasoningGymSettings(**settings))
    return task, next(x for x in task.prompts(0, 0, 64) if int(task.truth(x)) >= 10)


@pytest.mark.parametrize("response", ["", "   ", "none", "The answer is ", "=", "1{}", "{}1", "{}.5", "{} or 0", "-{}"])
def test_trap_11_an_empty_answer_and_one_that_contains_the_truth_are_wrong(response):
    task, prompt = chain_sum()
    verdict = task.verify(prompt, response.format(task.truth(prompt)))
    assert not verdict.success
    assert verdict.reward == 0


def test_partial_credit_pays_what_the_verifier_gives_but_is_no_success():
    task, prompt = chain_sum(partial_credit=True)
    truth = task.truth(prompt)
    nearly = task.verify(prompt, f"1{truth}")
    assert nearly.reward == pytest.approx(len(truth) / (len(truth) + 1))
    assert not nearly.success
    assert task.verify(prompt, truth).reward == 1
    assert task.verify(prompt, "none").reward == 0
    assert task.verify(prompt, truth, finished=False).reward == 0


def test_the_hundredth_that_a_verifier_gives_for_trying_is_no_success():
    task = Reasoning(suggested("countdown"))
    (prompt,) = task.prompts(0, 0, 1)
    scored = DataSetVerifier("countdown", {}, 4).score("1 + 1", task._entry(prompt)).value
    assert 0 < scored < 1
    assert task.verify(prompt, "1 + 1").reward == 0


def test_trap_6_a_cut_off_response_is_wrong_even_where_its_text_is_right():
    task, prompt = chain_sum()
    verdict = task.verify(prompt, task.truth(prompt), finished=False)
    assert (verdict.reward, verdict.success, verdict.answer) == (0, False, task.truth(prompt))


def test_a_stored_prompt_is_known_again_once_its_step_is():
    first = Reasoning(suggested("countdown"))
    # Dynamic sampling may have asked for many more than the step's own.
    prompts = first.prompts(5, 9, 100)[90:]
    task = Reasoning(suggested("countdown"))
    with pytest.raises(ValueError, match="ask for the prompts of its step first"):
        task.verify(prompts[0], "1")
    assert recall(task, 5, 9, [*prompts, task.heldout[0]]) == []
    assert all(task.verify(x, first.truth(x)).success for x in prompts)
    assert recall(task, 5, 9, ["What is love?"], most=64) == ["What is love?"]


def test_only_so_many_questions_are_remembered(monkeypatch):
    monkeypatch.setattr("core.tasks.reasoning._KEPT", 10)
    task = Reasoning(ReasoningGymSettings())
    old, new = task.prompts(0, 0, 8), task.prompts(0, 1, 8)
    assert len(task._known) == 10
    assert all(task.truth(x) for x in new)
    with pytest.raises(ValueError, match="ask for the prompts"):
        [task.truth(x) for x in old]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"dataset": "countdwn"},
            r"^task.dataset: reasoning-gym has no data set called 'countdwn'; did you mean",
        ),
        ({"dataset": "qqqqqq"}, "no data set called 'qqqqqq'; for example chain_sum"),
        ({"dataset": "composite"}, "made of other data sets; name one of them"),
        (
            {"options": {"min_term": 2}},
            "^task.options: chain_sum has no option called 'min_term'; did you mean min",
        ),
        ({"options": {"zzz": 2}}, "it has allow_negation, max_digits, max_terms"),
        ({"options": {"seed": 2}}, "seed cannot be set, as questions follow from the run's own seed"),
        ({"options": {"size": 2}}, "size cannot be set"),
        ({"options": {"min_terms": 5, "max_terms": 2}}, "max_terms must be >= min_terms"),
        ({"options": {"min_terms": "two"}}, "min_terms must be a number, but is 'two'"),
        ({"options": {"min_terms": True}}, "min_terms must be a number, but is True"),
        ({"options": {"min_terms": 2.5}}, "min_terms must be a whole number, but is 2.5"),
        ({"options": {"max_digits": 10**9}}, "max_digits must be between -1000000 and 1000000"),
        ({"options": {"min_digits": 9999, "max_digits": 9999}}, "chain_sum"),
        ({"options": {"min_terms": 9000, "max_terms": 9000}}, "questions of more than 20000 characters"),
        ({"options": {"min_terms": 1, "max_terms": 1, "max_digits": 1}}, "too few questions .* 8 of each are needed"),
        (
            {"dataset": "spell_backward", "options": {"data_file": "../../etc/passwd"}},
            "it names a file",
        ),
        ({"dataset": "countdown", "options": {"operators": ["+", "%"]}}, "does not accept .*invalid operator"),
        ({"dataset": "word_sorting", "options": {"transformation": "upside"}}, "does not accept these options"),
    ],
)
def test_what_cannot_be_asked_is_answered_with_one_sentence(settings, sentence):
    with pytest.raises(ConfigError, match=sentence) as caught:
        Reasoning(ReasoningGymSettings(**settings))
    assert "\n" not in str(caught.value)


def test_few_questions_give_fewer_held_out_ones_and_a_sentence_on_it():
    task = Reasoning(ReasoningGymSettings(heldout=2048))
    assert FEWEST <= len(task.heldout) < 100
    assert (
        str(task.note)
        == f"{len(task.heldout)} questions are kept apart, not 2048: chain_sum has no more with these options."
    )
    # Single digits, two terms, + or -: there are 200 in all.
    asked = {x for step in range(200) for x in task.prompts(0, step, 8)}
    assert len(asked) + len(task.heldout) == 200
    # More than there are: each comes once before any comes again.
    assert len(set(task.prompts(0, 0, 500))) == len(asked)


def test_options_keep_their_kind_where_json_has_none():
    assert build("countdown", {"operators": ["+", "-"]}, 0, 4).config.operators == ("+", "-")
    assert "transformation" in vars(build("word_sorting", {"transformation": "uppercase"}, 0, 4).config)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"x": "y" * 5000}, "at most 4096 characters"),
        ({"x": {1, 2}}, "must be JSON"),
        ({"x": float("nan")}, "must be JSON"),
    ],
)
def test_options_are_small_and_json(options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        parse_config({"task": {"kind": "reasoning-gym", "options": options}})


def test_the_preset_of_a_real_model_is_such_a_task():
    config = PRESETS["smollm2-sums"]
    assert isinstance(task_for(config.task), Reasoning)
    wrong = change(config, {"task.dataset": "nope"})
    with pytest.raises(ConfigError, match="nope"):
        task_for(wrong.task)


def test_every_data_set_can_be_suggested_and_says_how_long_its_answers_get():
    assert set(OFFERED) <= set(names())
    assert len(names()) > 90
    task = Reasoning(suggested("gcd"))
    assert task.settings.extraction == "whole"
    assert task.verify(task.heldout[0], task.truth(task.heldout[0])).success
    assert task.max_completion_length > Reasoning(suggested("chain_sum")).max_completion_length


def test_a_right_answer_is_named_where_the_data_set_leaves_it_empty():
    task = Reasoning(suggested("propositional_logic"))
    assert task._entry(task.heldout[0])["answer"] is None
    assert task.truth(task.heldout[0])
    assert Reasoning(suggested("boxnet")).truth(Reasoning(suggested("boxnet")).heldout[0]) == ""
