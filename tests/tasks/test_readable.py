"""Every task with every start model that is shipped: what none can read is refused beforehand, and only that."""

from __future__ import annotations

import functools
import re
from typing import Any

import pytest

from core.config import RunConfig
from core.errors import ConfigError, RequestError
from core.given_config import change, parse_config
from core.models import bundled
from core.models.codec import Codec
from core.models.smollm2 import NAME
from core.presets import preset
from core.tasks.catalog import build, names
from core.tasks.kinds.questions import Question, QuestionsSettings
from core.tasks.readable import READS_TEXT, unreadable
from core.tasks.reasoning_settings import ReasoningGymSettings, suggested
from core.tasks.registry import TASK_KINDS, choosable, task_for


def of_texts(*texts: str, instruction: str = "") -> QuestionsSettings:
    """Sixteen questions, these among them."""
    more = [f"{x}+{x}=" for x in range(1, 17 - len(texts))]
    questions = tuple(Question(question=x, answer="2") for x in (*more, *texts))
    return QuestionsSettings(questions=questions, instruction=instruction)


TASKS: dict[str, Any] = {
    **{x: TASK_KINDS[x].settings() for x in choosable() if x not in ("questions", "reasoning-gym")},
    "two turns": TASK_KINDS["program"].settings(turns=2),
    "chain_sum": ReasoningGymSettings(),
    "spell_backward": suggested("spell_backward"),
    "sums of one's own": of_texts(),
    "one more question, in words": of_texts("What is 1 + 1?"),
    "with an instruction": of_texts(instruction="Write only the number."),
    "of the words of replies": QuestionsSettings(
        questions=tuple(Question(question=f"Can you help me?{' Hello.' * x}", answer="Hello.") for x in range(16)),
        extraction="whole",
    ),
}


@functools.cache
def codec_of(model: str) -> Codec:
    from transformers import AutoTokenizer

    return Codec(AutoTokenizer.from_pretrained(bundled.BUNDLED / model, local_files_only=True))


@functools.cache
def asked(task: str) -> list[str]:
    made: Any = task_for(TASKS[task])
    return [*made.heldout, *made.prompts(3, 1, 200)]


def worker_refuses(task: str, model: str) -> bool:
    """Whether the first step of a run would end at a question, as a worker finds out."""
    try:
        for prompt in asked(task):
            codec_of(model).ids(prompt)
    except RequestError:
        return True
    return False


@pytest.mark.parametrize("model", bundled.names())
@pytest.mark.parametrize("task", TASKS)
def test_a_run_is_refused_beforehand_just_where_its_worker_could_not_read_the_questions(task: str, model: str) -> None:
    values = {**RunConfig().model_dump(), "task": TASKS[task].model_dump(), "model": model}
    if not worker_refuses(task, model):
        assert parse_config(values).model == model
        return
    with pytest.raises(ConfigError) as caught:
        parse_config(values)
    (line,) = str(caught.value).splitlines()
    assert re.match(f"model: {re.escape(model)} was made for the task .* and cannot read the questions of", line)
    better = re.search(r"set model=(\S+)", line)
    assert better is not None
    other = better[1].rstrip(",")
    assert parse_config({**values, "model": other}).model == other, "what it says to set is taken"


def test_both_happen() -> None:
    """Neither side of the test above is empty."""
    refused = [(task, model) for task in TASKS for model in bundled.names() if worker_refuses(task, model)]
    assert 0 < len(refused) < len(TASKS) * len(bundled.names())
    assert ("chain_sum", "chain-sum-3x1") in refused
    assert ("sums of one's own", "chain-sum-3x1") not in refused
    assert ("of the words of replies", "reply") not in refused


@pytest.mark.parametrize("name", names())
def test_no_data_set_asks_what_a_model_of_another_task_could_read(name: str) -> None:
    """So that reasoning-gym need not be loaded to refuse one, whichever of its data sets is asked."""
    question = build(name, {}, 0, 2)[0]["question"]
    for kind in TASK_KINDS.values():
        if kind.alphabet:
            assert not set(question) <= set(kind.alphabet)
        if kind.words:
            assert not set(re.findall(r"[.,?!]|[^\s.,?!]+", question)) <= set(kind.words)


def test_the_command_line_says_what_to_set_where_the_start_model_stays() -> None:
    with pytest.raises(ConfigError, match=rf"chain-sum-3x1 was made .*set model={READS_TEXT}, which can"):
        change(RunConfig(), {"task.kind": "reasoning-gym"})
    assert change(RunConfig(), {"task.kind": "reasoning-gym", "model": READS_TEXT}).model == READS_TEXT
    assert READS_TEXT == NAME == preset("smollm2-sums").model
    with pytest.raises(ConfigError, match=r"is none of what it knows.*set model=reply"):
        change(preset("reply"), {"model": "program-4"})
    strange = r"space in .* is none of what it knows\); set model=countdown-3x12 or countdown-3"
    with pytest.raises(ConfigError, match=strange):
        change(preset("countdown"), {"model": "chain-sum-3x1"})


def test_of_a_model_from_elsewhere_nothing_is_known() -> None:
    assert unreadable(ReasoningGymSettings(), "/somebody/elses") is None
    assert change(RunConfig(), {"model": "organisation/model"}).model == "organisation/model"


def test_questions_of_ones_own_that_are_not_there_are_asked_for() -> None:
    with pytest.raises(ConfigError) as caught:
        change(RunConfig(), {"task.kind": "questions"})
    assert str(caught.value).startswith("task: there are no questions yet: set task.questions to a list of at least ")
    assert "of at least 16" in str(caught.value)
    with pytest.raises(ConfigError, match=r"task.questions: "):
        change(RunConfig(), {"task.kind": "questions", "task.questions": []})
