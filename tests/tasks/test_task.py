"""The chain-sum task: its right answers, its verdicts, and that what is held out is never trained on."""

import pytest

from core.errors import ConfigError
from core.tasks.kinds.chain_sum import ChainSum, ChainSumSettings


def test_the_scratchpad_works_the_sum_out_from_left_to_right():
    assert ChainSum(ChainSumSettings()).solution("8+1+7=") == "8+1=9;9+7=16"


@pytest.mark.parametrize(("terms", "digits"), [(2, 2), (3, 1), (3, 2), (4, 1), (6, 3)])
def test_every_right_answer_fits_and_the_longest_one_exactly(terms, digits):
    task = ChainSum(ChainSumSettings(terms=terms, digits=digits, heldout=16))
    largest = "+".join(["9" * digits] * terms) + "="
    assert len(task.solution(largest)) + 1 == task.max_completion_length
    assert all(len(task.solution(p)) + 1 <= task.max_completion_length for p in task.prompts(1, 1, 200))


def test_a_right_answer_is_rewarded_and_a_wrong_step_is_not_if_it_ruins_the_sum():
    task = ChainSum(ChainSumSettings())
    assert task.verify("8+1+7=", "8+1=9;9+7=16").reward == 1.0
    assert task.verify("8+1+7=", "8+1=8;8+7=15").reward == 0.0


@pytest.mark.parametrize(
    "response",
    ["", "=", "16", "8+1=9;9+7=", "8+1=9;9+7=016", "8+1=9;9+7=160", "8+1=9;9+7=116", "8+1=9;9+7=16;", "=16+", "=+16"],
)
def test_trap_11_answers_that_are_empty_or_merely_contain_the_sum_are_wrong(response):
    assert not ChainSum(ChainSumSettings()).verify("8+1+7=", response).success


def test_an_empty_answer_reads_as_no_answer():
    task = ChainSum(ChainSumSettings())
    assert task.verify("8+1+7=", "8+1=").answer is None
    assert task.verify("8+1+7=", "8+1=9").answer == "9"


def test_trap_6_a_cut_off_response_is_wrong_even_where_its_text_is_right():
    assert not ChainSum(ChainSumSettings()).verify("8+1+7=", "8+1=9;9+7=16", finished=False).success


def test_prompts_follow_from_seed_and_step_only_and_never_touch_what_is_held_out():
    task, again = ChainSum(ChainSumSettings()), ChainSum(ChainSumSettings())
    assert task.prompts(3, 5, 16) == again.prompts(3, 5, 16)
    assert task.prompts(3, 5, 16) != task.prompts(3, 6, 16)
    assert task.prompts(3, 5, 16) != task.prompts(4, 5, 16)
    trained = {p for step in range(200) for p in task.prompts(0, step, 16)}
    assert len(trained) > 600
    assert not trained & set(task.heldout)
    assert len(set(task.heldout)) == 256


def test_large_tasks_have_a_held_out_set_too():
    task = ChainSum(ChainSumSettings(terms=4, digits=3))
    assert len(set(task.heldout)) == 256
    assert not set(task.prompts(0, 0, 500)) & set(task.heldout)


def test_more_held_out_questions_than_there_are_is_said_in_one_sentence():
    with pytest.raises(ConfigError, match="at most 50 are allowed"):
        ChainSum(ChainSumSettings(terms=2, digits=1, heldout=64))


def test_a_prompt_of_another_form_is_refused_with_what_is_allowed():
    with pytest.raises(ValueError, match="joined by \\+ and end with ="):
        ChainSum.terms("eight plus one")
