"""The kinds of task that there are, and that knowing them costs nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.tasks import registry
from core.tasks.kinds.chain_sum import ChainSumSettings
from core.tasks.kinds.countdown import CountdownSettings
from core.tasks.kinds.imported import ImportedSettings
from core.tasks.kinds.program import ProgramSettings
from core.tasks.kinds.questions import Question, QuestionsSettings
from core.tasks.kinds.reply import ReplySettings
from core.tasks.reasoning_settings import ReasoningGymSettings, suggested

SETTINGS = [
    ChainSumSettings(terms=4, digits=2),
    CountdownSettings(numbers=4, largest=12, target=500),
    ReplySettings(taste="precise"),
    suggested("countdown"),
    ProgramSettings(visible=3),
    ProgramSettings(hidden=0),
    QuestionsSettings(
        questions=tuple(Question(question=f"What is {x}?", answer=str(x)) for x in range(20)), extraction="whole"
    ),
]


def test_every_kind_is_found_and_all_but_imported_runs_can_be_chosen():
    known = ["chain-sum", "program", "imported", "questions", "reasoning-gym"]
    assert [x for x in registry.TASK_KINDS if x in known] == known
    assert registry.choosable() == [x for x in registry.TASK_KINDS if x != "imported"]
    with pytest.raises(ConfigError, match="was imported from TRL: it can be looked at, but not trained"):
        registry.task_for(ImportedSettings(source="TRL"))


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda x: x.kind)
def test_what_a_kind_declares_is_what_its_task_does(settings):
    kind, task = registry.task_kind(settings), registry.task_for(settings)
    assert registry.longest_response(settings) == task.max_completion_length
    prompts = [*task.heldout, *task.prompts(0, 0, 50)]
    longest = kind.longest_prompt(settings)
    if longest is not None:
        assert max(len(x) for x in prompts) <= longest
    if kind.alphabet:
        assert set("".join(prompts)) <= set(kind.alphabet)
    if kind.words:
        assert {x for prompt in prompts for x in re.findall(r"[A-Za-z]+|[^A-Za-z ]", prompt)} <= set(kind.words)
    assert not (kind.alphabet and kind.words)
    assert tuple(task.verify(prompts[0], "x").parts) == kind.parts(settings)
    assert kind.title
    assert kind.summary.endswith(".")


def test_knowing_the_tasks_imports_nothing_heavy():
    heavy = ("torch", "transformers", "reasoning_gym", "math_verify", "sympy", "streamlit")
    code = f"import sys, core.given_config; print([x for x in {heavy} if x in sys.modules])"
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert answer.stdout.strip() == "[]"


def test_a_data_set_s_name_that_cannot_be_one_is_left_to_the_validation():
    for name in (7, "../../etc", None):
        task = registry.chosen("reasoning-gym", {"dataset": name}, "any")["task"]
        assert task == ReasoningGymSettings().model_dump()
