"""The trainer from end to end on a chat model and a task in words, as with a real instruct model; and freed memory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch

from core.training import evaluation
from core.training.trainer import Trainer
from tests.tiny import chat_config, saved

LEARNERS = [
    # The bonus moves a policy that is never right, so that there is something to continue; one more than the other.
    {"algorithm": "ppo", "learning_rate": 3e-3, "entropy_coef": 0.05},
    {"algorithm": "grpo", "learning_rate": 1e-3, "entropy_coef": 0.05},
]
NAMES = ("ppo", "grpo")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("model"))


def trainer(model: str, learner: str, **settings: Any) -> Trainer:
    small: dict[str, Any] = {"learners": LEARNERS, "system_prompt": "", "compare_samples": 3, "eval_every": 1}
    return Trainer(chat_config(model, **small | settings), learner)


def test_both_learners_are_asked_the_same_and_answer_alike_at_first(model: str) -> None:
    first, second = ([*trainer(model, name).steps()] for name in NAMES)
    own = ["learner", "score", "value_after"]  # what each learner makes of the responses
    assert first[0].samples.drop_columns(own).equals(second[0].samples.drop_columns(own))
    assert first[0].prompt_hash == second[0].prompt_hash
    assert first[1].prompt_hash == second[1].prompt_hash
    assert first[1].samples["response"].to_pylist() != second[1].samples["response"].to_pylist()
    for row in first[0].samples.to_pylist():
        numbers = re.findall(r"[+-]?\d+", row["prompt"].replace(" ", ""))
        assert row["answer"] == str(sum(int(x) for x in numbers))


@pytest.mark.parametrize("settings", [{}, {"micro_batch_size": 3}], ids=str)
@pytest.mark.parametrize("learner", NAMES)
def test_a_saved_run_continues_to_the_last_bit(model: str, tmp_path: Path, learner: str, settings) -> None:
    straight = list(trainer(model, learner, steps=4, **settings).steps())
    begun = trainer(model, learner, steps=2, **settings)
    list(begun.steps())
    begun.save(tmp_path / "checkpoint")
    resumed = Trainer.load(tmp_path / "checkpoint")
    resumed.change({"steps": 4})
    for a, b in zip(straight[2:], resumed.steps(), strict=True):
        assert a.tokens.equals(b.tokens)
        assert a.samples.equals(b.samples)
        same = {name: x for name, x in a.scalars.items() if "time" not in name and name != "tokens_per_second"}
        assert same == {name: b.scalars[name] for name in same}
    assert not pa.compute.all(pa.compute.equal(straight[3].tokens["ratio"], 1)).as_py()


def test_what_is_compared_before_and_after_is_every_heldout_question_answered(model: str) -> None:
    learning = trainer(model, "grpo")
    value, again = learning.compared("before"), learning.compared("before")
    assert value == again
    assert (value["when"], value["samples"]) == ("before", 3)
    assert value["questions"] == learning.task.heldout
    assert len(value["questions"]) == len(value["greedy"]) == len(value["sampled"]) == 8
    for question, truth, greedy, sampled in zip(
        *(value[x] for x in ("questions", "truths", "greedy", "sampled")), strict=True
    ):
        assert truth == learning.task.truth(question)
        assert len(sampled) == 3
        for text, answer, success, length, finished in (greedy, *sampled):
            verdict = learning.task.verify(question, text, finished=finished)
            assert (answer, success) == (verdict.answer, verdict.success)
            assert 1 <= length <= 6
            assert finished or length == 6
    assert len({row[0] for rows in value["sampled"] for row in rows}) > 8
    list(learning.steps())
    after = learning.compared("after")
    assert after["questions"] == value["questions"]
    assert after["greedy"] != value["greedy"]


def test_answers_are_reported_token_by_token_while_they_are_written(model: str) -> None:
    learning, reports = trainer(model, "grpo"), []
    value = learning.compared("before", lambda *report: reports.append(report))
    assert value == learning.compared("before")
    shares = [x[0] for x in reports]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    first = value["greedy"][0][0]
    asked = [answer for _share, question, answer in reports if question == learning.task.heldout[0]]
    growing = asked[: asked.index(first) + 1]
    assert len(growing) > 1
    assert all(first.startswith(x) for x in growing)
    assert value["sampled"][0][0][0] == asked[-1]


def test_greedy_answers_are_the_most_probable_tokens_of_the_models_own_pass(model: str) -> None:
    learning = trainer(model, "grpo")
    policy, codec = learning.policy, learning.codec
    for question, (text, *_, length, _finished) in zip(
        learning.task.heldout[:3], learning.compared("before")["greedy"], strict=False
    ):
        ids = codec.ids(question)
        for _ in range(length):
            with torch.no_grad():
                ids.append(int(policy(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
        assert codec.texts(torch.tensor([ids[-length:]])) == [text]


def test_answers_do_not_depend_on_how_many_are_written_at_once(model: str, monkeypatch) -> None:
    """Greedy ones; sampled ones draw their numbers chunk by chunk."""
    learning = trainer(model, "ppo")
    together = learning.compared("before")["greedy"]
    monkeypatch.setattr(evaluation, "_TOKENS", 1)
    assert learning.compared("before")["greedy"] == together


PIECES = """
import ctypes, resource, sys
from pathlib import Path
from core.training.allocator import give_back, keep_freed
if sys.argv[1] == "keep":
    keep_freed()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

def work(size, count, times):
    for _ in range(times):
        pieces = [libc.malloc(size) for _ in range(count)]
        for piece in pieces:
            ctypes.memset(piece, 1, size)
        for piece in reversed(pieces):
            libc.free(piece)

def pages():
    return int(Path("/proc/self/statm").read_text().split()[1])

work(1_200_000, 8, 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work(1_200_000, 8, 20)
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
work(1_000_000, 100, 1)
held = pages()
give_back()
print(faults, held - pages())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator alone is told anything")
def test_freed_memory_in_small_pieces_is_used_again_until_it_is_given_back() -> None:
    """In processes of their own: it cannot be taken back."""

    def run(how: str) -> tuple[int, int]:
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run([sys.executable, "-c", PIECES, how], env=environment, capture_output=True, check=True)
        faults, returned = done.stdout.split()
        return int(faults), int(returned)

    pages = 20 * 8 * 1_200_000 // 4096
    (kept, returned), (plain, _) = run("keep"), run("not")
    assert kept < pages / 100
    assert plain > pages / 2
    assert returned > 90_000_000 // 4096
