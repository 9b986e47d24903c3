"""A run's data, chosen and spoiled: what is asked and paid, against what the settings say."""

from __future__ import annotations

import statistics
from collections import Counter

import pytest

from core import curation
from core.config import RunConfig
from core.curation import CANDIDATES, Curated, asks_start_model, is_curated, task_of
from core.errors import ConfigError
from core.given_config import change
from core.learners.registry import learner
from core.presets import preset
from core.rewards.unit_tests import UnitTest
from core.tasks.kinds.questions import Question, QuestionsSettings
from core.tasks.registry import TASK_KINDS, task_for
from core.training.trainer import Trainer


def curated(**values: object) -> Curated:
    task = task_of(change(RunConfig(), values))
    assert isinstance(task, Curated)
    return task


def test_a_run_that_chooses_nothing_has_the_task_itself():
    config = RunConfig()
    assert not is_curated(config)
    assert type(task_of(config)) is type(task_for(config.task))


@pytest.mark.parametrize(
    "values",
    [{"distinct_questions": 5}, {"repeated_questions": 0.5}, {"leaked_questions": 0.5}, {"wrong_truths": 0.2}],
)
def test_prompts_follow_from_seed_and_step_and_fewer_are_the_first_of_them(values):
    one, other = curated(**values), curated(**values)
    assert one.prompts(3, 7, 40) == other.prompts(3, 7, 40)
    assert one.prompts(3, 7, 12) == one.prompts(3, 7, 40)[:12]
    assert one.prompts(3, 7, 40) != one.prompts(3, 8, 40)
    assert one.prompts(3, 7, 40) != one.prompts(4, 7, 40)


def test_so_many_different_questions_are_taken_in_turn():
    task = curated(distinct_questions=5)
    asked = [x for step in range(30) for x in task.prompts(0, step, 10)]
    counts = Counter(asked)
    assert len(counts) == 5
    assert set(counts.values()) == {60}  # twice a step
    assert not set(asked) & set(task.heldout)
    assert set(curated(distinct_questions=5).prompts(1, 0, 10)) != set(asked)  # another seed has others


def test_more_different_questions_than_there_are_are_refused_before_a_run_is_queued():
    """A thousand sums of three digits, of which 256 are held out."""
    with pytest.raises(ConfigError, match="distinct_questions must be at most 744, but is 745"):
        change(RunConfig(), {"distinct_questions": 745})
    task = curated(distinct_questions=744)
    assert len(set(task.prompts(0, 0, 744))) == 744
    with pytest.raises(ConfigError, match="900 different training questions are wanted, but only 744"):
        Curated(task.task, RunConfig(distinct_questions=900)).prompts(0, 0, 1)  # stored, or of a task that cannot tell


@pytest.mark.parametrize(
    "values",
    [
        {"task.kind": "countdown", "task.largest": 6, "task.heldout": 64},
        {"task.kind": "reply", "task.heldout": 512},
        {"task.kind": "program", "task.visible": 2, "task.hidden": 2, "task.heldout": 16},
        {
            "task.kind": "questions",
            "task.questions": [{"question": f"{i}+1=", "answer": str(i + 1)} for i in range(40)],
        },
    ],
    ids=lambda x: str(x["task.kind"]),
)
def test_a_task_that_tells_how_many_questions_it_has_gives_so_many(values):
    config = change(RunConfig(), values)
    count = TASK_KINDS[config.task.kind].training_questions(config.task, 1 << 20)
    assert count is not None
    drawn = set(task_for(config.task).prompts(0, 0, 40_000))
    # No more, and nearly all of them in so many draws.
    assert 0.97 * count <= len(drawn) <= count
    wanted = min(count, 500)
    assert len(set(curated(**values, distinct_questions=wanted).prompts(0, 0, wanted))) == wanted
    if count < 4096:
        with pytest.raises(ConfigError, match=f"distinct_questions must be at most {count}, but is {count + 1}"):
            change(config, {"distinct_questions": count + 1})


def test_the_share_of_repeated_questions_repeats_one_of_the_step():
    task, plain = curated(repeated_questions=0.5), task_for(RunConfig().task)
    repeated = []
    for step in range(200):
        asked = task.prompts(0, step, 16)
        repeated.append(16 - len(set(asked)))
        assert set(asked) <= set(plain.prompts(0, step, 16))
    # Each but the first is repeated by chance of one half; some of the task's own questions are equal, too.
    assert statistics.fmean(repeated) / 15 == pytest.approx(0.5, abs=0.03)


def test_the_share_of_leaked_questions_is_held_out():
    task = curated(leaked_questions=0.3)
    asked = [x for step in range(200) for x in task.prompts(0, step, 16)]
    apart = set(task.heldout)
    assert statistics.fmean(x in apart for x in asked) == pytest.approx(0.3, abs=0.02)


