"""The study of a pushed proxy: its file, what follows from its numbers, and what they are made of."""

from __future__ import annotations

import itertools
import json
import math
import random
import statistics
from dataclasses import replace

import pytest
import torch

from core.algorithms.over_optimisation import best_of_n_gold, best_of_n_kl, rl_gold
from core.insight import proxy_push as parts
from core.insight import proxy_results as results
from core.insight import proxy_study as study
from core.insight.proxy_results import BestOf, PairAccuracy, PolicyPoint, Pushed, Study, SumsRun
from core.models import forward
from core.tasks.registry import task_for
from core.tasks.tastes import TASTES
from core.training import scoring
from core.training.rollout import sample
from core.training.scoring import Sequences
from core.training.trainer import Trainer


def pushed(
    seed, gold, *, labels=100, noise=0.25, kl_coef=0.0, kl=None, spread=0.25, learner="grpo", taste=results.TASTE
):
    kls = [float(i * i) for i in range(len(gold))] if kl is None else kl
    points = [PolicyPoint(4 * i, kls[i], x, float(i), "No.", 0.0, 1.0) for i, x in enumerate(gold)]
    return Pushed(labels, noise, kl_coef, seed, spread, 1.0, tuple(points), learner, taste)


def some() -> Study:
    return Study(
        [PairAccuracy("reply", 100, 0.25, 0, 0.8)],
        [pushed(0, (0.3, 0.6, 0.4))],
        [BestOf(100, 0.25, 0, (1, 2, 4), (0.3, 0.4, 0.5), (-0.1, 0.4, 0.9))],
        [SumsRun("verifier", 0, 0.4, 0.7)],
    )


def test_what_is_written_is_read_again(tmp_path):
    file = tmp_path / "study.json"
    assert results.read(file) == Study()
    results.write(some(), {"seeds": [0]}, file)
    assert results.read(file) == some()
    stored = json.loads(file.read_text())
    assert stored["about"] == {"version": results.VERSION, **results.setup(), "seeds": [0]}
    stored["about"]["version"] = results.VERSION + 1
    file.write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="version"):
        results.read(file)


def test_the_fits_find_the_curves_that_the_numbers_lie_on():
    """In standard deviations of the start's replies, and without the point at 0, where each curve is exact."""
    far = [0.0, 0.5, 1.0, 2.0, 4.0]
    runs = [
        pushed(seed, [0.3 + spread * rl_gold(d, 1.2, 0.9) for d in far], kl=[d * d for d in far], spread=spread)
        for seed, spread in enumerate((0.25, 0.5))
    ]
    known = results.rl_fit(runs)
    assert (known.alpha, known.beta) == pytest.approx((1.2, 0.9))
    assert known.residual == pytest.approx(0, abs=1e-9)
    assert known.points == 2 * 4
    ns = (1, 4, 16, 64)
    gold = tuple(0.3 + 0.5 * best_of_n_gold(math.sqrt(best_of_n_kl(n)), 0.8, 0.2) for n in ns)
    choice = BestOf(100, 0.25, 1, ns, gold, gold)
    known = results.best_of_fit(Study(pushed=runs, best_of=[choice]), [choice])
    assert (known.alpha, known.beta) == pytest.approx((0.8, 0.2))
    assert known.points == 3


def test_a_condition_is_of_one_learner_and_one_taste():
    """What is chosen by the second taste's reward models is counted by the spread that their own run began with."""
    rows = [pushed(0, (0.3, 0.4), learner=x, taste=y) for x in results.LEARNERS for y in ("warm", "short")]
    rows = [replace(x, gold_spread=0.1 * (1 + i)) for i, x in enumerate(rows)]
    choices = [BestOf(100, 0.25, 0, (1, 2), (0.3, 0.5), (0.0, 1.0), x) for x in ("warm", "short")]
    study = Study(pushed=rows, best_of=choices)
    known = {
        (x, y): results.of_condition(study, 100, 0.25, 0.0, x, y) for x in results.LEARNERS for y in ("warm", "short")
    }
    assert list(known.values()) == [[x] for x in rows]
    assert results.of_condition(study, 100, 0.25, 0.0) == known["grpo", "warm"]
    assert [results.best_of_condition(study, 100, 0.25, x) for x in ("warm", "short")] == [[x] for x in choices]
    assert results.chosen_curves(study, choices[0])[0][1] == pytest.approx(0.2 / 0.1)
    assert results.chosen_curves(study, choices[1])[0][1] == pytest.approx(0.2 / 0.2)


