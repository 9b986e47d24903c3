"""The critic's replay of earlier responses: what it learns from, with which targets, and that a resumed run has it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from core.config import RunConfig
from core.given_config import parse_config
from core.learners.kinds.ppo import PPOSettings
from core.models.fit import memory
from core.models.value import ValueModel
from core.training import checkpoints
from core.training.meter import Meter
from core.training.optimizer import Optimizer
from core.training.scoring import Sequences
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from core.training.update import Batch, Updater
from core.training.value_replay import ValueReplay
from tests.models.test_memory import SIZE
from tests.training.test_critic_settings import columns, same, trainer
from tests.training.test_critic_settings import critic as weights
from tests.training.test_update import COUNT, MAX_LENGTH, batch, critic, policy  # noqa: F401  (fixtures)


@pytest.fixture
def gradients(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, Tensor]]:
    """(learning rate, gradient before it is clipped) of each optimiser step from here on."""
    seen, real = [], Optimizer.step

    def step(self: Optimizer, rate: float, *given: Any) -> float:
        seen.append((rate, torch.cat([x.grad.flatten() for x in self._parameters if x.grad is not None]).clone()))
        return real(self, rate, *given)

    monkeypatch.setattr(Optimizer, "step", step)
    return seen


def exact_values(model: ValueModel, prompt: list[int], response: list[int]) -> Tensor:
    """V before each token of one response, in double precision by the transformers library's own forward pass."""
    hidden = model.backbone(input_ids=torch.tensor([prompt + response])).last_hidden_state[0]
    return model.head(hidden[len(prompt) - 1 : -1])[:, 0]


def gradient_of(model: ValueModel, loss: Tensor) -> Tensor:
    """In the order of the optimiser: the backbone, then the head."""
    loss.backward()
    return torch.cat([x.grad.flatten() for x in model.parameters() if x.grad is not None])


def close(given: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(given.double(), expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))


def of_trace(made: Trainer, trace: StepTrace) -> Iterator[tuple[list[int], list[int], Tensor]]:
    """Each response of a step as (prompt, tokens, what the critic was fitted to), from the trace alone."""
    own = trace.tokens.filter(trace.tokens["pass"].to_numpy() == 0)
    sample, token, target = (own[x].to_numpy() for x in ("sample", "token_id", "return"))
    for number, prompt in enumerate(trace.samples["prompt"].to_pylist()):
        mine = sample == number
        yield made.codec.ids(prompt), token[mine].tolist(), torch.tensor(target[mine]).double()


# -- the gradient ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("micro", [None, 5])
def test_the_critics_gradient_is_that_of_the_newest_and_the_last_steps_responses(micro, gradients) -> None:
    """Worked out from the traces of the steps, response by response, every token alike; targets as they were."""
    made = trainer(
        run={"steps": 5, "micro_batch_size": micro}, lam=0.8, vf_coef=0.7, num_iterations=1, value_learning_rate=2e-3,
        value_replay_steps=2,
    )  # fmt: skip
    traces = []
    for trace in made.steps():
        traces.append(trace)
        if len(traces) == 4:
            exact = copy.deepcopy(made.value_model).double()
            del gradients[:]
    [gradient] = [x for rate, x in gradients if rate == 2e-3]
    losses = [
        ((exact_values(exact, prompt, response) - target) ** 2 / 2, trace.step)
        for trace in traces
        for prompt, response, target in of_trace(made, trace)
    ]
    loss = torch.cat([x for x, step in losses if step >= 2]).mean()  # 4, and of the last steps 3 and 2
    assert traces[4].scalars["value_loss"] == pytest.approx(float(loss.detach()), rel=1e-4)
    own = gradient_of(exact, 0.7 * loss)
    close(gradient, own)
    for first in (1, 3, 4):  # other steps would be another gradient
        exact.zero_grad()
        other = [exact_values(exact, p, r) - x for t in traces[first:] for p, r, x in of_trace(made, t)]
        assert (gradient_of(exact, 0.35 * (torch.cat(other) ** 2).mean()) - own).norm() > 0.02 * own.norm()


