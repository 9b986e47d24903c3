"""One generation batch of TRL's GRPOTrainer, collected while it is trained on, and what it becomes: a step's trace.

B responses, T positions (the longest of the batch). Everything is on the CPU, in the order in which TRL made the
responses: whole groups, before it shuffles them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.algorithms.kl import ESTIMATORS, kl_k3
from core.algorithms.policy_loss import PolicyLoss, policy_objective
from core.algorithms.types import Credit, Experience
from core.learners.registry import AnyLearner
from core.runs.foreign import step_trace
from core.training.meter import Meter, step_scalars
from core.training.trace import StepTrace


@dataclass(frozen=True)
class Made:
    """What TRL's rollout gave: responses, rewards and advantages."""

    prompts: list[str]
    responses: list[str]
    answers: list[str | None]  # the right ones, where the data set names them
    rewards: Tensor  # float [B], NaN where no reward function gave anything
    advantages: Tensor  # float [B]
    ids: list[list[int]]  # each response's tokens
    mask: Tensor  # bool [B, T]: tokens that the loss counts
    truncated: list[bool]
    group_size: int
    seconds: float  # it took
    old: Tensor | None  # [B, T]; None where TRL takes the policy's own as it meets them
    ref: Tensor | None  # [B, T]

    @property
    def group(self) -> list[int]:
        return [i // self.group_size for i in range(len(self.ids))]


@dataclass
class _TokenSums:
    """Sums over the tokens of one optimiser step."""

    loss: float = 0.0
    tokens: int = 0
    ratio: float = 0.0
    low: float = 0.0
    high: float = 0.0
    moved: float = 0.0


@dataclass
class GenerationBatch:
    """A generation batch on its way through TRL's updates."""

    made: Made
    step: int
    settings: AnyLearner
    known_loss: bool  # whether clipping and objective can be said (trl_settings.loss_is_ours)
    max_length: int
    inputs: dict[str, Tensor]  # prompt and completion ids and masks of the kept responses
    kept: int  # so many responses' tokens are kept, the first ones
    updates: int = 0  # optimiser steps since it was made
    meter: Meter = field(default_factory=Meter)

    def __post_init__(self) -> None:
        shape = self.made.mask.shape
        self.seen = torch.zeros(shape[0], dtype=torch.long)  # how often TRL's loss met each response
        self.old = torch.full(shape, math.nan) if self.made.old is None else self.made.old.clone()
        self.passes: dict[int, tuple[Tensor, Tensor]] = {}  # number → log-probabilities and entropy, NaN where unknown
        self.taken: dict[int, tuple[Tensor, Tensor]] = {}  # number → ratio and side where its gradients were taken
        self._window = _TokenSums()

    def saw(self, rows: Tensor, logprobs: Tensor, entropies: Tensor, loss: float, *, exact: bool) -> None:
        """TRL's loss met responses `rows` [b] with the policy's `logprobs` and `entropies` [b, T].

        `exact` says that the policy was then as it was at the end of a pass (or before the first).
        """
        number = int(self.seen[rows[0]])
        self.seen[rows] += 1
        if self.made.old is None and self.updates == 0:
            self.old[rows] = logprobs
        at, entropy = self.pass_of(number)
        if number == 0 and self.updates:  # other responses have been learnt from: what counts as before is TRL's old
            at[rows] = self.old[rows]
        elif exact or number == 0:
            at[rows], entropy[rows] = logprobs, entropies
        result = self._objective(rows, logprobs, entropies)
        ratio, side = self._taken_in(number)
        ratio[rows], side[rows] = result.ratio.expand(logprobs.shape), result.clipped.expand(logprobs.shape).float()
        self._measure(rows, logprobs, result, loss)

    def pass_of(self, number: int) -> tuple[Tensor, Tensor]:
        """(log-probabilities, entropy) [B, T] of a pass, to be filled in."""
        if number not in self.passes:
            shape = self.made.mask.shape
            self.passes[number] = torch.full(shape, math.nan), torch.full(shape, math.nan)
        return self.passes[number]

    def _taken_in(self, number: int) -> tuple[Tensor, Tensor]:
        """(ratio, side) [B, T] where the pass that follows pass `number` took its gradients, to be filled in."""
        if number not in self.taken:
            shape = self.made.mask.shape
            self.taken[number] = torch.full(shape, math.nan), torch.full(shape, math.nan)
        return self.taken[number]

    def ended_update(self) -> None:
        """An optimiser step was made; its means go where our trainer's go."""
        self.updates += 1
        window, self._window = self._window, _TokenSums()
        if not window.tokens:
            return
        self.meter.losses.append(window.loss)
        self.meter.ratios.append(window.ratio / window.tokens)
        self.meter.kls.append(window.moved / window.tokens)
        if self.known_loss:
            self.meter.low.append(window.low / window.tokens)
            self.meter.high.append(window.high / window.tokens)

    def _measure(self, rows: Tensor, logprobs: Tensor, result: PolicyLoss, loss: float) -> None:
        mask, window = self.made.mask[rows], self._window
        old = self.old[rows]
        window.loss += loss
        window.tokens += int(mask.sum())
        window.ratio += float(result.ratio.expand(mask.shape)[mask].sum())
        window.moved += float(kl_k3(old, logprobs)[mask].sum())
        clipped = result.clipped.expand(mask.shape)[mask]
        window.low += float((clipped == -1).sum())
        window.high += float((clipped == 1).sum())

    def _objective(self, rows: Tensor, logprobs: Tensor, entropies: Tensor) -> PolicyLoss:
        """Ratio, clipping and objective of some responses, by the functions that train here."""
        experience, credit = self._experience(rows), self._credit(rows)
        return policy_objective(logprobs, experience, credit, self.settings, self.max_length, entropies)

    def _experience(self, rows: Tensor) -> Experience:
        made = self.made
        return Experience(
            mask=made.mask[rows],
            logprobs_old=self.old[rows],
            logprobs_ref=None if made.ref is None else made.ref[rows],
            rewards=made.rewards[rows],
            group=torch.tensor(made.group)[rows],
            truncated=torch.tensor(made.truncated)[rows],
        )

    def _credit(self, rows: Tensor) -> Credit:
        shape = self.made.mask[rows].shape
        raw = self._centred()[rows, None].expand(shape)
        return Credit(advantages=self.made.advantages[rows, None].expand(shape), advantages_raw=raw)

    def _centred(self) -> Tensor:
        """Each reward less its group's mean, which leaves out what nobody scored."""
        grouped = self.made.rewards.view(-1, self.made.group_size)
        return (grouped - grouped.nanmean(dim=1, keepdim=True)).flatten()

    # -- the trace -----------------------------------------------------------------------------------------------

    def trace(
        self, learner: str, names: list[str], times: dict[str, float | None], success_from: float | None
    ) -> StepTrace:
        """The step as it went. What TRL does not tell (held-out success, the exact KL, rewards per token) is null.

        `names` gives each token id's text; `times` the times that were measured; responses with a reward of at least
        `success_from` count as right (None: nobody knows).
        """
        made = self.made
        rewards = [x if math.isfinite(x) else None for x in made.rewards.tolist()]
        success = [None if success_from is None or x is None else x >= success_from for x in rewards]
        samples = [
            {
                "sample": i,
                "group": made.group[i],
                "prompt": made.prompts[i],
                "response": made.responses[i],
                "answer": made.answers[i],
                "reward": rewards[i],
                "success": success[i],
                "truncated": made.truncated[i],
                "length": len(ids),
            }
            for i, ids in enumerate(made.ids)
        ]
        scalars = {**self._scalars([x for x in success if x is not None]), **times}
        return step_trace(learner, self.step, scalars, samples, self._tokens(names))

    def _scalars(self, success: list[bool]) -> dict[str, float | int | None]:
        made, everyone = self.made, torch.arange(len(self.made.ids))
        if len(self.meter.norms) != self.updates:
            self.meter.norms.clear()
        entropy = self.pass_of(0)[1]
        self.meter.moved = self._moved()
        scalars = step_scalars(self._experience(everyone), self._credit(everyone), self.settings, entropy, self.meter)
        scalars["completion_length"] = float(np.mean([len(x) for x in made.ids]))
        scalars["success_rate"] = sum(success) / len(success) if success else None
        scored = made.rewards[made.rewards.isfinite()]
        if 0 < len(scored) < len(made.rewards):  # means over those that were scored, as TRL's
            scalars |= {"reward": float(scored.mean()), "reward_std": float(scored.std()), "frac_reward_zero_std": None}
        return {name: x if x is None or math.isfinite(x) else None for name, x in scalars.items()}

    def _moved(self) -> float | None:
        """The mean k3 of the kept responses' tokens from before the first update to after the last, where known."""
        if self.settings.num_iterations not in self.passes:
            return None
        now, old = self.passes[self.settings.num_iterations][0][: self.kept], self.old[: self.kept]
        known = self.made.mask[: self.kept] & now.isfinite() & old.isfinite()
        return float(kl_k3(old, now)[known].mean()) if bool(known.any()) else None

    def _tokens(self, names: list[str]) -> dict[str, list[Any]]:
        """Columns of TOKENS for the kept responses and every pass that is known."""
        columns: dict[str, list[Any]] = {}
        for number in sorted(self.passes):
            for name, column in self._tokens_at(number, names).items():
                columns.setdefault(name, []).extend(column)
        return columns

    def _tokens_at(self, number: int, names: list[str]) -> dict[str, list[Any]]:
        made = self.made
        now, entropy = self.passes[number]
        rows = [i for i in range(self.kept) if bool(now[i][made.mask[i]].isfinite().all()) and len(made.ids[i])]
        if not rows:
            return {}
        chosen = torch.tensor(rows)
        at, place = zip(*((n, t) for n, i in enumerate(rows) for t in range(len(made.ids[i]))), strict=True)
        where = torch.tensor(at), torch.tensor(place)

        def flat(x: Tensor) -> list[Any]:
            counted = made.mask[chosen][where]
            return [v if c and math.isfinite(v) else None for v, c in zip(x[where].tolist(), counted, strict=True)]

        result = self._objective(chosen, now[chosen], entropy[chosen])
        ids = [made.ids[rows[n]][t] for n, t in zip(at, place, strict=True)]
        credit = self._credit(chosen)
        columns = {
            "pass": [number] * len(ids),
            "sample": [rows[n] for n in at],
            "position": list(place),
            "token_id": ids,
            "token": [names[x] if x < len(names) else f"⟨{x}⟩" for x in ids],
            "logprob_old": flat(self.old[chosen]),
            "logprob": flat(now[chosen]),
            "ratio": flat(result.ratio.expand(now[chosen].shape)),
            "entropy": flat(entropy[chosen]),
            "advantage": flat(credit.advantages),
            "advantage_raw": flat(credit.advantages_raw),
        }
        ratio, side = self.taken.get(number) or (torch.full(now.shape, math.nan),) * 2
        columns["ratio_update"] = flat(ratio[chosen])
        if self.known_loss:
            columns["clipped"] = [None if x is None else int(x) for x in flat(side[chosen])]
            columns["objective"] = flat(result.objective)
        if made.ref is not None:
            columns["logprob_ref"] = flat(made.ref[chosen])
            for name, estimate in ESTIMATORS.items():
                columns[f"kl_{name}"] = flat(estimate(now[chosen], made.ref[chosen]))
        return columns