def test_a_fall_is_told_seed_by_seed():
    known = results.fall([pushed(0, (0.3, 0.8, 0.5)), pushed(1, (0.3, 0.6, 0.5))])
    assert (known.start, known.best, known.best_step, known.final) == pytest.approx((0.3, 0.7, 4, 0.5))
    assert known.fallen.mean == pytest.approx(0.2)
    assert known.fallen.low < 0 < known.fallen.high  # 0.3 and 0.1: two seeds do not tell that from nothing
    assert results.fall([pushed(x, (0.3, 0.6, 0.7)) for x in (0, 1)]).fallen.mean == 0
    # Fallen by 0.3; by less than counts; by 0.3, but the proxy with it; and one that was highest in the end.
    down = pushed(2, (0.3, 0.8, 0.5))
    down = replace(down, points=tuple(replace(x, proxy=-x.proxy) for x in down.points))
    runs = [pushed(0, (0.3, 0.8, 0.5)), pushed(1, (0.3, 0.6, 0.55)), down, pushed(3, (0.3, 0.6, 0.7))]
    assert (results.fall(runs).broke, results.fall(runs).seeds) == (1, 4)


def test_noise_alone_is_no_fall():
    """Curves that only wobble: each run's own wobble makes a step the highest, from which it then has come down."""
    draw = random.Random(0)
    falls = 0
    for _ in range(400):
        runs = [pushed(x, [0.5 + draw.gauss(0, 0.03) for _ in range(9)]) for x in range(5)]
        falls += results.fall(runs).fallen.low > 0
    assert falls / 400 < 0.05  # one side of a 95 % interval: 0.025


def test_it_goes_on_where_it_was_cut_off(tmp_path, monkeypatch):
    """What the file has is not measured again; policies come before what pushes none."""
    file, made = tmp_path / "study.json", []
    monkeypatch.setattr(results, "LABELS", (5, 100, 2000))
    monkeypatch.setattr(results, "PUSHED", (100,))
    results.write(some(), {}, file)

    class Trained:
        def keep(self, _name):
            return None

    def learn(name, count, noise, seed, taste):
        made.append((count, noise, seed) if taste == results.TASTE else (count, noise, seed, taste))
        return parts.Learnt(Trained(), PairAccuracy(name, count, noise, seed, 0.7, taste))  # type: ignore[arg-type]

    def push(learnt, _card, kl_coef, learner):
        about = learnt.agreement
        own = {"labels": about.labels, "noise": about.noise, "taste": about.taste}
        return pushed(about.seed, (0.3, 0.4), **own, kl_coef=kl_coef, learner=learner)

    def best_of(learnt, _card):
        about = learnt.agreement
        return BestOf(about.labels, about.noise, about.seed, (1,), (0.3,), (0.0,), about.taste)

    def sums(seed):
        agreement = PairAccuracy("chain-sum", results.SUM_LABELS, 0.0, seed, 0.9)
        return agreement, [SumsRun(x, seed, 0.4, 0.6) for x in results.SUM_REWARDS]

    for name, own in (("learn", learn), ("push", push), ("best_of", best_of), ("sums", sums)):
        monkeypatch.setattr(study, name, own)
    study.main(["--seeds", "2", "--out", str(file)])
    # Seed 0's 100 noisy labels are learnt once more, since one KL coefficient was not there.
    order = [(100, 0.25), (100, 0.0), (5, 0.0), (5, 0.25), (2000, 0.0), (2000, 0.25)]
    again = [(100, noise, seed, taste) for taste in results.OTHER_TASTES for noise in (0.25, 0.0) for seed in (0, 1)]
    assert made == [(count, noise, seed) for count, noise in order for seed in (0, 1)] + again
    read = results.read(file)
    keys = [(x.labels, x.noise, x.kl_coef, x.seed) for x in read.pushed if (x.learner, x.taste) == ("grpo", "warm")]
    assert sorted(keys) == sorted(itertools.product((100,), (0.0, 0.25), results.KL_COEFS, (0, 1)))
    others = 2 * (1 + len(results.OTHER_TASTES)) - 1  # learners × tastes, without those
    assert len({(x.labels, x.noise, x.kl_coef, x.seed, x.learner, x.taste) for x in read.pushed}) == 8 * (1 + others)
    assert len(read.agreement) == 3 * 2 * 2 + 1 + len(
        again
    )  # the sums of seed 0 were there, without their reward model here
    made.clear()
    study.main(["--seeds", "2", "--out", str(file)])
    assert made == []