def replayed(seed: int, prompt: int, longest: int) -> tuple[Sequences, Tensor]:
    """An earlier step's responses, of other lengths than the newest, to a question padded on the left."""
    random = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, longest + 1, (COUNT,), generator=random)
    lengths[0] = longest
    mask = torch.arange(longest) < lengths[:, None]
    ids = torch.randint(3, 200, (COUNT, prompt + longest), generator=random)
    ids[:, prompt:].masked_fill_(~mask, 0)
    ids[: COUNT // 2, :2] = 0
    attention = torch.ones_like(ids, dtype=torch.bool)
    attention[: COUNT // 2, :2] = False
    return Sequences(ids, attention, mask, prompt), torch.randn(COUNT, longest, generator=random)


@pytest.mark.parametrize("micro", [None, 3])
@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize("clip", [None, 0.2])
def test_a_mini_batch_takes_its_places_of_every_step_and_clips_the_newest_alone(
    policy, critic, batch: Batch, gradients, micro, batches, clip  # noqa: F811
) -> None:  # fmt: skip
    settings = PPOSettings(vf_coef=2.0, cliprange_value=clip, num_mini_batches=batches, value_replay_steps=2)
    updater, meter = Updater(copy.deepcopy(policy), copy.deepcopy(critic), settings), Meter()
    older = [replayed(1, 6, 7), replayed(2, 11, 3)]
    for sequences, returns in older:
        updater.replay.add(sequences, returns, 2)
    order = torch.tensor([7, 0, 5, 2, 1, 6, 3, 4])
    updater.one_pass(
        batch, RunConfig(micro_batch_size=micro), settings, MAX_LENGTH, order, meter,
        train_policy=False, before=None, keep=0, own_old=False,
    )  # fmt: skip
    exact = copy.deepcopy(critic).double()
    errors = []
    for row in order[: COUNT // batches].tolist():
        for sequences, returns in [(batch.sequences, batch.credit.returns), *older]:
            start = 2 if sequences.prompt != batch.sequences.prompt and row < COUNT // 2 else 0
            length = int(sequences.mask[row].sum())
            ids = sequences.ids[row, start : sequences.prompt + length].tolist()
            prompt = sequences.prompt - start
            values, target = exact_values(exact, ids[:prompt], ids[prompt:]), returns[row, :length].double()
            error = (values - target) ** 2
            if clip is not None and sequences is batch.sequences:
                old = batch.experience.values[row, :length].double()
                held = torch.minimum(torch.maximum(values, old - clip), old + clip)
                error = torch.maximum(error, (held - target) ** 2)
            errors.append(error)
    loss = torch.cat(errors).mean() / 2
    assert len(gradients) == len(meter.value_losses) == batches
    assert meter.value_losses[0] == pytest.approx(float(loss.detach()), rel=1e-4)
    close(gradients[0][1], gradient_of(exact, 2.0 * loss))


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_the_last_steps_are_kept_and_no_more() -> None:
    kept = ValueReplay()
    assert (len(kept.latest(3)), kept.size) == (0, 0)
    for number in range(5):
        kept.add(*replayed(number, 6, 4), 3)
    last = [replayed(number, 6, 4) for number in (2, 3, 4)]
    assert [torch.equal(x.returns, y) for x, (_, y) in zip(kept.latest(3), last, strict=True)] == [True] * 3
    assert [torch.equal(x.returns, y) for x, (_, y) in zip(kept.latest(9), last, strict=True)] == [True] * 3
    assert torch.equal(kept.latest(1)[0].sequences.ids, last[-1][0].ids)
    assert not kept.latest(0)
    assert kept.size == 3 * COUNT * (8 * 10 + 10 + 4 + 4 * 4)  # ids, which are real, which are answers, targets
    kept.add(*replayed(5, 6, 4), 1)
    assert len(kept.latest(3)) == 1
    kept.add(*replayed(6, 6, 4), 0)
    assert (len(kept.latest(3)), kept.size) == (0, 0)


def test_it_goes_with_the_setting_while_a_run_goes_on() -> None:
    made, counts = trainer(run={"steps": 6}), []
    for trace in made.steps():
        counts.append(len(made.value_replay.latest(32)))
        if trace.step in (0, 3, 4):
            made.change({"value_replay_steps": {0: 8, 3: 1, 4: 0}[trace.step]})
    assert counts == [0, 1, 2, 3, 1, 0]


def test_in_a_first_step_there_is_nothing_to_replay_and_a_later_ones_critic_is_another() -> None:
    usual, other = trainer(), trainer(value_replay_steps=4)
    pairs = [(weights(usual), weights(other), x, y) for x, y in zip(usual.steps(), other.steps(), strict=True)]
    assert same(pairs[0][0], pairs[0][1])
    assert not same(pairs[1][0], pairs[1][1])
    assert [x.tokens.equals(y.tokens) for _, _, x, y in pairs] == [True, True, False]
    assert [x.scalars["samples_seen"] for _, _, _, x in pairs] == [16, 32, 48], "nothing is sampled for it"


def test_at_lambda_1_what_is_replayed_are_the_outcomes() -> None:
    made = trainer(value_replay_steps=2, lam=0.5, lam_critic=1.0)
    traces = list(made.steps())
    for trace, kept in zip(traces[1:], made.value_replay.latest(2), strict=True):
        rewards = torch.tensor(trace.samples["reward"].to_numpy(), dtype=torch.float32)
        mask = kept.sequences.mask
        torch.testing.assert_close(kept.returns[mask], rewards[:, None].expand(mask.shape)[mask], atol=1e-5, rtol=0)
        assert columns(trace)["return"] == pytest.approx(kept.returns[mask].numpy(), abs=0)


# -- checkpoints and memory --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [{}, {"num_mini_batches": 2, "value_num_iterations": 3}])
def test_a_resumed_run_replays_the_same_to_the_last_bit(tmp_path: Path, parts: dict[str, Any]) -> None:
    straight = trainer(run={"steps": 5}, value_replay_steps=2, **parts)
    expected = list(straight.steps())
    begun = trainer(run={"steps": 3}, value_replay_steps=2, **parts)
    list(begun.steps())
    begun.save(tmp_path / "whole")
    state = torch.load(tmp_path / "whole", weights_only=True)
    assert len(state.pop("value_replay")) == 2
    torch.save(state, tmp_path / "before")  # as a checkpoint from before there was a replay
    resumed, without = Trainer.load(tmp_path / "whole"), Trainer.load(tmp_path / "before")
    for each in (resumed, without):
        each.change({"steps": 5})
    assert [x.tokens.equals(y.tokens) for x, y in zip(resumed.steps(), expected[3:], strict=True)] == [True, True]
    assert same(weights(resumed), weights(straight))
    assert same(resumed.policy.state_dict(), straight.policy.state_dict())
    assert len(list(without.steps())) == 2
    assert not same(weights(without), weights(straight))


def test_a_checkpoint_has_room_for_what_is_replayed(tmp_path: Path) -> None:
    """Beside this small model thirty-two steps of 512 responses are no trifle."""
    made = trainer(run={"prompts_per_step": 64, "num_generations": 8, "steps": 1}, value_replay_steps=32)
    next(made.steps())
    [step] = made.value_replay.latest(1)
    for _ in range(31):
        made.value_replay.add(copy.deepcopy(step.sequences), step.returns.clone(), 32)
    checkpoints.save(made, tmp_path)
    written = checkpoints.saved(tmp_path)[0].stat().st_size
    assert made.value_replay.size > 0.3 * written
    assert checkpoints.size(made) == pytest.approx(written, rel=0.05)


def test_what_is_replayed_is_counted_in_the_memory_that_a_learner_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_SMALL", 0)
    run = {"prompts_per_step": 4, "num_generations": 8, "micro_batch_size": 8}

    def total(device: str = "cpu", **settings: Any) -> int:
        config = parse_config({**run, "learners": [{"algorithm": "ppo", **settings}]})
        return memory.predict(SIZE, config, config.learners[0], prompt=20, completion=10, device=device).total

    assert total(value_replay_steps=5) - total() == 5 * 32 * 30 * 14
    assert total("cuda", value_replay_steps=5) == total("cuda"), "there they are in the CPU's memory"
    made = trainer(value_replay_steps=2)
    list(made.steps())
    tokens = sum(x.sequences.ids.numel() for x in made.value_replay.latest(2))
    assert made.value_replay.size <= 14 * tokens
