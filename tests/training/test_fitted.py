"""The critic that is fitted before the first step: what it learns, that it is kept, and what is reports meanwhile."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import core.workers.worker as worker_module
from core.config import RunConfig
from core.errors import ConfigError, Message
from core.given_config import change
from core.learners.kinds.ppo import PPOSettings
from core.models.value import ValueModel
from core.runs import lifecycle
from core.runs.store import RunStore
from core.training import fitted, scoring
from core.training.continuations import Oracle, Responses
from core.training.gather import Asker, Gathered
from core.training.scoring import Sequences
from core.training.trainer import Trainer
from core.workers.limits import LimitError, RunLimits
from core.workers.process import supervise
from core.workers.worker import Worker
from lessons.kit.fields import changeable, fields
from tests.training.test_trainer import SMALL


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))
    return tmp_path


def config(updates: int = 8, **settings: Any) -> RunConfig:
    learner = PPOSettings(kl_coef=0.0, value_pretrain_updates=updates)
    return change(RunConfig(learners=(learner,)), {**SMALL, **settings})


def trainer(updates: int = 8, progress: Any = None, **settings: Any) -> Trainer:
    torch.set_num_threads(1)
    return Trainer(config(updates, **settings), "ppo", progress)


def critic(made: Trainer) -> Tensor:
    assert made.value_model is not None
    return torch.cat([x.detach().flatten().clone() for x in made.value_model.state_dict().values()])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Gathered]:
    """What was sampled and scored, batch by batch."""
    gather, batches = Asker.gather, list[Gathered]()

    def watched(self: Asker, *given: Any) -> Gathered:
        batches.append(gather(self, *given))
        return batches[-1]

    monkeypatch.setattr(Asker, "gather", watched)
    return batches


# -- what it learns ----------------------------------------------------------------------------------------------------


def test_a_fitted_critic_knows_the_start_policys_true_values_before_the_first_step() -> None:
    """Against the mean of 64 fresh continuations of every prefix, on questions that it was not fitted to."""
    made = trainer(300, prompts_per_step=16, num_generations=4)
    assert made.value_model is not None
    asker = Asker(made.policy, made.codec, made.task, made.config, made.settings, made.max_length)
    gathered = asker.gather(0, made._generator)
    rollout, rewards = gathered.rollout, torch.tensor(gathered.answers.rewards)
    responses = Responses(gathered.answers.prompts, rollout.completion_ids, rollout.mask, rewards)
    truth = Oracle.of(made).estimate(responses, continuations=64).values[rollout.mask]
    with torch.no_grad():
        says = scoring.values(made.value_model, Sequences.of(rollout))[0][rollout.mask]
    assert truth.std() > 0.2
    best_constant = (truth - truth.mean()).square().mean()
    assert (says - truth).square().mean() < 0.7 * best_constant
    assert torch.corrcoef(torch.stack([says, truth]))[0, 1] > 0.6


@pytest.mark.parametrize("size", [None, 3])
def test_it_is_fitted_by_the_mean_squared_error_to_the_discounted_outcome(asked: list[Gathered], size: Any) -> None:
    """The first batch's gradient, response by response, token by token, in plain Python."""
    made = trainer(0)
    short = config(4, gamma=0.9)
    plan = fitted.plan_of(short, short.learner("ppo"), "", made.device, "float32")
    asker = Asker(made.policy, made.codec, made.task, made.config, made.settings, made.max_length)
    [(sequences, targets)] = fitted._answers(asker, plan, lambda *_: None)
    [gathered] = asked
    assert made.value_model is not None
    torch.nn.init.normal_(made.value_model.head.weight, generator=torch.Generator().manual_seed(1))
    mine, other = made.value_model, copy.deepcopy(made.value_model)
    fitted._learn(mine, sequences, targets, size)
    total, count = torch.zeros(()), 0
    for b, n in enumerate(sequences.mask.sum(1).tolist()):
        values = scoring.values(other, sequences.rows(slice(b, b + 1)))[0][0]
        for t in range(n):
            total = total + (values[t] - 0.9 ** (n - 1 - t) * gathered.answers.rewards[b]) ** 2 / 2
            count += 1
    (total / count).backward()
    for x, y in zip(mine.parameters(), other.parameters(), strict=True):
        assert (x.grad is None) == (y.grad is None)
        if x.grad is not None and y.grad is not None:
            torch.testing.assert_close(x.grad, y.grad, rtol=1e-3, atol=1e-6)


