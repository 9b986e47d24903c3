"""A reward model's training, and a learner that trains on one: what it learns, what stays the same, what is refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from core.config import RunConfig
from core.errors import ConfigError, RequestError
from core.given_config import change, parse_config
from core.models import bundled, reward
from core.models.fit import free_memory
from core.models.value import ValueModel
from core.presets import preset
from core.rewards.judge import judge
from core.rewards.preferences import Preference
from core.tasks.registry import task_for
from core.training import labelled, scoring
from core.training.pairs import sampled_pairs
from core.training.proxy import MISSING_END, Proxy, proxy_of
from core.training.reward_model import RewardModelSettings, RewardTrainer, split
from core.training.rollout import Rollout
from core.training.scoring import Sequences
from core.training.trainer import Trainer

QUICK = RewardModelSettings(epochs=5, batch_size=16, eval_every=4, device="cpu")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))


@pytest.fixture(scope="module")
def labels() -> tuple[Preference, ...]:
    """A right answer is liked better than a wrong one."""
    run = RunConfig(device="cpu")
    task = task_for(run.task)
    return judge(sampled_pairs(run, 160), lambda prompt, text: task.verify(prompt, text).reward)


@pytest.fixture(scope="module")
def trained(labels: tuple[Preference, ...]) -> RewardTrainer:
    trainer = RewardTrainer(QUICK, labels, [("1+2+3=", "1+2=3;3+3=6")])
    trainer.items = list(trainer.steps())  # type: ignore[attr-defined]
    return trainer


def test_pairs_are_two_different_whole_answers_of_the_start_policy() -> None:
    pairs = sampled_pairs(RunConfig(device="cpu"), 20, seed=3)
    assert len(pairs) == 20
    assert all(a != b for _, a, b in pairs)
    assert pairs == sampled_pairs(RunConfig(device="cpu"), 20, seed=3) != sampled_pairs(RunConfig(device="cpu"), 20)
    many = sampled_pairs(change(RunConfig(device="cpu"), {"temperature": 3.0, "max_completion_length": 30}), 200)
    assert len(many) > 50
    assert not any("<unk>" in text for _, *both in many for text in both)  # it can be sampled, and not be read again
    assert {x for x, *_ in pairs}.isdisjoint(task_for(RunConfig().task).heldout)


def test_it_learns_a_taste_that_can_be_learnt(trained: RewardTrainer) -> None:
    items = trained.items  # type: ignore[attr-defined]
    first, last = items[0].heldout, items[-1].heldout
    assert (first.accuracy, first.loss) == (0.5, pytest.approx(0.6931, abs=1e-4))  # a head of zeros prefers nothing
    assert last.accuracy > 0.75
    assert last.loss < first.loss
    assert [x.step for x in items] == list(range(trained.total + 1))
    assert items[-1].pairs_seen == 5 * len(trained.learnt)


def test_every_prefix_has_a_score_and_the_last_is_the_responses(trained: RewardTrainer) -> None:
    [shown] = trained.items[-1].examples  # type: ignore[attr-defined]
    assert "".join(shown.tokens[:-1]) == shown.response
    assert len(shown.rewards) == len(shown.tokens) + 1
    # A later padding changes nothing: scored beside a longer response it is the same.
    alone, beside, _ = trained.scores(
        [(shown.prompt, shown.response), (shown.prompt, "1+2=3;3+3=6" * 2), ("4+4+4=", "1")]
    )
    assert shown.rewards[-1] == pytest.approx(alone, abs=1e-5)
    assert alone != pytest.approx(beside)
    assert not trained.items[1].examples  # type: ignore[attr-defined]  # not at every step


def test_the_same_seed_gives_the_same_model_also_where_it_was_interrupted(
    trained: RewardTrainer, labels: tuple[Preference, ...], tmp_path: Path
) -> None:
    first = RewardTrainer(QUICK, labels, trained.examples)
    steps = first.steps()
    early = [next(steps) for _ in range(6)]
    first.save(tmp_path / "reward.pt")
    again = RewardTrainer.load(tmp_path / "reward.pt")
    rest = list(again.steps())
    straight = [dataclasses.replace(x, wall_time_s=0) for x in trained.items]  # type: ignore[attr-defined]
    assert [dataclasses.replace(x, wall_time_s=0) for x in early + rest] == straight
    assert bundled.weights_hash(again.model) == bundled.weights_hash(trained.model)
    other = RewardTrainer(QUICK.model_copy(update={"seed": 1}), labels)
    assert other.held != trained.held


def test_labels_of_one_pair_are_never_on_both_sides() -> None:
    own = [Preference(prompt=str(i % 10), a="x", b="y", preferred="ab"[i % 3 == 0], source=str(i)) for i in range(30)]
    turned = [Preference(prompt=x.prompt, a="y", b="x", preferred="a") for x in own]
    learnt, held = split([*own, *turned], 0.3, seed=0)
    assert len({x.pair for x in held}) == 3
    assert {x.pair for x in held}.isdisjoint(x.pair for x in learnt)
    assert len(learnt) + len(held) == 60
    assert split(own, 0, 0)[1] == ()
    with pytest.raises(RequestError, match="1 labelled pairs are too few"):
        split(own[:1], 0.3, 0)


def test_a_heavy_label_wins_over_a_light_one() -> None:
    prompt, a, b = "1+2+3=", "1+2=3;3+3=6", "1+2=4;4+3=7"
    light = Preference(prompt=prompt, a=a, b=b, preferred="b")
    heavy = Preference(prompt=prompt, a=a, b=b, preferred="a", weight=20)
    trainer = RewardTrainer(QUICK.model_copy(update={"epochs": 20, "heldout": 0.0}), [light] * 3 + [heavy])
    assert list(trainer.steps())[-1].heldout is None
    first, second = trainer.scores([(prompt, a), (prompt, b)])
    assert first > second


def test_a_text_that_the_model_does_not_read_is_refused_before_training() -> None:
    with pytest.raises(RequestError):
        RewardTrainer(QUICK, [Preference(prompt="1+2+3=", a="ä", b="1", preferred="a")] * 3)


# -- a learner that trains on one --------------------------------------------------------------------------------------


def on(name: str, **settings: object) -> RunConfig:
    asked = {"reward": "reward-model", "reward_model": name, "prompts_per_step": 4, "num_generations": 4, "steps": 2}
    return change(preset("chain-sum"), {"device": "cpu", "eval_every": 1, "trace": "all", **asked, **settings})


def test_a_learners_reward_is_the_proxy_and_its_success_the_tasks(trained: RewardTrainer) -> None:
    card = trained.keep("right")
    assert reward.names() == [card.name]
    assert card.name.startswith("right-")
    trainer = Trainer(on(card.name), "grpo")
    trace = next(trainer.steps())
    samples = trace.samples.to_pylist()
    texts = [(x["prompt"], x["response"]) for x in samples]
    own = [(x - card.shift) / card.scale for x in trained.scores(texts)]
    whole = [i for i, x in enumerate(samples) if not x["truncated"]]
    assert len(whole) > 8
    assert [samples[i]["reward"] for i in whole] == pytest.approx([own[i] for i in whole], abs=1e-4)
    task = task_for(trainer.config.task)
    gold = [task.verify(x["prompt"], x["response"], finished=not x["truncated"]).success for x in samples]
    assert [x["success"] for x in samples] == gold
    assert trace.scalars["success_rate"] == pytest.approx(sum(gold) / len(gold))
    assert trace.scalars["reward"] != pytest.approx(trace.scalars["success_rate"])
    before = bundled.weights_hash(trainer.proxy.model)  # type: ignore[union-attr]
    list(trainer.steps())
    assert bundled.weights_hash(trainer.proxy.model) == before, "it is frozen"  # type: ignore[union-attr]


def test_scores_are_those_of_a_run_after_shift_and_scale(
    trained: RewardTrainer, labels: tuple[Preference, ...]
) -> None:
    card = trained.keep()
    texts = list(dict.fromkeys((x.prompt, y) for x in labels for y in (x.chosen, x.rejected)))
    scaled = torch.tensor([(x - card.shift) / card.scale for x in trained.scores(texts)])
    assert float(scaled.mean()) == pytest.approx(0, abs=1e-4)
    assert float(scaled.std()) == pytest.approx(1, abs=1e-4)


def test_who_does_not_end_pays(trained: RewardTrainer) -> None:
    made = Trainer(on(trained.keep().name), "ppo")
    assert isinstance(made.proxy, Proxy)
    ids = made.codec.encode(["1+2+3="], "cpu").ids
    row = torch.tensor([made.codec.response_ids("1+2=3;3+3=6")])
    mask = torch.ones_like(row, dtype=torch.bool)

    def scored(cut: bool) -> float:
        return made.proxy.score(Rollout(ids, None, row, mask, torch.zeros(row.shape), torch.tensor([cut])))[0]  # type: ignore[union-attr]

    assert scored(False) - scored(True) == pytest.approx(MISSING_END)


def test_a_run_goes_on_with_the_same_reward_model(trained: RewardTrainer, tmp_path: Path) -> None:
    trainer = Trainer(on(trained.keep().name), "ppo")
    straight = [next(steps := trainer.steps())]
    trainer.save(tmp_path / "run.pt")
    straight.append(next(steps))
    again = next(Trainer.load(tmp_path / "run.pt").steps())
    assert again.scalars["reward"] == straight[1].scalars["reward"]


def test_what_cannot_be_is_refused(trained: RewardTrainer) -> None:
    name = trained.keep().name
    with pytest.raises(ConfigError, match="reward_model must name one"):
        change(preset("chain-sum"), {"reward": "reward-model"})
    with pytest.raises(ConfigError, match="is used by the reward reward-model alone"):
        change(preset("chain-sum"), {"grpo.reward_model": name})
    vine = {"algorithm": "vine", "reward": "reward-model", "reward_model": name}
    with pytest.raises(ConfigError, match="fresh continuations are scored by the task"):
        parse_config({**preset("chain-sum").model_dump(), "learners": [vine]})
    with pytest.raises(ConfigError, match=f"there is no reward model called 'none'; there are {name}"):
        Trainer(on("none"), "grpo")
    with pytest.raises(ConfigError, match="was made of chain-sum-3x1, which is not the start model"):
        Trainer(on(name, model="chain-sum-6x1", **{"task.terms": 6}), "grpo")
    assert "was made of chain-sum-3x1" in str(reward.refusal(name, "chain-sum-6x1"))
    assert reward.refusal(name, "chain-sum-3x1") is None
    with pytest.raises(ConfigError, match="lower-case letters"):
        trained.keep("../Bad")


def test_a_reward_model_that_was_changed_on_the_disk_is_not_taken(trained: RewardTrainer) -> None:
    card = trained.keep()
    folder = reward.folder() / card.name
    text = json.loads((folder / reward.CARD).read_text())
    (folder / reward.CARD).write_text(json.dumps({**text, "version": 2}))
    with pytest.raises(ConfigError, match="its version is 2"):
        reward.card(card.name)
    (folder / reward.CARD).write_text(json.dumps(text))
    other = RewardTrainer(QUICK, trained.preferences)
    other.model.head.bias.data.fill_(1)
    weights = reward.folder() / other.keep("other").name / reward.WEIGHTS
    (folder / reward.WEIGHTS).write_bytes(weights.read_bytes())
    with pytest.raises(ConfigError, match="are not those that were saved"):
        Trainer(on(card.name), "grpo")
    (folder / reward.WEIGHTS).write_bytes(b"none")
    with pytest.raises(ConfigError, match="cannot be read"):
        Trainer(on(card.name), "grpo")


def test_values_are_not_checked_against_continuations_that_the_task_scores(trained: RewardTrainer) -> None:
    run = on(trained.keep().name, value_check_responses=8)
    assert run.checked(run.learner("ppo")) == 0
    assert run.checked(preset("chain-sum").learner("ppo")) == 8


def test_its_memory_is_counted(trained: RewardTrainer) -> None:
    run = on(trained.keep().name)
    with_it = free_memory.needs(run, run.learner("grpo"))
    without = free_memory.needs(run, preset("chain-sum").learner("grpo"))
    assert with_it is not None
    assert without is not None
    frozen = with_it.of("reward")
    assert frozen is not None
    assert with_it.total - without.total == frozen.weights == 4 * sum(x.numel() for x in trained.model.parameters())


def test_another_reward_has_no_proxy() -> None:
    made = Trainer(change(preset("chain-sum"), {"device": "cpu"}), "grpo")
    assert made.proxy is None
    assert proxy_of(made.settings, made.policy, made.start_hash) is None


def test_thousands_of_shown_labels_are_scored_a_few_at_a_time(
    trained: RewardTrainer, labels: tuple[Preference, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every token kept a run of 5,000 labels took 1.6 GB at once, where half a gigabyte was predicted."""
    whole, rows = labelled.scored(trained, labels[:20]), list[int]()
    values = scoring.values

    def counted(model: ValueModel, sequences: Sequences) -> tuple[torch.Tensor, torch.Tensor]:
        rows.append(len(sequences.mask))
        return values(model, sequences)

    monkeypatch.setattr(scoring, "values", counted)
    monkeypatch.setattr(labelled, "AT_ONCE", 6)
    parts = labelled.scored(trained, labels[:20])
    assert rows == [6] * 6 + [4]
    assert torch.equal(parts.ids[parts.mask], whole.ids[whole.mask])
    assert torch.equal(parts.mask, whole.mask)
    for name in ("before", "after"):
        torch.testing.assert_close(getattr(parts, name)[parts.mask], getattr(whole, name)[whole.mask])
    assert [x.label for x in parts.pairs] == [x.label for x in whole.pairs]
