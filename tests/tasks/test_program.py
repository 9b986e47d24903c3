"""Programs from examples: which function a prompt is about, and what its unit tests make of a response."""

from __future__ import annotations

import random
import re

import pytest

from core.config import RunConfig
from core.errors import ConfigError, RequestError
from core.stored_config import dump_config, load_config
from core.tasks.functions import DOMAIN, LARGEST, functions, simplest
from core.tasks.kinds.program import ALPHABET, KIND, Program, ProgramSettings, examples_of

TASK = Program(ProgramSettings())
DOUBLED = "0:1,4:9,7:15,9:19="


def test_every_function_is_what_its_expression_computes() -> None:
    """By Python itself: the table was made by other code than what the expression says."""
    for function in functions():
        assert function.values == tuple(eval(function.expression, {"x": x}) for x in DOMAIN), function.expression
        assert set(function.expression) <= set(ALPHABET)
        assert max(map(abs, function.values)) <= LARGEST
    assert len({x.values for x in functions()}) == len(functions()) > 300


def test_the_simplest_function_that_agrees_is_the_question_s() -> None:
    assert TASK.truth(DOUBLED) == "x*2+1"
    assert TASK.truth("3:3=") == "x"  # of all that give 3 for 3
    assert simplest(((0, 0), (1, 7), (2, 0))) is None


def test_held_out_questions_are_about_functions_that_no_prompt_is_about() -> None:
    apart = {TASK.truth(x) for x in TASK.heldout}
    assert len(TASK.heldout) == len(set(TASK.heldout)) == 128
    asked = {TASK.truth(x) for step in range(20) for x in TASK.prompts(0, step, 64)}
    assert len(apart) > 40
    assert len(asked) > 200
    assert not apart & asked


def test_kept_apart_by_question_the_same_functions_are_asked_for_with_other_examples() -> None:
    mixed = Program(ProgramSettings(apart="questions"))
    assert mixed.heldout == TASK.heldout
    prompts = [x for step in range(20) for x in mixed.prompts(0, step, 64)]
    assert not set(prompts) & set(mixed.heldout)
    assert len({mixed.truth(x) for x in prompts} & {mixed.truth(x) for x in mixed.heldout}) > 40


@pytest.mark.parametrize("visible", [2, 3, 4, 5, 6])
def test_there_are_questions_enough_for_every_number_of_examples(visible: int) -> None:
    task = Program(ProgramSettings(visible=visible, hidden=10 - visible, heldout=256))
    assert len(set(task.heldout)) == 256
    prompts = task.prompts(0, 0, 64)
    assert {len(examples_of(x)) for x in [*prompts, *task.heldout]} == {visible}
    assert all(examples_of(x) == tuple(sorted(examples_of(x))) for x in prompts)


def test_prompts_follow_from_seed_and_step_and_a_smaller_count_gives_the_first() -> None:
    assert TASK.prompts(1, 2, 8) == Program(ProgramSettings()).prompts(1, 2, 16)[:8]
    assert TASK.prompts(1, 2, 8) != TASK.prompts(1, 3, 8)
    assert TASK.heldout == Program(ProgramSettings()).heldout


@pytest.mark.parametrize(
    ("response", "reward", "success"),
    [
        ("x*2+1", 1, True),
        ("1+x+x", 1, True),  # several programs are right
        ("return x*2+1", 1, True),
        ("abs(-x*2-1)", 1, True),
        ("x*2", 0, False),
        ("{0:1,4:9,7:15,9:19}[x]", 0, False),
        ("x*2+1.0", 0, False),
        ("x*2+", 0, False),
        ("__import__('os')", 0, False),
        ("9**9**9**9", 0, False),
    ],
)
def test_unit_tests_decide(response: str, reward: float, success: bool) -> None:
    verdict = TASK.verify(DOUBLED, response)
    assert (verdict.reward, verdict.success, verdict.answer) == (reward, success, response)
    cut = TASK.verify(DOUBLED, response, finished=False)
    assert (cut.reward, cut.success) == (0, False)


def test_an_empty_response_is_wrong_and_has_no_answer() -> None:
    for response in ("", "  "):
        verdict = TASK.verify(DOUBLED, response)
        assert (verdict.reward, verdict.success, verdict.answer) == (0, False, None)


def test_a_table_of_the_examples_is_paid_by_visible_tests_alone_and_never_right() -> None:
    table = "{0:1,4:9,7:15,9:19}[x]"
    assert TASK.outcome(DOUBLED, table).games
    seen = Program(ProgramSettings(scored="visible")).verify(DOUBLED, table)
    assert (seen.reward, seen.success) == (1, False)
    share = Program(ProgramSettings(partial_credit=True)).verify(DOUBLED, table)
    assert (share.reward, share.success) == (0.4, False)
    assert Program(ProgramSettings(partial_credit=True, scored="visible")).verify(DOUBLED, "x+1").reward == 0.25
    thin = Program(ProgramSettings(hidden=0)).verify(DOUBLED, table)
    assert (thin.reward, thin.success) == (1, True)  # nothing is left that could tell


