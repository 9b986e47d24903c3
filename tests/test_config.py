"""Settings: every unknown or impossible one is answered with a sentence that says what is allowed."""

import re

import pytest

from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change, parse_config
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.presets import PRESETS, preset
from core.tasks.kinds.chain_sum import ChainSumSettings
from core.tasks.reasoning_settings import suggested
from core.tasks.registry import unmet_turns


def test_a_bare_name_reaches_every_learner_that_has_it_and_a_dotted_one_only_one():
    both = change(RunConfig(), {"epsilon": 0.3})
    assert [x.epsilon for x in both.learners] == [0.3, 0.3]
    one = change(RunConfig(), {"grpo.epsilon": 0.3})
    assert [x.epsilon for x in one.learners] == [0.2, 0.3]
    assert change(RunConfig(), {"lam": 0.5}).learner("ppo").lam == 0.5  # type: ignore[union-attr]
    assert change(RunConfig(), {"task.terms": 2, "task.heldout": 20}).task.terms == 2


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ({"epsilom": 0.1}, "epsilom: there is no setting of this name; did you mean epsilon"),
        ({"ppo.lam": 2}, "ppo.lam: must be at most 1"),
        ({"steps": 0}, "steps: must be at least 1"),
        ({"scale_rewards": "x"}, "must be one of 'group', 'batch' or 'none', but is 'x'"),
        ({"num_generations": 1}, "must be at least 2 for GRPO"),
        ({"num_mini_batches": 7}, "does not divide the 128 responses"),
        ({"seed": "seven"}, "seed: .*integer.*'seven'"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"prompts_per_step": 512, "num_generations": 64}, "at most 8192 responses"),
        ({"grpo.lam": 0.9}, "grpo.lam: there is no setting of this name"),
        ({"task.kind": "code"}, "task.kind: must be one of 'chain-sum', .*'reasoning-gym'.*, but is 'code'"),
        ({"task.kind": "imported"}, "task.kind: must be one of"),
        ({"task.kind": None}, "task.kind: must be one of .*, but is None"),
        ({"task.kind": "questions"}, "task: there are no questions yet: set task.questions to a list of at least"),
        ({"task.kind": "reasoning-gym", "task.terms": 3}, "task.terms: there is no setting of this name"),
    ],
)
def test_what_cannot_be_is_answered_with_a_sentence(assignment, sentence):
    with pytest.raises(ConfigError, match=sentence):
        change(RunConfig(), assignment)


def test_a_kind_brings_its_task_in_whatever_order_settings_are_given():
    given = {"task.partial_credit": True, "task.dataset": "countdown", "task.kind": "reasoning-gym", "steps": 3}
    given["model"] = "SmolLM2-135M-Instruct"
    orders = [given, dict(reversed(given.items()))]
    assert change(RunConfig(), orders[0]) == change(RunConfig(), orders[1])
    task = change(RunConfig(), given).task
    # The other settings are those that go with the data set, not with the default one.
    assert task == suggested("countdown").model_copy(update={"partial_credit": True})
    assert change(preset("smollm2-sums"), {"task.kind": "chain-sum", "task.terms": 4}).task == ChainSumSettings(terms=4)


def test_questions_of_ones_own_can_be_written_on_the_command_line():
    questions = [{"question": f"What is {i} + 1?", "answer": str(i + 1)} for i in range(16)]
    given = {"task.questions": questions, "task.kind": "questions", "model": "SmolLM2-135M-Instruct"}
    task = change(RunConfig(), given).task
    assert (task.kind, task.questions[3].answer) == ("questions", "4")


def test_another_kind_sets_how_long_responses_are_and_leaves_a_model_that_is_not_the_task_s_own():
    sums = change(preset("smollm2-sums"), {"task.kind": "chain-sum"})
    assert (sums.max_completion_length, sums.model) == (None, "SmolLM2-135M-Instruct")
    assert (
        change(preset("smollm2-sums"), {"max_completion_length": 9, "task.kind": "chain-sum"}).max_completion_length
        == 9
    )


def test_an_unknown_kind_is_the_only_sentence_about_the_task():
    with pytest.raises(ConfigError) as caught:
        change(RunConfig(), {"task.words": 3, "task.kind": "code", "steps": 0})
    assert [x.partition(":")[0] for x in str(caught.value).splitlines()] == ["task.kind", "steps"]


def test_every_problem_gets_its_own_sentence():
    with pytest.raises(ConfigError) as caught:
        change(RunConfig(), {"ppo.lam": 2, "zeta": 1, "steps": -1})
    assert len(str(caught.value).splitlines()) == 3


def test_a_setting_that_no_learner_can_have_gets_one_sentence_per_learner_and_no_more():
    with pytest.raises(ConfigError) as caught:
        change(RunConfig(), {"epsilon": "much"})
    assert [x.partition(":")[0] for x in str(caught.value).splitlines()] == ["ppo.epsilon", "grpo.epsilon"]


def test_the_only_learners_problem_is_the_only_sentence():
    with pytest.raises(ConfigError, match=r"^ppo\.lam: must be at most 1\.0, but is 2$"):
        change(RunConfig(learners=(PPOSettings(),)), {"ppo.lam": 2})
    with pytest.raises(ConfigError, match="at least 1 item"):
        parse_config({"learners": []})


def test_two_learners_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="two learners are called the same"):
        parse_config({"learners": [{"algorithm": "grpo"}, {"algorithm": "grpo"}]})


def test_two_learners_of_one_algorithm_may_race_under_two_names():
    config = parse_config({"learners": [{"algorithm": "grpo"}, {"algorithm": "grpo", "name": "grpo-2", "beta": 0.1}]})
    assert [x.beta for x in config.learners] == [0.0, 0.1]


