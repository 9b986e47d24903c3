"""How the models of a step are found again, with everything around it made up; scores against the models themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.config import RunConfig
from core.errors import ConfigError, RequestError
from core.insight import replay
from core.insight.replay import models_at, score_ids, score_texts
from core.models.start import load
from core.models.value import ValueModel

TEMPERATURE = 0.7
CONFIG = RunConfig(prompts_per_step=3, num_generations=4, seed=6, steps=9, device="cpu", trace="all")


def moved(model: Any, seed: int) -> Any:
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for x in model.parameters():
            x += 0.02 * torch.randn(x.shape, generator=draw)
    return model


@pytest.fixture(scope="module")
def learner() -> Any:
    """What of a trainer is needed to score; its three models all differ."""
    torch.set_num_threads(1)
    start = load(CONFIG.model)
    reference = moved(load(CONFIG.model).model, 1)

    @contextlib.contextmanager
    def as_reference() -> Iterator[nn.Module]:
        yield reference

    return SimpleNamespace(
        policy=moved(load(CONFIG.model).model, 0),
        value_model=moved(ValueModel(start.model), 2),
        models=SimpleNamespace(as_reference=as_reference),
        reference=reference,
        codec=start.codec,
        config=SimpleNamespace(temperature=TEMPERATURE),
        device=torch.device("cpu"),
        dtype="float32",
        max_length=6,
    )


def changed(learner: Any, **values: Any) -> Any:
    return SimpleNamespace(**{**vars(learner), **values})


def alone(learner: Any, prompt: str, answer: list[int]) -> tuple[list[float], list[float], list[float]]:
    """(log-probabilities, the reference's, values) of one response by itself, from the models' own forward passes."""
    before = learner.codec.ids(prompt)
    ids, span = torch.tensor([before + answer]), slice(len(before) - 1, len(before) + len(answer) - 1)
    result = []
    with torch.no_grad():
        for model in (learner.policy, learner.reference):
            distribution = (model(input_ids=ids).logits[0, span] / TEMPERATURE).log_softmax(-1)
            result.append([float(row[token]) for row, token in zip(distribution, answer, strict=True)])
        critic = learner.value_model
        states = critic.backbone(input_ids=ids).last_hidden_state[0, span]
        result.append(critic.head(states)[:, 0].tolist())
    return result[0], result[1], result[2]


@pytest.mark.parametrize("prompts", [["1+2+3=", "4+5="], ["1+2=", "4+5="]], ids=["padded", "of one length"])
def test_scores_are_those_of_each_response_alone(learner, prompts) -> None:
    answers = [learner.codec.response_ids(x) for x in ("3", "1+2=3")]
    ids, mask = torch.full((2, 6), learner.codec.pad_id), torch.zeros(2, 6, dtype=torch.bool)
    for i, answer in enumerate(answers):
        ids[i, : len(answer)] = torch.tensor(answer)
        mask[i, : len(answer)] = True
    scores = score_ids(learner, prompts, ids, mask)
    assert scores.completion_ids is ids
    assert scores.mask is mask
    assert not scores.logprobs.requires_grad
    for i, answer in enumerate(answers):
        expected = alone(learner, prompts[i], answer)
        for result, numbers in zip((scores.logprobs, scores.logprobs_ref, scores.values), expected, strict=True):
            assert result[i, : len(answer)].tolist() == pytest.approx(numbers, abs=1e-4)


def test_what_a_learner_does_not_have_is_none(learner) -> None:
    @contextlib.contextmanager
    def none() -> Iterator[None]:
        yield None

    bare = changed(learner, value_model=None, models=SimpleNamespace(as_reference=none))
    scores, full = score_texts(bare, "1+2=", ["3"]), score_texts(learner, "1+2=", ["3"])
    assert (scores.logprobs_ref, scores.values) == (None, None)
    assert torch.equal(scores.logprobs, full.logprobs)


def test_scores_are_of_the_runs_own_precision(learner, monkeypatch) -> None:
    entered: list[Any] = []
    monkeypatch.setattr(replay.precision, "matmuls", lambda *given: entered.append(given) or contextlib.nullcontext())
    score_texts(changed(learner, dtype="bfloat16"), "1+2=", ["3"])
    assert entered == [("bfloat16", torch.device("cpu"))]


def test_texts_are_ended_padded_and_scored_as_tokens(learner) -> None:
    scores = score_texts(learner, "1+2=", ["3", "12=3"])
    short, long = (learner.codec.response_ids(x) for x in ("3", "12=3"))
    pad = [learner.codec.pad_id] * 3
    assert scores.completion_ids.tolist() == [short + pad, long]
    assert scores.mask.tolist() == [[True] * 2 + [False] * 3, [True] * 5]
    for i, answer in enumerate((short, long)):
        numbers, _, _ = alone(learner, "1+2=", answer)
        assert scores.logprobs[i, : len(answer)].tolist() == pytest.approx(numbers, abs=1e-4)


def test_a_text_that_cannot_be_written_is_refused(learner) -> None:
    assert score_texts(learner, "1+2=", ["12345"]).mask.sum() == 6  # five and the end
    with pytest.raises(RequestError, match=r"^a response may have at most 5 characters, but this has 6$"):
        score_texts(learner, "1+2=", ["123456"])
    with pytest.raises(RequestError, match=r"^a response needs at least one character$"):
        score_texts(learner, "1+2=", ["3", ""])
    with pytest.raises(RequestError) as refused:
        score_texts(learner, "1+2=", ["1x*"])
    characters = sorted(x for x in learner.codec.tokenizer.get_vocab() if len(x) == 1)
    assert str(refused.value) == f"'x' is no character of this model; it knows {' '.join(characters)}"


# -- the drift ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("logprob", "value", "critic", "drift"),
    [
        (0.0, 0.0, True, 0.0),
        (-0.25, 0.0, True, 0.25),
        (0.25, -0.5, True, 0.5),
        (0.25, 0.125, True, 0.25),
        (0.25, 0.5, False, 0.25),  # no critic to compare with
        (0.25, float("nan"), True, 0.25),  # no value in the trace
    ],
)
def test_the_drift_is_the_largest_difference_from_the_trace(learner, logprob, value, critic, drift) -> None:
    scores = score_texts(learner, "1+2=", ["3", "12=3"])
    mask = scores.mask.clone()
    columns: dict[str, Tensor] = {"logprob_old": scores.logprobs.clone(), "value": scores.values.clone()}
    for name, off in (("logprob_old", logprob), ("value", value)):
        columns[name][1, 2] += off
        columns[name][0, 3] += 9  # after the response's end: meaningless
    panel = SimpleNamespace(
        prompts=["1+2="] * 2, completion_ids=scores.completion_ids, mask=mask, column=lambda name: columns[name]
    )
    whose = learner if critic else changed(learner, value_model=None)
    result = replay._drift(whose, panel)  # type: ignore[arg-type]
    assert isinstance(result, float)
    assert result == pytest.approx(drift, abs=1e-5)


# -- changes, checkpoints and training again ---------------------------------------------------------------------------


class Learner:
    """In place of a trainer: counts its steps and notes what it is changed to."""

    def __init__(self, config: RunConfig, learner: str, step: int = 0) -> None:
        self.config, self.learner, self.step, self.task = config, learner, step, "its task"
        self.changes: list[tuple[int, Any]] = []

    def steps(self) -> Iterator[int]:
        while True:
            self.step += 1
            yield self.step

    def change(self, value: Any) -> None:
        if isinstance(value, Exception):
            raise value
        self.changes.append((self.step, value))


def event(step: int, value: Any, kind: str = "change", learner: str | None = "ppo") -> dict[str, Any]:
    return {"kind": kind, "learner": learner, "step": step, "value": value}


def test_changes_are_applied_at_their_step_and_refused_ones_passed_over() -> None:
    whose = Learner(CONFIG, "ppo", step=2)
    refused = [event(2, x) for x in (ConfigError("no"), TypeError(), AttributeError())]
    replay._apply(whose, [event(1, "early"), *refused, event(2, "now"), event(3, "late"), event(2, "too")])  # type: ignore[arg-type]
    assert whose.changes == [(2, "now"), (2, "too")]
    with pytest.raises(ZeroDivisionError):
        replay._apply(whose, [event(2, ZeroDivisionError())])  # type: ignore[arg-type]


DAMAGES = [OSError(), ConfigError("of another version"), RuntimeError(), KeyError()]


@pytest.fixture(params=DAMAGES, ids=lambda x: type(x).__name__)
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of checkpoints of steps 3, 4, 5 and 7, of which that of 5 is damaged."""
    folder = tmp_path / "checkpoints" / "a-run" / "ppo"
    folder.mkdir(parents=True)
    for step in (3, 4, 5, 7):
        (folder / f"{step:06d}.pt").touch()

    class Kept(Learner):
        @classmethod
        def load(cls, path: Path) -> Learner:
            if int(path.stem) == 5:
                raise request.param
            return cls(CONFIG.model_copy(update={"device": "auto", "seed": 99}), "from a file", int(path.stem))

    monkeypatch.setattr(replay, "Trainer", Kept)
    return tmp_path


QUICK = {"device": "cpu", "eval_every": 0, "trace": "panel", "panel_size": 4}


def test_the_furthest_checkpoint_that_can_be_read_or_the_start_is_taken(kept) -> None:
    store = SimpleNamespace(home=kept)
    for step, expected in ((4, 4), (3, 3), (6, 4), (7, 7), (9, 7)):
        result, origin = replay._nearest(store, "a-run", "ppo", step, CONFIG)
        assert (result.step, origin, result.learner) == (expected, "checkpoint", "from a file")
        assert result.config == CONFIG.model_copy(update={**QUICK, "seed": 99})
    for run, learner, step in (("a-run", "ppo", 2), ("other", "ppo", 7), ("a-run", "grpo", 7)):
        result, origin = replay._nearest(store, run, learner, step, CONFIG)
        assert (result.step, origin, result.learner) == (0, "start", learner)
        assert result.config == CONFIG.model_copy(update=QUICK)


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """`models_at` with everything it calls made up; what it was called with is noted."""
    seen = SimpleNamespace(recalled=[], drifted=[], asked=[], start=0, origin="start", events=[])

    def nearest(store: Any, run_id: str, learner: str, step: int, config: RunConfig) -> tuple[Learner, str]:
        assert store is seen.store
        seen.asked.append(("nearest", run_id, learner, step, config))
        seen.learner = Learner(config, learner, seen.start)
        return seen.learner, seen.origin

    class Panels:
        @staticmethod
        def of(samples: str, tokens: str) -> SimpleNamespace:
            return SimpleNamespace(prompts=["1+2="], made_of=(samples, tokens))

    class Store:
        def samples(self, *key: Any) -> tuple[Any, ...]:
            return ("samples", *key)

        def tokens(self, *key: Any) -> tuple[Any, ...]:
            return ("tokens", *key)

        def get(self, run_id: str) -> SimpleNamespace:
            assert run_id == "a-run"
            return SimpleNamespace(config=CONFIG)

        def events(self, run_id: str) -> list[dict[str, Any]]:
            assert run_id == "a-run"
            return seen.events

    def drift(trainer: Learner, panel: SimpleNamespace) -> float:
        seen.drifted.append((trainer, trainer.step, panel.made_of))
        return 0.5

    monkeypatch.setattr(replay, "_nearest", nearest)
    monkeypatch.setattr(replay, "Panel", Panels)
    monkeypatch.setattr(replay, "_drift", drift)
    monkeypatch.setattr(replay, "recall", lambda *given: seen.recalled.append((seen.learner.step, *given)))
    seen.store = Store()
    return seen


@pytest.mark.parametrize(
    ("start", "origin", "step", "expected"),
    [
        (0, "start", 0, "start"),
        (0, "start", 3, "training again"),
        (2, "checkpoint", 2, "checkpoint"),
        (2, "checkpoint", 4, "training again"),
    ],
)
def test_training_goes_on_from_the_nearest_point_up_to_the_step(around, start, origin, step, expected) -> None:
    around.start, around.origin = start, origin
    reports: list[tuple[int, int]] = []
    result = models_at(around.store, "a-run", "ppo", step, lambda *x: reports.append(x))
    assert (result.trainer, result.step, result.origin, result.drift) == (around.learner, step, expected, 0.5)
    assert reports == [(done, step - start) for done in range(step - start)]
    key = ("a-run", "ppo", step)
    assert around.asked == [("nearest", *key, CONFIG)]
    assert around.drifted == [(around.learner, step, (("samples", *key), ("tokens", *key)))]
    assert around.recalled == [(start, "its task", 6, step, ["1+2="])]  # the seed's questions of that step
    assert models_at(around.store, "a-run", "ppo", step).origin == expected  # nobody has to be told


def test_what_was_changed_is_changed_again(around) -> None:
    around.events = [
        event(0, "at once"),
        event(2, "for all", learner=None),
        event(2, "of another", learner="grpo"),
        event(2, "no change", kind="evaluation"),
        event(3, "before the step"),
        event(4, "after it"),
    ]
    models_at(around.store, "a-run", "ppo", 3)
    assert around.learner.changes == [(0, "at once"), (2, "for all"), (3, "before the step")]


def test_a_checkpoint_has_had_the_changes_before_its_step_and_not_that_of_it(around) -> None:
    """It was saved before its step, so a change at its step came after it."""
    around.start, around.origin = 2, "checkpoint"
    around.events = [event(1, "had"), event(2, "new"), event(3, "later")]
    models_at(around.store, "a-run", "ppo", 2)
    assert around.learner.changes == [(2, "new")]


def test_more_responses_than_allowed_are_not_written_again(around, monkeypatch) -> None:
    around.start, around.origin = 2, "checkpoint"
    monkeypatch.setattr(replay, "MOST_RESPONSES", 3 * 12)
    assert models_at(around.store, "a-run", "ppo", 5).trainer.step == 5
    with pytest.raises(
        RequestError,
        match=r"^the models of step 7 are not kept, and training up to it again would take 48 responses; at most 36 "
        r"are allowed, so choose an earlier step$",
    ):
        models_at(around.store, "a-run", "ppo", 6)
    assert around.recalled[1:] == []