def test_a_verdict_says_which_tests_passed() -> None:
    table = "{0:1,4:9,7:15,9:19}[x]"
    assert TASK.verify(DOUBLED, table).parts == {"visible_tests": 1, "hidden_tests": 0}
    assert TASK.verify(DOUBLED, "x*2+1").parts == {"visible_tests": 1, "hidden_tests": 1}
    assert TASK.verify(DOUBLED, "x+1").parts == {"visible_tests": 1 / 4, "hidden_tests": 0}  # right for 0 alone
    for response, finished in (("", True), ("x*2+1", False)):
        assert TASK.verify(DOUBLED, response, finished=finished).parts == {"visible_tests": 0, "hidden_tests": 0}
        none = Program(ProgramSettings(hidden=0)).verify(DOUBLED, response, finished=finished)
        assert none.parts == {"visible_tests": 0}, "there are no hidden tests: no share of them is known"


def test_hidden_tests_are_other_calls_of_the_same_function_and_say_nothing() -> None:
    tests = TASK.tests(DOUBLED)
    assert [x.arguments[0] for x in tests] == list(DOMAIN)
    assert {x.arguments[0] for x in tests if not x.hidden} == {0, 4, 7, 9}
    assert all(x.expected == 2 * x.arguments[0] + 1 for x in tests)
    some = Program(ProgramSettings(hidden=2))
    assert sum(x.hidden for x in some.tests(DOUBLED)) == 2
    assert some.tests(DOUBLED) == some.tests(DOUBLED)
    results = TASK.outcome(DOUBLED, "x").results
    assert [x.got for x, test in zip(results, tests, strict=True) if test.hidden] == [None] * 6


def test_more_tests_than_numbers_are_refused_and_so_is_what_is_no_question() -> None:
    with pytest.raises(ConfigError, match="more than the 10 numbers"):
        Program(ProgramSettings(visible=4, hidden=7))
    for prompt in ("8+1+7=", "2:5,7:15", "=", "2:5,2=", "x:1="):
        with pytest.raises(RequestError, match="no question of this task"):
            TASK.tests(prompt)
    with pytest.raises(RequestError, match="No function"):
        TASK.verify("0:0,1:7,2:0=", "x")


def test_a_run_that_was_stored_before_there_were_turns_has_one() -> None:
    stored = dump_config(RunConfig(preset="x", task=ProgramSettings(), model="program-4"))
    del stored["task"]["turns"]
    assert load_config(stored).task == ProgramSettings(turns=1)
    assert load_config(stored).turns == 1


def test_the_start_model_of_two_turns_is_taught_what_the_task_says_and_often_how_to_mend_it() -> None:
    recipe, draw, task = KIND.recipes["program-4-turns"], random.Random(0), Program(ProgramSettings(turns=2))
    prompts = TASK.prompts(5, 0, 200)
    taught = [recipe.pieces(x, draw) for x in prompts]
    replied = 0
    for prompt, (first, *others) in zip(prompts, taught, strict=True):
        reply = task.reply(prompt, [first.text])
        assert [x.text for x in others[:1]] == ([] if reply is None else [reply])
        assert [x.written for x in others] == ([] if reply is None else [False, True])
        replied += reply is not None
    mended = sum(
        task.verify(p, f"{x[0].text}\n{x[1].text}{x[2].text}").success
        for p, x in zip(prompts, taught, strict=True)
        if len(x) > 1
    )
    assert 60 < replied < 160
    assert 0.6 < mended / replied < 0.95  # by the right expression six times in ten, and now and then by another draw


def test_what_is_taught_is_right_nearly_right_or_a_table() -> None:
    recipe, draw = KIND.recipes["program-4"], random.Random(0)
    prompts = TASK.prompts(5, 0, 300)
    answers = [recipe.example(x, draw) for x in prompts]
    assert set("".join(answers)) <= set(ALPHABET)
    assert max(map(len, answers)) < TASK.max_completion_length
    outcomes = [TASK.outcome(p, a) for p, a in zip(prompts, answers, strict=True)]
    tables = [x for x in answers if re.match(r"\{", x)]
    assert 10 < len(tables) < 50
    assert sum(x.games for x in outcomes) >= len(tables)
    assert 0.3 < sum(x.passed for x in outcomes) / 300 < 0.6