def test_of_a_wrong_truth_another_answer_is_paid_and_success_stays_the_truth():
    task = curated(wrong_truths=0.4)
    asked = {x for step in range(60) for x in task.prompts(0, step, 16)}
    wrong = {x: task.wrong_truth(x) for x in asked if task.wrong_truth(x) is not None}
    assert len(wrong) / len(asked) == pytest.approx(0.4, abs=0.06)
    for prompt, answer in wrong.items():
        assert answer != task.truth(prompt)
        right = task.verify(prompt, f"={task.truth(prompt)}")
        assert (right.reward, right.success) == (0.0, True)
        paid = task.verify(prompt, f"={answer}")
        assert (paid.reward, paid.success) == (1.0, False)
        assert task.verify(prompt, f"={answer}", finished=False).reward == 0.0
    for prompt in asked - wrong.keys():
        assert task.verify(prompt, f"={task.truth(prompt)}").reward == 1.0
    assert all(task.wrong_truth(x) is None for x in task.heldout)


def test_what_is_wrong_at_a_small_share_is_wrong_at_a_large_one():
    few, many = curated(wrong_truths=0.1), curated(wrong_truths=0.4)
    wrong = [x for x in few.prompts(0, 0, 256) if few.wrong_truth(x) is not None]
    assert wrong
    assert all(many.wrong_truth(x) == few.wrong_truth(x) for x in wrong)


def test_questions_are_chosen_by_the_start_models_success():
    task = curated(success_from=0.25, success_to=0.5, distinct_questions=3)
    with pytest.raises(ValueError, match="not been asked"):
        task.prompts(0, 0, 1)
    given = {}

    def measure(questions):
        given.update({x: i % 5 / 4 for i, x in enumerate(questions)})
        return list(given.values())

    task.measured(measure)
    assert len(given) <= CANDIDATES
    asked = set(task.prompts(0, 0, 30))
    assert len(asked) == 3
    assert all(given[x] in (0.25, 0.5) for x in asked)


def test_a_data_set_of_another_seed_is_of_the_questions_that_were_chosen():
    """A run has one choice: a seed of its own orders a data set's questions, and chooses no others."""
    about = {"success_to": 0.5, "distinct_questions": 8, "steps": 1, "eval_every": 0}
    config = RunConfig(learners=(learner("sft", data_seed=5, data_responses=64, data_best="best-of-group"),), **about)
    trainer = Trainer(config, "sft")
    assert trainer.data is not None
    assert {x.prompt for x in trainer.data.responses} == set(trainer.task.prompts(config.seed, 0, 8))


def test_what_is_remembered_of_wrong_truths_is_bounded(monkeypatch):
    monkeypatch.setattr(curation, "_REMEMBERED", 10)
    task, free = curated(wrong_truths=0.5), curated(wrong_truths=0.5)
    asked = task.prompts(0, 0, 200)
    first = [task.wrong_truth(x) for x in asked]
    assert len(task._known) <= 10
    assert [task.wrong_truth(x) for x in asked] == first == [free.wrong_truth(x) for x in reversed(asked)][::-1]


def test_a_curated_file_of_questions_is_read_whole_before_the_first_step():
    """Where the task can name all its prompts, the longest is known: also of those that are asked late."""
    questions = tuple(Question(question=f"{i}+1=", answer=str(i + 1)) for i in range(100))
    task = QuestionsSettings(questions=questions)
    config = RunConfig(task=task, distinct_questions=3, model="chain-sum-3x1")
    assert task_of(config).every_prompt == task_for(task).every_prompt


def test_where_no_question_is_as_wanted_the_sentence_says_what_there_is():
    task = curated(success_from=0.9)
    with pytest.raises(ConfigError, match=r"between 0\.9 and 1\.0 of the time; it answers them right 0\.1 to 0\.2"):
        task.measured(lambda questions: [0.1 + 0.1 * (i == 0) for i in range(len(questions))])


def test_a_lower_bound_above_the_upper_one_is_refused():
    with pytest.raises(ConfigError, match=r"success_from is 0\.6 and success_to 0\.5"):
        change(RunConfig(), {"success_from": 0.6, "success_to": 0.5})


def programs(**values: object) -> Curated:
    task = task_of(change(preset("program"), values))
    assert isinstance(task, Curated)
    return task


def paying(task: Curated, prompt: str) -> list[UnitTest]:
    tests = task.paid_tests(prompt)
    assert tests is not None
    return tests


def test_of_few_unit_tests_those_of_the_visible_ones_decide_alone():
    task = programs(tests_per_question=2)
    own = task_for(preset("program").task)
    for prompt in task.prompts(0, 0, 24):
        tests = paying(task, prompt)
        assert tests == paying(programs(tests_per_question=2), prompt)
        assert len(tests) == 2
        assert set(tests) < {x for x in own.tests(prompt) if not x.hidden}
        assert set(paying(programs(tests_per_question=1), prompt)) < set(tests)
        table = "{" + ",".join(f"{x.arguments[0]}:{x.expected}" for x in tests) + "}[x]"
        paid = task.verify(prompt, table)
        assert (paid.reward, paid.success) == (1.0, False)
        assert paid.parts == own.verify(prompt, table).parts  # shares of the right tests, all of them
        assert task.verify(prompt, table, finished=False).reward == 0.0
        right = task.verify(prompt, task.truth(prompt))
        assert (right.reward, right.success) == (1.0, True)
    for prompt in task.heldout[:8]:
        assert task.paid_tests(prompt) is None
        assert task.verify(prompt, task.truth(prompt)).reward == 1.0