# -- what the numbers are made of --------------------------------------------------------------------------------------


def test_fewer_labels_are_the_first_of_more_and_noise_only_flips():
    few, many, noisy = (parts.labels_of("reply", noise, 3, n) for noise, n in ((0.0, 10), (0.0, 40), (0.25, 40)))
    assert few == many[:10]
    assert [x.pair for x in many] == [x.pair for x in noisy]
    flipped = sum(x.preferred != y.preferred for x, y in zip(many, noisy, strict=True))
    assert 2 <= flipped <= 20
    score = TASTES[results.TASTE].score
    assert all(score(x.prompt, x.chosen) > score(x.prompt, x.rejected) for x in many)


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The study with little of everything."""
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))
    for name, value in {"STEPS": 2, "EVERY": 1, "DRAWN": 24, "BEST_OF": (1, 2, 8), "QUESTIONS": 2}.items():
        monkeypatch.setattr(results, name, value)
    monkeypatch.setattr(parts, "_JUDGED_BY", 20)
    monkeypatch.setattr(parts, "_MESSAGES", 3)
    parts._drawn.cache_clear()
    yield
    parts._drawn.cache_clear()


def test_a_policy_begins_at_no_distance_with_the_tastes_own_score(small):
    learnt = parts.learn("reply", 20, 0.0, 1)
    assert 0 <= learnt.agreement.accuracy <= 1
    card = learnt.trainer.keep("pushed")
    made = parts.push(learnt, card, 0.05)
    assert [x.step for x in made.points] == [0, 1, 2]
    assert made.points[0].kl == pytest.approx(0, abs=1e-5)
    assert 0 < made.points[1].kl < made.points[2].kl
    first, score = made.points[0], TASTES[results.TASTE].score
    message = task_for(parts.config_of("reply").task).heldout[0]
    assert first.reply_gold == pytest.approx(score(message, first.reply))
    [raw] = learnt.trainer.scores([(message, first.reply)])
    assert first.reply_proxy == pytest.approx((raw - card.shift) / card.scale, abs=1e-4)
    assert 0 < made.gold_spread < 1


def test_ppo_is_pushed_by_the_same_reward_model_from_the_same_start_at_the_same_rate(small):
    learnt = parts.learn("reply", 20, 0.0, 1, "short")
    card = learnt.trainer.keep("pushed")
    grpo, ppo = (parts.push(learnt, card, 0.0, x) for x in results.LEARNERS)
    assert (grpo.learner, ppo.learner) == ("grpo", "ppo")
    assert grpo.taste == ppo.taste == learnt.agreement.taste == "short"
    assert grpo.points[0] == ppo.points[0]
    assert grpo.points[1] != ppo.points[1]
    message = task_for(parts.config_of("reply").task).heldout[0]
    for x in (*grpo.points, *ppo.points):
        assert x.reply_gold == pytest.approx(TASTES["short"].score(message, x.reply))
    config = parts.config_of("reply", "short")
    assert {config.learner(x).learning_rate for x in results.LEARNERS} == {results.LEARNING_RATE}


def test_another_tastes_labels_are_of_the_same_pairs_and_its_own():
    warm, short = (parts.labels_of("reply", 0.0, 3, 40, x) for x in ("warm", "short"))
    both = {x.pair: x.preferred for x in warm}
    shared = [x for x in short if x.pair in both]
    assert len(shared) > 10
    assert any(both[x.pair] != x.preferred for x in shared)
    score = TASTES["short"].score
    assert all(score(x.prompt, x.chosen) > score(x.prompt, x.rejected) for x in short)


def test_the_second_taste_is_the_one_that_is_least_like_the_first():
    """By the start policy's replies: of all tastes its correlation with the first is the lowest, and below 0."""
    trainer = Trainer(parts.config_of("reply"), "grpo")
    messages = trainer.task.heldout[:32]
    rollout = sample(
        trainer.policy, trainer.codec, trainer.codec.encode(messages, trainer.device), num_generations=8,
        max_completion_length=trainer.max_length, temperature=1.0, generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    texts = trainer.codec.texts(rollout.completion_ids)
    scores = {name: [x.score(messages[i // 8], y) for i, y in enumerate(texts)] for name, x in TASTES.items()}
    alike = {x: statistics.correlation(scores[results.TASTE], scores[x]) for x in TASTES}
    assert min(alike, key=alike.__getitem__) == results.OTHER_TASTES[0]
    assert -0.6 < alike[results.OTHER_TASTES[0]] < -0.2


def test_the_best_of_one_is_the_mean_and_of_more_the_proxy_likes_it_better(small):
    learnt = parts.learn("reply", 20, 0.0, 1)
    made = parts.best_of(learnt, learnt.trainer.keep("pushed"))
    _messages, replies, gold = parts._drawn(1)
    known = [[g for r, g in zip(*x, strict=True) if r and "<unk>" not in r] for x in zip(replies, gold, strict=True)]
    assert made.gold[0] == pytest.approx(statistics.fmean(statistics.fmean(x) for x in known))
    assert made.proxy[0] < made.proxy[1] < made.proxy[2]
    score = TASTES[results.TASTE].score
    assert gold[2][5] == score(_messages[2], replies[2][5])


def test_the_kl_of_a_reply_is_that_of_every_reply_weighed(small):
    """Summed along the sampled reply, the KL of the whole distributions has the expectation of log π − log π_ref."""
    trainer = Trainer(parts.config_of("reply"), "grpo")
    start = forward.frozen_copy(trainer.policy)
    for _ in trainer.steps():
        pass
    with torch.no_grad():
        for x in trainer.policy.parameters():
            x.mul_(1.02)  # further away
    prompts = trainer.codec.encode([trainer.task.heldout[0]] * 4, trainer.device)
    rollout = sample(
        trainer.policy, trainer.codec, prompts, num_generations=512, max_completion_length=trainer.max_length,
        temperature=1.0, generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    with torch.no_grad():
        rows = Sequences.of(rollout)
        own, before = (scoring.score(x, rows, 1.0).logprobs for x in (trainer.policy, start))
        ratio = ((own - before) * rollout.mask).sum(-1)
        kl = parts.kl_of_replies(trainer, start, rollout)
    error = float(ratio.std() / len(ratio) ** 0.5 + kl.std() / len(kl) ** 0.5)
    assert float(kl.mean()) > 0.01
    assert float(kl.mean()) == pytest.approx(float(ratio.mean()), abs=4 * error)


def test_sums_are_paid_by_the_reward_model_or_by_the_verifier(small, monkeypatch):
    monkeypatch.setattr(results, "SUM_LABELS", 20)
    agreement, [trained, exact] = study.sums(0)
    assert (agreement.task, agreement.labels) == ("chain-sum", 20)
    assert (trained.reward, exact.reward) == results.SUM_REWARDS
    assert trained.start == exact.start
    assert 0 < trained.final < 1
