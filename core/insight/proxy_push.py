"""What the study of a pushed proxy is made of: a judge's labels, a reward model, a policy pushed on it, the best of n.

core/insight/proxy_study.py goes through all conditions and seeds; core/insight/proxy_results.py holds the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.algorithms.kl import kl_of
from core.algorithms.over_optimisation import best_of_n
from core.config import RunConfig
from core.given_config import change
from core.insight import proxy_results as results
from core.insight.proxy_results import BestOf, PairAccuracy, PolicyPoint, Pushed
from core.models import forward
from core.models.reward import Card
from core.presets import preset
from core.rewards.judge import judge
from core.rewards.preferences import Preference
from core.tasks.registry import task_for
from core.training import scoring
from core.training.pairs import sampled_pairs
from core.training.reward_model import RewardModelSettings, RewardTrainer
from core.training.rollout import Rollout, sample
from core.training.scoring import Sequences
from core.training.trainer import Trainer

#: Pairs that are sampled for each label that is wanted: the taste likes both of some alike.
_PER_LABEL = 2.5
#: Pairs that reward models are judged by, and the seed that they are sampled with; no reward model has that seed.
_JUDGED_BY, _JUDGED_SEED = 400, 10_007
_SAMPLES = 1  # reply to each held-out message
_MESSAGES = 16  # held-out messages that n replies are drawn to


def config_of(name: str, taste: str = results.TASTE) -> RunConfig:
    """The preset, on the task as the study has it, with nothing measured that the study measures by itself."""
    about: dict[str, object] = {"eval_every": 0, "panel_size": 8, "steps": results.STEPS, "device": "cpu"}
    about["measure_kl"] = False  # it is measured here, of whole replies
    about["prompts_per_step"] = results.QUESTIONS
    if name == results.PRESET:
        about["task.taste"] = taste
        about |= {f"{learner}.learning_rate": results.LEARNING_RATE for learner in results.LEARNERS}
    return change(preset(name), about)


# -- labels and reward models ------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def labels_of(name: str, noise: float, seed: int, count: int, taste: str = results.TASTE) -> tuple[Preference, ...]:
    """So many labels of the judge; fewer are the first of more, and noise turns some round and changes nothing else."""
    config = config_of(name, taste)
    task = task_for(config.task)
    pairs = sampled_pairs(config, int(_PER_LABEL * count) + 50, seed)

    def liked(prompt: str, response: str) -> float:
        return task.verify(prompt, response).reward

    made = judge(pairs, liked, noise=noise, seed=seed)[:count]
    assert len(made) == count, "the taste tells too few pairs apart"
    return made


@dataclass(frozen=True)
class Learnt:
    """A reward model that was trained."""

    trainer: RewardTrainer
    agreement: PairAccuracy


def learn(name: str, count: int, noise: float, seed: int, taste: str = results.TASTE) -> Learnt:
    """Trains a reward model as the lab does, and judges it by pairs that it did not learn from, labelled truly."""
    labels = labels_of(name, noise, seed, count, taste)
    settings = RewardModelSettings(model=config_of(name).model, seed=seed, heldout=0, eval_every=10_000, device="cpu")
    trainer = RewardTrainer(settings, labels)
    for _ in trainer.steps():
        pass
    known = {x.pair for x in labels}
    fresh = [x for x in labels_of(name, 0.0, _JUDGED_SEED, _JUDGED_BY, taste) if x.pair not in known]
    return Learnt(trainer, PairAccuracy(name, count, noise, seed, trainer.judge(fresh).accuracy, taste))


# -- a policy that is pushed -------------------------------------------------------------------------------------------


@torch.no_grad()
def look(trainer: Trainer, start: PreTrainedModel, step: int) -> tuple[PolicyPoint, float, float]:
    """The policy as it is now against its start, and the standard deviations of gold and proxy over its replies.

    The random numbers are the same at every look. The KL of a reply is the sum over its tokens of the KL of the whole
    distributions, so only which reply was written is left to chance.
    """
    task, config = trainer.task, trainer.config
    rollout = sample(
        trainer.policy,
        trainer.codec,
        trainer.codec.encode(task.heldout, trainer.device),
        num_generations=_SAMPLES,
        max_completion_length=trainer.max_length,
        temperature=config.temperature,
        generator=torch.Generator().manual_seed(config.seed),
    )
    texts, gold = _gold(trainer, rollout, task.heldout)
    assert trainer.proxy is not None
    pushed = torch.tensor(trainer.proxy.score(rollout), dtype=torch.float64)
    point = PolicyPoint(
        step, float(kl_of_replies(trainer, start, rollout).mean()), float(gold.mean()), float(pushed.mean()),
        texts[0], float(gold[0]), float(pushed[0]),
    )  # fmt: skip
    return point, float(gold.std()), float(pushed.std())


def _gold(trainer: Trainer, rollout: Rollout, messages: Sequence[str]) -> tuple[list[str], Tensor]:
    """(replies, what the taste says of each [B])."""
    texts, each = trainer.codec.texts(rollout.completion_ids), len(rollout.mask) // len(messages)
    cut = rollout.truncated.tolist()
    liked = [trainer.task.verify(messages[i // each], x, finished=not cut[i]).reward for i, x in enumerate(texts)]
    return texts, torch.tensor(liked, dtype=torch.float64)


def kl_of_replies(trainer: Trainer, start: PreTrainedModel, rollout: Rollout) -> Tensor:
    """KL(policy ‖ start policy) along each reply, in nats [B]."""
    rows, temperature = Sequences.of(rollout), trainer.config.temperature
    own, before = (scoring.distributions(x, rows, temperature) for x in (trainer.policy, start))
    return (kl_of(own, before) * rollout.mask).sum(-1)


def push(learnt: Learnt, card: Card, kl_coef: float, learner: str = results.LEARNERS[0]) -> Pushed:
    """Trains a learner on a reward model that is kept."""
    about = learnt.agreement
    own = {"seed": about.seed, "reward": "reward-model", "reward_model": card.name, "kl_coef": kl_coef}
    trainer = Trainer(change(config_of(results.PRESET, about.taste), own), learner)
    start = forward.frozen_copy(trainer.policy)
    first, gold_spread, proxy_spread = look(trainer, start, 0)
    looked = (look(trainer, start, trainer.step) for _ in trainer.steps() if trainer.step % results.EVERY == 0)
    points = (first, *(point for point, _, _ in looked))
    known = (about.labels, about.noise, kl_coef, about.seed, gold_spread, proxy_spread, points)
    return Pushed(*known, learner, about.taste)


# -- the best of n -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _drawn(seed: int, taste: str = results.TASTE) -> tuple[list[str], list[list[str]], list[list[float]]]:
    """(messages, the start policy's replies to each, the taste's score of each); those that were cut off have "" ."""
    trainer = Trainer(change(config_of(results.PRESET, taste), {"seed": seed}), "grpo")
    messages = trainer.task.heldout[:_MESSAGES]
    replies, gold = [], []
    for i, message in enumerate(messages):
        rollout = sample(
            trainer.policy,
            trainer.codec,
            trainer.codec.encode([message], trainer.device),
            num_generations=results.DRAWN,
            max_completion_length=trainer.max_length,
            temperature=trainer.config.temperature,
            generator=torch.Generator().manual_seed(seed * 1_009 + i),
        )
        texts, liked = _gold(trainer, rollout, [message])
        whole = [not x for x in rollout.truncated.tolist()]
        replies.append([x for x, y in zip(texts, whole, strict=True) if y])
        gold.append([float(x) for x, y in zip(liked, whole, strict=True) if y])
    return messages, replies, gold


def best_of(learnt: Learnt, card: Card) -> BestOf:
    """The replies of the start policy that the reward model holds for the best of n. Replies that were cut off are not
    among them: they have no end at which they could be read."""
    messages, replies, gold = _drawn(learnt.agreement.seed, learnt.agreement.taste)
    ids = {(m, r): None for m, each in zip(messages, replies, strict=True) for r in each if _readable(learnt, r)}
    scored = dict(zip(ids, learnt.trainer.scores(list(ids)), strict=True))
    golds, proxies = [], []
    for message, each, liked in zip(messages, replies, gold, strict=True):
        there = [(scored[message, r], g) for r, g in zip(each, liked, strict=True) if (message, r) in scored]
        proxy = [(x - card.shift) / card.scale for x, _ in there]
        golds.append([best_of_n(proxy, [g for _, g in there], n) for n in results.BEST_OF])
        proxies.append([best_of_n(proxy, proxy, n) for n in results.BEST_OF])
    means = [tuple(sum(x) / len(x) for x in zip(*each, strict=True)) for each in (golds, proxies)]
    about = learnt.agreement
    return BestOf(about.labels, about.noise, about.seed, results.BEST_OF, means[0], means[1], about.taste)


def _readable(learnt: Learnt, reply: str) -> bool:
    return "<unk>" not in reply and bool(reply)
