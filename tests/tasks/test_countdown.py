"""The countdown task: many right answers, an exact verifier, and numbers with a target that are kept apart."""

from __future__ import annotations

import random
import re

import pytest

from core.errors import ConfigError, RequestError
from core.presets import preset
from core.stored_config import dump_config, load_config
from core.tasks.arithmetic import read
from core.tasks.kinds.countdown import ALPHABET, KIND, Countdown, CountdownRecipe, CountdownSettings, question


@pytest.fixture(scope="module")
def task() -> Countdown:
    return Countdown(CountdownSettings())


@pytest.mark.parametrize("response", ["(3+5)*2", "2*(5+3)", "(5+3)*2", "((3+5)*2)", "(3 + 5) * 2"])
def test_every_expression_that_reaches_the_target_is_right(task: Countdown, response: str) -> None:
    verdict = task.verify("2 3 5 = 16?", response)
    assert (verdict.reward, verdict.success, verdict.answer) == (1.0, True, "16")
    assert task.fault("2 3 5 = 16?", response) is None


def test_not_all_numbers_have_to_be_used(task: Countdown) -> None:
    assert task.verify("1 2 4 = 6?", "2+4").success


@pytest.mark.parametrize(
    ("response", "answer", "fault"),
    [
        ("16", "16", "It uses 16 more often"),
        ("8*2", "16", "It uses 8 more often"),
        ("5+5+3*2", "16", "It uses 5 more often"),
        ("3*5+2", "17", "It is worth 17, not 16."),
        ("5/3*2", "10/3", "It is worth 10/3, not 16."),
        ("5/(2-2)", "1/0", "It uses 2 more often"),
        ("", None, "This is no expression"),
        ("(3+5)*2=16", None, "This is no expression"),
        ("(3+5)*2;", None, "This is no expression"),
        ("the answer is (3+5)*2", None, "This is no expression"),
    ],
)
def test_trap_11_what_is_wrong_is_said_to_be(task: Countdown, response: str, answer: str | None, fault: str) -> None:
    verdict = task.verify("2 3 5 = 16?", response)
    assert (verdict.reward, verdict.success, verdict.answer) == (0.0, False, answer)
    assert str(task.fault("2 3 5 = 16?", response)).startswith(fault)


def test_dividing_by_zero_is_wrong_and_no_crash(task: Countdown) -> None:
    assert not task.verify("2 2 5 = 16?", "5/(2-2)").success
    assert str(task.fault("2 2 5 = 16?", "5/(2-2)")) == "It divides by zero."


def test_trap_6_a_cut_off_response_is_wrong_even_where_its_text_is_right(task: Countdown) -> None:
    assert not task.verify("2 3 5 = 16?", "(3+5)*2", finished=False).success


def test_prompts_follow_from_seed_and_step_and_share_no_numbers_with_target_with_what_is_held_out(
    task: Countdown,
) -> None:
    again = Countdown(CountdownSettings())
    assert task.prompts(3, 5, 16) == again.prompts(3, 5, 16)
    assert task.prompts(3, 5, 4) == task.prompts(3, 5, 16)[:4]
    assert task.prompts(3, 5, 16) != task.prompts(3, 6, 16)
    assert task.prompts(3, 5, 16) != task.prompts(4, 5, 16)
    trained = {question(p) for step in range(300) for p in task.prompts(0, step, 16)}
    assert len(trained) > 500
    assert not trained & {question(p) for p in task.heldout}
    assert len(set(task.heldout)) == 256