def test_answers_are_to_as_many_different_questions_each_learnt_from_four_times(asked: list[Gathered]) -> None:
    made = trainer(10)
    assert [len(x.prompts) for x in asked] == [16] * 3  # 10 updates / 4, rounded up
    assert all(len(set(x.prompts)) > 12 and len(x.rollout.mask) == 16 for x in asked)
    assert asked[0].prompts != made.task.prompts(made.config.seed, 0, 16)
    assert not {p for x in asked for p in x.prompts} & set(made.task.heldout)
    assert next(made.steps()).scalars["samples_seen"] == 3 * 16 + 16


@pytest.mark.parametrize("updates", [4, 10, 101])
def test_the_learning_rate_is_torchs_one_cycle(updates: int) -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=updates, cycle_momentum=False)
    for update in range(updates):
        assert fitted.one_cycle(update, updates) == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-9)
        optimizer.step()
        if update + 1 < updates:
            schedule.step()


def test_by_default_nothing_is_fitted(asked: list[Gathered], home: Path) -> None:
    assert not critic(trainer(0))[-1:].any()
    assert asked == []
    assert not fitted.folder().exists()


# -- the critics that are kept -----------------------------------------------------------------------------------------


def test_the_next_run_that_begins_alike_finds_it_whatever_its_seed(asked: list[Gathered]) -> None:
    first = trainer()
    done = len(asked)
    again = trainer(seed=5, steps=2, **{"ppo.lam": 0.5, "ppo.value_learning_rate": 1e-4})
    assert len(asked) == done > 0
    assert torch.equal(critic(first), critic(again))
    assert next(again.steps()).scalars["samples_seen"] == next(first.steps()).scalars["samples_seen"]


@pytest.mark.parametrize(
    "other",
    [
        {"ppo.value_pretrain_learning_rate": 2e-3},
        {"ppo.value_pretrain_updates": 9},
        {"ppo.gamma": 0.9},
        {"temperature": 0.9},
        {"prompts_per_step": 8},
        {"max_completion_length": 12},
        {"ppo.max_grad_norm": 0.01},
        {"task.terms": 4},
        {"wrong_truths": 1.0},
        {"distinct_questions": 4},
    ],
    ids=lambda x: next(iter(x)),
)
def test_a_run_that_begins_otherwise_fits_its_own(asked: list[Gathered], other: dict[str, Any]) -> None:
    first = trainer()
    done = len(asked)
    second = trainer(**other)
    assert len(asked) > done
    assert not torch.equal(critic(first), critic(second))


def test_a_critic_is_fitted_to_the_questions_that_the_start_model_chose(asked: list[Gathered]) -> None:
    """Its answers are of a stream of their own, beyond all seeds of runs, which the choice has no questions for."""
    first = trainer(4, success_to=0.5, distinct_questions=8)
    chosen = set(first.task.prompts(0, 0, 8))
    assert {x for batch in asked for x in batch.prompts} <= chosen
    done = len(asked)
    other = trainer(4, success_to=0.5, distinct_questions=8, seed=1)
    assert len(asked) > done, "of another seed other questions are chosen"
    assert not torch.equal(critic(first), critic(other))


@pytest.mark.parametrize("damage", [b"", b"no file of torch's", None])
def test_a_damaged_one_is_fitted_again(asked: list[Gathered], damage: bytes | None) -> None:
    first = trainer()
    [path] = fitted.folder().glob("*.pt")
    done = len(asked)
    if damage is None:  # another plan's, under this one's name
        torch.save({"about": "something else", "weights": {}}, path)
    else:
        path.write_bytes(damage)
    assert torch.equal(critic(trainer()), critic(first))
    assert len(asked) == 2 * done
    assert torch.load(path, weights_only=True)["about"] != "something else"


def test_another_version_is_not_taken(asked: list[Gathered], monkeypatch: pytest.MonkeyPatch) -> None:
    trainer()
    done = len(asked)
    monkeypatch.setattr(fitted, "VERSION", fitted.VERSION + 1)
    trainer()
    assert len(asked) == 2 * done


def test_of_many_only_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitted, "_KEPT", 2)
    for gamma in (0.5, 0.6, 0.7):
        trainer(4, **{"ppo.gamma": gamma})
    assert len(list(fitted.folder().glob("*"))) == 2
    monkeypatch.setattr(fitted, "_BYTES", 1000)
    trainer(4, **{"ppo.gamma": 0.8})
    assert len(list(fitted.folder().glob("*"))) == 1, "the newest stays, whatever its size"