def test_a_config_survives_json_unchanged():
    config = change(RunConfig(), {"lam": 0.9, "epsilon_high": 0.28, "seed": 7})
    assert RunConfig.model_validate_json(config.model_dump_json()) == config


def test_the_high_side_of_the_clip_range_is_the_low_one_unless_set():
    assert GRPOSettings(epsilon=0.1).clip_high == 0.1
    assert GRPOSettings(epsilon=0.1, epsilon_high=0.3).clip_high == 0.3


def test_every_preset_says_its_own_name_and_one_adds_the_learner_that_measures():
    assert all(config.preset == name for name, config in PRESETS.items())
    race = preset("chain-sum-vine")
    assert [x.name for x in race.learners] == ["ppo", "grpo", "vine"]
    assert change(race, {"vine.continuations": 4, "preset": "chain-sum", "learning_rate": 4e-4}).learners[:2] == (
        RunConfig().learners
    )


def test_an_unknown_preset_or_learner_names_what_there_is():
    with pytest.raises(ConfigError, match=r"there are long-sums, .*chain-sum"):
        preset("nope")
    with pytest.raises(ConfigError, match="this run has ppo, grpo"):
        RunConfig().learner("kto")


DEEP: list = []
for _ in range(3000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"learners": [{"lam": 1}]}, r"learners\[0\].algorithm: field required \(given: \{'lam': 1\}\)"),
        ({"learners": [5]}, r"learners\[0\]: must be settings by name, but is 5"),
        ({"learners": [{"algorithm": "ppo"}, None]}, r"learners\[1\]: must be settings by name, but is None"),
        ({"learners": [{"algorithm": "kto"}]}, r"kto.algorithm: must be one of 'ppo', .*, but is 'kto'"),
        ({"learners": [{"algorithm": "ppo", "name": None}]}, r"ppo.name: input should be a valid string"),
        ({"learners": [{"algorithm": "ppo", "name": 5, "lam": 2}]}, r"ppo.lam: must be at most 1"),
        ({"learners": 5}, r"learners: .* \(given: 5\)"),
        ({"task": 5}, r"task: must be settings by name, but is 5"),
        ({"task": {"terms": 3}}, r"task.kind: field required"),
        ({"task": {"kind": "poems"}}, r"task.kind: must be one of .*, but is 'poems'"),
        ({"steps": 10**5000}, r"steps: .*10\^5000"),
        ({"steps": [10**5000]}, r"steps: .*<list>"),
        ({"steps": DEEP}, r"steps: .*<list>"),
        ({"steps": "9" * 5000}, r"steps: "),
        ({"model": ["x"] * 100_000}, r"model: "),
        ({"x" * 100_000: 1}, r"xxx: there is no setting of this name"),
        ({"task": {"kind": "chain-sum", "x" * 100_000: 1}}, r"task.xxx"),
    ],
)
def test_what_is_no_config_at_all_is_answered_with_a_short_sentence_that_says_where(values, sentence):
    with pytest.raises(ConfigError, match=sentence) as caught:
        parse_config(values)
    for line in str(caught.value).splitlines():
        assert len(line) < 400
        assert not line.startswith(("None", ":"))
        assert "None:" not in line
        assert "None.name" not in line


@pytest.mark.parametrize(
    ("name", "assignments", "sentence"),
    [
        ("program", {"task.visible": 6}, "6 visible and 6 hidden tests are more than the 10 numbers"),
        ("countdown", {"task.largest": 4}, "256 questions cannot be kept apart with these numbers; at most 69 are"),
        ("countdown", {"task.heldout": 2048}, "2048 questions cannot be kept apart with these numbers"),
    ],
)
def test_what_a_task_cannot_ask_is_refused_before_a_run_is_queued(
    name: str, assignments: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        change(preset(name), assignments)


def test_two_turns_begin_from_a_start_model_that_has_met_them() -> None:
    once = preset("program")
    twice = change(once, {"task.turns": 2})
    assert (twice.model, twice.turns) == ("program-4-turns", 2)
    assert change(twice, {"steps": 3}).model == "program-4-turns"
    assert change(twice, {"task.turns": 1}).model == "program-4"
    assert change(preset("chain-sum"), {"task.kind": "program", "task.turns": 2}).model == "program-4-turns"
    by_hand = change(once, {"task.turns": 2, "model": "program-4"})
    assert by_hand.model == "program-4"
    assert change(by_hand, {"steps": 3}).model == "program-4", "who chose it keeps it"
    elsewhere = change(once, {"model": "/somebody/elses"})
    assert change(elsewhere, {"task.turns": 2}).model == "/somebody/elses"
    assert unmet_turns(twice.task, twice.model) is None
    assert unmet_turns(elsewhere.task, elsewhere.model) is None
    warning = "The start model program-4 has never met responses of 2 turns; program-4-turns has."
    assert str(unmet_turns(by_hand.task, by_hand.model)) == warning
    back = change(twice, {"task.turns": 1, "model": "program-4-turns"})
    warning = "The start model program-4-turns has never met responses of one turn; program-4 has."
    assert str(unmet_turns(back.task, back.model)) == warning


@pytest.mark.parametrize("wrong", ["visible", "turns", "value_check"])
def test_what_is_meant_instead_is_a_setting_that_there_is(wrong: str) -> None:
    """A task's settings were named without their task, and one setting twice."""
    config = preset("program")
    with pytest.raises(ConfigError) as refused:
        change(config, {wrong: 1})
    meant = re.split(", | or ", str(refused.value).rpartition("did you mean ")[2].rstrip("?"))
    assert meant
    assert len(set(meant)) == len(meant)
    for name in meant:
        with pytest.raises(ConfigError) as impossible:
            change(config, {name: []})
        assert "no setting of this name" not in str(impossible.value), name