@pytest.mark.parametrize(
    "settings", [{}, {"numbers": 2, "heldout": 32}, {"numbers": 4}, {"largest": 50, "target": 999}]
)
def test_every_question_has_a_right_answer_that_fits(settings: dict[str, int]) -> None:
    task = Countdown(CountdownSettings(**settings))
    for prompt in [*task.heldout[:40], *task.prompts(1, 1, 40)]:
        numbers, target = question(prompt)
        assert target not in numbers
        right = task.solution(prompt)
        verdict = task.verify(prompt, right)
        assert verdict.success
        assert verdict.answer == task.truth(prompt) == str(target)  # trap 16: what is read can be the truth
        assert len(right) + 1 <= task.max_completion_length
        assert set(prompt) | set(right) <= set(ALPHABET)
        assert len(prompt) <= KIND.longest_prompt(task.settings)  # type: ignore[operator]
        assert KIND.form is not None
        assert re.fullmatch(KIND.form(task.settings), right)


def test_the_default_run_is_asked_a_small_part_of_the_questions_that_there_are() -> None:
    """What it learns by heart is then no help with the rest, and most questions come once."""
    config = preset("countdown")
    assert isinstance(config.task, CountdownSettings)
    there = KIND.training_questions(config.task, 1 << 20)
    assert there is not None
    assert there > 4000
    task, count = Countdown(config.task), config.prompts_per_step
    asked = [x for step in range(config.steps) for x in task.prompts(0, step, count)]
    assert len(set(asked)) < there / 4
    assert len(set(asked)) > 0.75 * len(asked)


def test_stored_runs_on_numbers_up_to_nine_stay_what_they_were() -> None:
    """A config is stored whole: another default is no other run, and its start model is still there."""
    stored = {
        **dump_config(preset("countdown")),
        "model": "countdown-3",
        "config_version": 4,
        "task": {"kind": "countdown", "numbers": 3, "largest": 9, "target": 99, "heldout": 256},
    }
    config = load_config(stored)
    assert config.task == CountdownSettings(largest=9) == KIND.recipes[config.model].task
    assert Countdown(config.task).heldout[:2] == ["3 5 9 = 11?", "1 5 5 = 26?"]  # type: ignore[arg-type]


def test_more_held_out_questions_than_there_are_is_said_in_one_sentence() -> None:
    # Of two numbers up to 4, 22: sums, differences, products and quotients that are no given number.
    with pytest.raises(
        ConfigError, match="2048 questions cannot be kept apart with these numbers; at most 11 are allowed"
    ):
        Countdown(CountdownSettings(numbers=2, largest=4, heldout=2048))


def test_a_prompt_of_another_form_is_refused_with_what_is_allowed(task: Countdown) -> None:
    for prompt in ("2 3 5 = x?", "8+1+7=", "2 = 2?", "2 3 5 = 16", "1 2 3 4 5 = 6?"):
        with pytest.raises(RequestError, match="such as 2 3 5 = 16"):
            task.verify(prompt, "2")


@pytest.mark.parametrize("name", KIND.recipes)
def test_a_start_model_is_taught_right_expressions_and_slips_as_often_as_its_recipe_says(name: str) -> None:
    recipe, draw = KIND.recipes[name], random.Random(3)
    assert isinstance(recipe, CountdownRecipe)
    task = Countdown(recipe.task)  # type: ignore[arg-type]
    prompts = [p for step in range(60) for p in task.prompts(7, step, 16)]
    answers = [recipe.example(p, draw) for p in prompts]
    right = [task.verify(p, a).success for p, a in zip(prompts, answers, strict=True)]
    faults = [str(task.fault(p, a)) for p, a, good in zip(prompts, answers, right, strict=True) if not good]
    reused = sum("more often than it is given" in x for x in faults)
    # Of equal numbers, none can be replaced by another one.
    assert reused / len(right) == pytest.approx(recipe.reused, abs=0.04)
    assert (len(faults) - reused) / len(right) == pytest.approx(recipe.slipped, abs=0.04)
    for prompt, answer, good in zip(prompts, answers, right, strict=True):
        expression = read(answer)
        assert expression is not None
        so_far = recipe.right_so_far(prompt, answer)
        assert so_far is not None
        assert len(so_far) == len(answer) + 1
        assert so_far[-1] == good
        assert so_far == sorted(so_far, reverse=True)  # once wrong, wrong to the end