def test_where_the_disk_is_limited_critics_take_a_tenth_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer(4, **{"ppo.gamma": 0.5})
    [one] = fitted.folder().glob("*")
    size = one.stat().st_size
    monkeypatch.setenv("CREDIT_LAB_MAX_DISK_GB", str(10 * 2.5 * size / 1e9))  # room for two and a half
    for gamma in (0.6, 0.7):
        trainer(4, **{"ppo.gamma": gamma})
    assert len(list(fitted.folder().glob("*"))) == 2
    assert not one.exists()


def test_where_the_disk_takes_nothing_the_run_goes_on(home: Path) -> None:
    kept = critic(trainer())
    for file in fitted.folder().glob("*"):
        file.unlink()
    fitted.folder().rmdir()
    fitted.folder().write_text("a file where the folder would be")
    assert torch.equal(critic(trainer()), kept)


# -- around it ---------------------------------------------------------------------------------------------------------


def test_it_is_reported_while_it_lasts_and_can_be_ended(home: Path) -> None:
    reports: list[tuple[str, float | None]] = []
    trainer(progress=lambda message, share: reports.append((str(message), share)))
    for words in ("Sampling responses of the start policy", "Fitting the critic to what"):
        shares = [share for text, share in reports if text.startswith(words)]
        assert shares[0] == 0
        assert shares == sorted(set(shares))
        assert max(shares) < 1

    class Ended(Exception):
        pass

    def end(message: Message, share: float | None) -> None:
        if "Fitting" in str(message) and share:
            raise Ended

    for file in fitted.folder().glob("*"):
        file.unlink()
    with pytest.raises(Ended):
        trainer(progress=end)
    assert not list(fitted.folder().glob("*")), "a critic that is half fitted is not kept"


def test_a_resumed_learner_fits_nothing_and_goes_on_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    straight = list(trainer().steps())
    first = trainer(steps=1)
    list(first.steps())
    first.save(tmp_path / "checkpoint")
    monkeypatch.setattr(fitted, "fit", lambda *_: pytest.fail("it was fitted again"))
    resumed = Trainer.load(tmp_path / "checkpoint")
    resumed.change({"steps": 3})
    for a, b in zip(straight[1:], resumed.steps(), strict=True):
        assert a.tokens.equals(b.tokens)
        assert a.scalars["samples_seen"] == b.scalars["samples_seen"]


def test_only_adapters_are_fitted_and_kept_where_only_they_are_trained(asked: list[Gathered]) -> None:
    first, again = trainer(lora_rank=2), trainer(lora_rank=2)
    assert len(asked) == 2
    assert torch.equal(critic(first), critic(again))
    assert critic(first)[-1:].any()
    fresh = ValueModel(first.policy)
    assert sum(x.numel() for x in torch.load(next(fitted.folder().glob("*")))["weights"].values()) < sum(
        x.numel() for x in fresh.parameters()
    )


def test_what_was_done_before_the_first_step_cannot_change_afterwards() -> None:
    made = trainer(0)
    with pytest.raises(ConfigError, match=r"ppo\.value_pretrain_updates.*cannot change while a run goes on"):
        made.change({"value_pretrain_updates": 5})
    made.change({"value_pretrain_updates": 0, "lam": 0.5})
    assert made.settings.model_dump()["lam"] == 0.5
    offered = {x.key for x in fields(made.config) if changeable(x, made.config)}
    assert {"steps", "ppo.lam", "ppo.value_freeze_after"} <= offered
    assert not offered & {"ppo.value_pretrain_updates", "ppo.value_pretrain_learning_rate", "seed", "task.terms"}


def test_a_server_that_limits_steps_limits_these_updates(tmp_path: Path) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    with pytest.raises(LimitError, match="value_pretrain_updates: 51 are more than this server allows, which is 50"):
        RunLimits(steps=50).check(config(51), store)
    RunLimits(steps=50).check(config(50), store)


def test_viewers_see_it_among_the_preparations(
    home: Path, monkeypatch: pytest.MonkeyPatch, asked: list[Gathered]
) -> None:
    monkeypatch.setattr(worker_module, "TELL_S", 0)
    texts, report = [], lifecycle.preparing
    monkeypatch.setattr(lifecycle, "preparing", lambda *given: (texts.append(str(given[3])), report(*given)))
    store = RunStore(f"sqlite:///{home / 'runs.sqlite'}", home=home)
    run_id = store.create(config(steps=1))
    lifecycle.enqueue(store, run_id, ["ppo"])
    assert lifecycle.claim(store, run_id, "ppo")
    assert supervise(Worker(store, run_id, "ppo")) == 0
    assert "Sampling responses of the start policy, to fit the critic to." in texts
    assert "Fitting the critic to what the start policy's responses score." in texts
    assert store.get(run_id).status == "finished"
