"""Made-up step traces for tests of what stores, sends and draws traces. No model runs here; never use them elsewhere.

Their derived columns follow from their raw ones by the formulas, so a page's printed equations can be checked on them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from core.config import RunConfig
from core.learners.kinds.ppo import PPOSettings
from core.rewards.verdict import PARTS
from core.training.trace import (
    COVERAGE,
    DISTANCES,
    HELDOUT_PARTS,
    OF_PAIRS,
    SAMPLES,
    STEPS,
    TOKENS,
    VALUE_CHECK,
    StepTrace,
)

#: Text that must be shown letter by letter wherever it appears.
HOSTILE = ("<img src=x onerror=alert(1)>", "$x$", ":red[x]", "[a](javascript:alert(1))")


def step_trace(
    config: RunConfig, learner: str, step: int, *, groups: int = 4, hostile: bool = False, seed: int = 0
) -> StepTrace:
    """One learner's trace of one step: `groups` prompts × `config.num_generations` responses, all in the panel.

    A learner with groups of its own size has as many responses, to fewer or more prompts.
    """
    settings = config.learner(learner)
    size = config.group_size(settings)
    groups = groups * config.num_generations // size
    rng = np.random.default_rng([seed, step, len(learner), ord(learner[0])])
    prompts = np.random.default_rng([seed, step]).integers(1, 10, size=(groups, 3))
    skill = min(0.95, 0.45 + 0.5 * step / max(1, config.steps))
    samples, tokens = [], []
    for group, (a, b, c) in enumerate(prompts.tolist()):
        rows = []
        for _ in range(size):
            first = a + b if rng.random() < skill else a + b + int(rng.integers(1, 3))
            last = first + c if rng.random() < 0.95 else first + c + 1
            prompt, response = f"{a}+{b}+{c}=", f"{a}+{b}={first};{first}+{c}={last}"
            if hostile:
                mark = HOSTILE[group % len(HOSTILE)]
                prompt, response = mark + prompt, mark + response
            rows.append((prompt, response, str(a + b + c), float(last == a + b + c)))
        rewards = np.array([row[3] for row in rows])
        for prompt, response, answer, reward in rows:
            sample, truncated = len(samples), rng.random() < 0.05
            pieces = [response[:28], *response[28:]] if hostile else list(response)
            pieces = pieces if truncated else [*pieces, "<eos>"]
            compared = None if isinstance(settings, PPOSettings) else reward
            row = (learner, step, sample, group, prompt, response, answer, reward, reward > 0, truncated, len(pieces))
            samples.append((*row, compared, None, None, None))  # no critic's value, no unit tests
            credit = (reward - rewards.mean()) / (rewards.std(ddof=1) + 1e-4)
            tokens.append(_response(settings, sample, step, pieces, reward, credit, reward - rewards.mean(), rng))
    table = pa.Table.from_batches([pa.RecordBatch.from_pydict(_whiten(settings, tokens), schema=TOKENS)])
    success = float(np.mean([row[7] for row in samples]))
    by = _normalised_by(settings, tokens)
    return StepTrace(
        learner=learner,
        step=step,
        scalars={**_scalars(config, settings, step, success, rng), **by},
        samples=pa.Table.from_pylist([dict(zip(SAMPLES.names, row, strict=True)) for row in samples], schema=SAMPLES),
        tokens=table,
        prompt_hash=hashlib.sha256(prompts.tobytes()).hexdigest(),
    )


def step_traces(config: RunConfig, steps: int, **options: int | bool) -> list[StepTrace]:
    """The first `steps` traces of every learner, step by step."""
    return [step_trace(config, x.name, s, **options) for s in range(steps) for x in config.learners]  # type: ignore[arg-type]


def _response(settings, sample, step, pieces, reward, credit, centred, rng) -> dict[str, list]:  # type: ignore[no-untyped-def]
    n, ppo = len(pieces), isinstance(settings, PPOSettings)
    old = np.minimum(-0.01, -rng.exponential(0.3, n)).astype(np.float32)
    ref = (old + rng.normal(0, 0.15, n)).astype(np.float32)
    columns: dict[str, list] = {name: [] for name in TOKENS.names}
    nothing = [None] * n
    value = (0.5 + 0.3 * (reward - 0.5) + rng.normal(0, 0.15, n)).astype(np.float32)
    token_reward = (-0.05 * (old - ref)).astype(np.float32)
    token_reward[-1] += reward
    delta = token_reward + np.append(value[1:], 0).astype(np.float32) - value
    raw, carry = np.zeros(n, np.float32), 0.0
    for t in range(n - 1, -1, -1):
        carry = raw[t] = delta[t] + 0.95 * carry
    advantage = raw if ppo else np.full(n, credit, np.float32)
    drift = rng.normal(0, 0.12, n) + 0.06 * np.sign(advantage)
    for p in range(settings.num_iterations + 1):
        now = (old + np.float32(p) * drift / settings.num_iterations).astype(np.float32)
        now = np.minimum(now, np.float32(-0.001)) if p else old
        once = {
            "learner": [settings.name] * n,
            "step": [step] * n,
            "sample": [sample] * n,
            "position": list(range(n)),
            "token_id": [(ord(x[0]) % 20) for x in pieces],
            "token": pieces,
            "written": [True] * n,
            "logprob_old": old.tolist(),
            "logprob_ref": ref.tolist(),
            "token_reward": token_reward.tolist() if ppo else nothing,
            "value": value.tolist() if ppo else nothing,
            "delta": delta.tolist() if ppo else nothing,
            "advantage_raw": raw.tolist() if ppo else [centred] * n,
            "advantage": advantage.tolist(),
            "entropy": (np.abs(now) * 0.8).tolist(),
            "kl_exact": (0.5 * (now - ref) ** 2).tolist(),
        }
        once["return"] = (raw + value).tolist() if ppo else nothing
        once |= dict.fromkeys(("value_measured", "value_measured_noise", "advantage_measured"), nothing)  # no check
        for name, column in {**once, "pass": [p] * n, "logprob": now.tolist()}.items():
            columns[name] += column
    return columns


def _whiten(settings, tokens: list[dict[str, list]]) -> dict[str, list]:  # type: ignore[no-untyped-def]
    all_ = {name: [x for t in tokens for x in t[name]] for name in TOKENS.names}
    if isinstance(settings, PPOSettings):
        raw = np.array(all_["advantage_raw"])
        first = np.array(all_["pass"]) == 0
        all_["advantage"] = ((raw - raw[first].mean()) / (raw[first].std(ddof=1) + 1e-8)).tolist()
    advantage, now = np.array(all_["advantage"]), np.array(all_["logprob"])
    ratio, gap = np.exp(now - np.array(all_["logprob_old"])), np.array(all_["logprob_ref"]) - now
    low, high = 1 - settings.epsilon, 1 + settings.clip_high
    clipped = ((advantage > 0) & (ratio > high)).astype(int) - ((advantage < 0) & (ratio < low)).astype(int)
    derived = {"ratio": ratio, "kl_k1": -gap, "kl_k2": gap**2 / 2, "kl_k3": np.exp(gap) - 1 - gap}
    derived["objective"] = np.minimum(ratio * advantage, np.clip(ratio, low, high) * advantage)
    taken = np.array(all_["pass"]) < settings.num_iterations  # after the last pass no gradient is taken
    of_gradient = {"clipped": clipped, "ratio_update": ratio}
    known = {
        name: [x if t else None for x, t in zip(y.tolist(), taken, strict=True)] for name, y in of_gradient.items()
    }
    return {**all_, **known, **{name: column.tolist() for name, column in derived.items()}}


def _normalised_by(settings, tokens: list[dict[str, list]]) -> dict[str, float | None]:  # type: ignore[no-untyped-def]
    known = dict.fromkeys(("advantage_mean", "advantage_std", "score_std"))
    if isinstance(settings, PPOSettings):
        raw = np.array([x for t in tokens for x, p in zip(t["advantage_raw"], t["pass"], strict=True) if p == 0])
        known |= {"advantage_mean": float(raw.mean()), "advantage_std": float(raw.std(ddof=1))}
    return known


def _scalars(config, settings, step, success, rng) -> dict[str, float | int | None]:  # type: ignore[no-untyped-def]
    ppo, t = isinstance(settings, PPOSettings), step + 1
    known: dict[str, float | int | None] = {
        # 4 × 128 answers for 16 updates, as if the critic had been fitted to them (core/training/fitted.py).
        "samples_seen": t * config.responses_per_step
        + getattr(settings, "value_pretrain_updates", 0) // 4 * config.responses_per_step,
        "responses_trained": t * config.responses_per_step,
        "wall_time_s": 0.4 * t + 0.02 * ppo,
        "reward": success,
        "reward_std": (success * (1 - success)) ** 0.5,
        "success_rate": success,
        "heldout_success": success if step % 10 == 9 else None,
        "frac_reward_zero_std": min(0.9, t / 80),
        "kl": 0.2 * (1 - np.exp(-t / 20)) + rng.normal(0, 0.005),
        "entropy": 0.2 * np.exp(-t / 15) + 0.02,
        "ratio_mean": 1 + rng.normal(0, 0.01),
        "clip_ratio_low": 0.03 + 0.005 * rng.random(),
        "clip_ratio_high": 0.05 * rng.random(),
        "approx_kl": 0.01 * rng.random(),
        "approx_kl_update": 0.005 * rng.random(),
        "policy_loss": rng.normal(0, 0.05),
        "value_loss": 0.1 / t**0.5 if ppo else None,
        "vf_explained_var": 0.6 - 0.8 / t**0.5 if ppo else None,
        "completion_length": 14 + 0.5 * rng.normal(),
        "truncated_frac": 0.02,
        "grad_norm": 1 + rng.random(),
        "tokens_per_second": 6000.0,
        "step_time_s": 0.4,
        "rollout_time_s": 0.2,
        "update_time_s": 0.2,
    }
    known["clip_ratio"] = float(known["clip_ratio_low"]) + float(known["clip_ratio_high"])  # type: ignore[arg-type]
    known["group_reward_std"] = None if ppo else 0.3
    known |= dict.fromkeys((*VALUE_CHECK, *COVERAGE, *DISTANCES, *OF_PAIRS, *PARTS, *HELDOUT_PARTS))
    known = {name: float(x) if isinstance(x, np.floating) else x for name, x in known.items()}
    return {name: known[name] for name in STEPS.names if name in known}


def kl_of_updates(scalars: Mapping[str, Any]) -> bool:
    """Whether `approx_kl` of this row of STEPS is the mean over the states where gradients were taken."""
    return scalars.get("approx_kl") is not None and scalars.get("approx_kl_update") is None