def test_a_wrong_unit_test_pays_its_value_and_the_truth_is_told_by_right_ones():
    task, few = programs(tests_per_question=1, wrong_tests=0.4), programs(tests_per_question=1, wrong_tests=0.1)
    own = task_for(preset("program").task)
    wrong, prompts = [], sorted({x for step in range(8) for x in task.prompts(0, step, 64)})
    for prompt in prompts:
        [test], right = paying(task, prompt), {x.arguments: x.expected for x in own.tests(prompt)}
        assert 0 <= abs(test.expected - right[test.arguments]) <= 3
        if test.expected == right[test.arguments]:
            assert paying(few, prompt) == [test]  # what is right at a large share is so at a small one
            continue
        wrong.append(prompt)
        if len(wrong) < 16:
            unpaid, paid = task.verify(prompt, task.truth(prompt)), task.verify(prompt, str(test.expected))
            assert (unpaid.reward, unpaid.success) == (0.0, True)
            assert (paid.reward, paid.success) == (1.0, False)
    assert len(wrong) / len(prompts) == pytest.approx(0.4, abs=0.08)


def test_of_wrong_unit_tests_all_count_that_the_task_has():
    """Ten tests, one in ten wrong: a right program is paid where none of them is, so of about 0.9¹⁰ of the prompts."""
    task = programs(wrong_tests=0.1)
    prompts = task.prompts(1, 0, 256)
    assert all(len(paying(task, x)) == 10 for x in prompts[:8])
    paid = [task.verify(x, task.truth(x)).reward for x in prompts]
    assert statistics.fmean(paid) == pytest.approx(0.9**10, abs=0.08)
    shares = programs(**{"wrong_tests": 0.1, "task.partial_credit": True})
    share = statistics.fmean(shares.verify(x, shares.truth(x)).reward for x in prompts)
    assert share == pytest.approx(0.9, abs=0.03)


def test_wrong_tests_are_a_share_of_those_that_the_reward_counts():
    """Paid by the visible ones, a right program is paid where none of four is wrong."""
    task = programs(**{"wrong_tests": 0.1, "task.scored": "visible"})
    paid = [task.verify(x, task.truth(x)).reward for x in task.prompts(1, 0, 256)]
    assert statistics.fmean(paid) == pytest.approx(0.9**4, abs=0.08)


def test_every_visible_test_is_what_the_task_itself_counts_as_visible():
    task, visible = programs(tests_per_question=4), task_for(change(preset("program"), {"task.scored": "visible"}).task)
    for prompt in task.prompts(0, 0, 16):
        for response in (task.truth(prompt), "{" + prompt[:-1] + "}[x]", "x", ""):
            assert task.verify(prompt, response) == visible.verify(prompt, response)


@pytest.mark.parametrize("values", [{"tests_per_question": 1}, {"wrong_tests": 0.1}])
def test_a_task_without_unit_tests_is_refused_few_or_wrong_ones(values):
    [name] = values
    with pytest.raises(ConfigError, match=f"{name}: no unit tests decide a question of chain-sum; of these they do:"):
        change(RunConfig(), values)


def test_more_unit_tests_than_a_question_shows_are_refused():
    with pytest.raises(ConfigError, match="tests_per_question must be at most 4, but is 5"):
        change(preset("program"), {"tests_per_question": 5})


def test_a_trainer_pays_by_the_wrong_tests():
    config = change(preset("program"), {"wrong_tests": 1.0, "steps": 1, "eval_every": 0})
    scalars = next(Trainer(config, "grpo").steps()).scalars
    assert scalars["success_rate"] > 0.2
    assert scalars["reward"] == 0.0


def test_where_nothing_can_be_put_down_wrong_it_is_refused():
    with pytest.raises(ConfigError, match="wrong_truths: a question of countdown has no one right answer"):
        change(RunConfig(), {"task.kind": "countdown", "wrong_truths": 0.1})


def test_a_trainer_asks_the_start_model_and_every_learner_is_asked_the_same():
    about = {"success_to": 0.3, "steps": 1, "prompts_per_step": 16, "num_generations": 4, "eval_every": 0}
    config = change(RunConfig(), about)
    assert asks_start_model(config)
    hard, other = [next(Trainer(config, x.name).steps()) for x in config.learners]
    assert hard.prompt_hash == other.prompt_hash
    whole = next(Trainer(change(config, {"success_to": 1.0}), "grpo").steps())
    assert hard.scalars["success_rate"] < whole.scalars["success_rate"] - 0.1


def test_a_trainer_pays_by_the_wrong_truth():
    config = change(RunConfig(), {"wrong_truths": 1.0, "steps": 1, "eval_every": 0})
    scalars = next(Trainer(config, "grpo").steps()).scalars
    assert scalars["success_rate"] > 0.3
    assert scalars["reward"] < 0.2
