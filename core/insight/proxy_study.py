"""A reward model pushed too far, over seeds: `python -m core.insight.proxy_study`.

On `reply`, a machine judge's hidden taste is the gold reward. Measured: how often a reward model sides with the taste
after so many labels, of which a share is turned round; gold and proxy against the KL to the start policy while GRPO or
PPO trains on the proxy, and of the best of n replies (Gao et al. 2022, arXiv:2210.10760). What is pushed is so with a
second taste, too. On `chain-sum`: a reward model that learnt right over wrong, against the verifier, both as judges of
pairs and as what GRPO is paid by. Everything is measured on held-out messages and pairs that no reward model learnt
from. Deterministic on the CPU.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from core.environment import PREFIX
from core.given_config import change
from core.insight import proxy_results as results
from core.insight.proxy_push import best_of, config_of, learn, push
from core.insight.proxy_results import PairAccuracy, Study, SumsRun
from core.rewards import REWARDS
from core.training import evaluation
from core.training.answer import share
from core.training.trainer import Trainer
from core.versions import versions

COMMAND = "python -m core.insight.proxy_study"
_SUM_SAMPLES = 4  # responses to each held-out sum


# -- sums, where there is a right answer -------------------------------------------------------------------------------


def sums(seed: int) -> tuple[PairAccuracy, list[SumsRun]]:
    """A reward model that learnt right over wrong; then GRPO on it, and GRPO on the verifier."""
    learnt = learn(results.SUMS, results.SUM_LABELS, 0.0, seed)
    card, made = learnt.trainer.keep("sums"), list[SumsRun]()
    for reward in results.SUM_REWARDS:
        trained = REWARDS[reward].trained
        own = {"seed": seed, "reward": reward, "reward_model": card.name if trained else None}
        trainer = Trainer(change(config_of(results.SUMS), own), "grpo")
        start = share(evaluation.heldout(trainer, samples=_SUM_SAMPLES))
        for _ in trainer.steps():
            pass
        made.append(SumsRun(reward, seed, start, share(evaluation.heldout(trainer, samples=_SUM_SAMPLES))))
    return learnt.agreement, made


# -- all of it ---------------------------------------------------------------------------------------------------------


def measure(study: Study, count: int, noise: float, seed: int, taste: str = results.TASTE) -> Iterator[str]:
    """Adds what is not there yet of a reward model to the study; a line for each number that was measured."""
    about = {"labels": count, "noise": noise, "seed": seed, "taste": taste}
    pushed = count in results.PUSHED
    pushes = itertools.product(results.LEARNERS, results.KL_COEFS) if pushed else ()
    left = [(x, y) for x, y in pushes if not _there(study.pushed, **about, learner=x, kl_coef=y)]
    choice = pushed and not _there(study.best_of, **about)
    known = _there(study.agreement, **about, task=results.PRESET)
    if known and not left and not choice:
        return
    learnt = learn(results.PRESET, count, noise, seed, taste)
    if not known:
        study.agreement.append(learnt.agreement)
        yield f"{taste}, {count} labels, noise {noise}, seed {seed}: right {learnt.agreement.accuracy:.3f}"
    if not left and not choice:
        return
    card = learnt.trainer.keep("pushed")
    for learner, kl_coef in left:
        study.pushed.append(push(learnt, card, kl_coef, learner))
        points = study.pushed[-1].points
        gold = " ".join(f"{x.gold:.2f}" for x in points)
        yield f"  {learner}, KL coefficient {kl_coef}, seed {seed}: gold {gold}; KL {points[-1].kl:.1f}"
    if choice:
        study.best_of.append(best_of(learnt, card))
        yield f"  best of n: gold {' '.join(f'{x:.2f}' for x in study.best_of[-1].gold)}"


def measure_sums(study: Study, seed: int) -> Iterator[str]:
    """Adds a seed's learners on sums, unless they are there."""
    if not _there(study.sums, seed=seed):
        agreement, runs = sums(seed)
        study.agreement.append(agreement)
        study.sums += runs
        ends = " ".join(f"{x.reward} {x.final:.3f}" for x in runs)
        yield f"  sums, seed {seed}: right {agreement.accuracy:.3f}, {ends}"


def _there(rows: Sequence[object], **known: object) -> bool:
    return any(all(getattr(row, name) == value for name, value in known.items()) for row in rows)


def _all(study: Study, seeds: int) -> Iterator[str]:
    """The fewest and worst labels first, then the most and best that push a policy: what is cut off tells most."""
    worst, best = (results.PUSHED[0], results.NOISE[-1]), (results.PUSHED[-1], results.NOISE[0])
    for count, noise in dict.fromkeys((worst, best, *itertools.product(results.LABELS, results.NOISE))):
        for seed in range(seeds):
            yield from measure(study, count, noise, seed)
        if (count, noise) == worst:
            for seed in range(seeds):
                yield from measure_sums(study, seed)
    for taste in results.OTHER_TASTES:
        for count, noise in dict.fromkeys((worst, best, *itertools.product(results.PUSHED, results.NOISE))):
            for seed in range(seeds):
                yield from measure(study, count, noise, seed, taste)


@contextlib.contextmanager
def _a_home_for_its_own() -> Iterator[None]:
    """Reward models are kept there for a while, and not among the user's own."""
    name = f"{PREFIX}HOME"
    before = os.environ.get(name)
    with tempfile.TemporaryDirectory() as home:
        os.environ[name] = home
        try:
            yield
        finally:
            os.environ.pop(name)
            if before is not None:
                os.environ[name] = before


def main(arguments: list[str] | None = None) -> None:
    """Measures what the file does not hold yet, seed by seed, and writes all where the page finds it."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="A reward model pushed too far.")
    parser.add_argument("--seeds", type=int, default=5, help="how many (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=results.RECORDED, help="the file (default: the recorded result)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    study = results.read(options.out)
    with _a_home_for_its_own():
        for line in tqdm(_all(study, options.seeds), desc="measured"):
            tqdm.write(line)
            results.write(study, {"seeds": results.seeds(study.pushed), "versions": versions()}, options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
