"""The trainer: `Trainer(config, learner).steps()` yields one `StepTrace` per step. There is no second loop anywhere.

One step: sample G responses to each prompt → verify them → score them with the policy, the reference and the critic →
credit every token → pass `num_iterations` times over the rollout. Only `credit_for(settings)` differs between learners.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.algorithms.credit import credit_for, take
from core.algorithms.kl import entropy, kl_k3
from core.algorithms.policy_loss import policy_objective
from core.algorithms.types import Credit, Experience
from core.algorithms.value_loss import clipped_value_loss
from core.config import AnyLearner, ConfigError, PPOSettings, RunConfig, VineSettings, change, parse_config
from core.insight.oracle import Oracle, Responses
from core.models.bundled import load
from core.models.value import ValueModel
from core.tasks.chain_sum import ChainSum
from core.training import scoring
from core.training.evaluation import success_rate
from core.training.gather import Asker, Gathered
from core.training.meter import Meter, step_scalars
from core.training.optimizer import Optimizer
from core.training.record import PanelRecorder, prompt_hash, samples_table
from core.training.rollout import encode
from core.training.scoring import Scored, Sequences
from core.training.trace import StepTrace

#: Sampled and re-scored log-probabilities may differ by rounding alone; more is a bug or too coarse a number format.
DRIFT_ALLOWED = 1e-3

#: The stream of random numbers that prefixes are continued with, beside those of sampling and passes.
_CONTINUATIONS = 200


class Trainer:
    """One learner of a run. On the CPU, the same config gives the same trace, bit for bit."""

    def __init__(self, config: RunConfig, learner: str) -> None:
        """Loads the start model; raises ConfigError if the config names a learner, model or device that isn't there."""
        self.config, self.learner, self.step = config, learner, 0
        self.device = torch.device(_device(config.device))
        self.task = ChainSum(config.task)
        start = load(config.model, self.device)
        self.start_hash, self.policy, self.tokenizer = start.hash, start.model, start.tokenizer
        self.reference = load(config.model, self.device).model.requires_grad_(False)
        settings = self.settings
        self._policy_optimizer = Optimizer(self.policy, settings.learning_rate, settings)
        self.value_model: ValueModel | None = None
        self._value_optimizer: Optimizer | None = None
        if isinstance(settings, PPOSettings):
            self.value_model = ValueModel(start.model)
            self._value_optimizer = Optimizer(self.value_model, settings.value_learning_rate, settings)
        names = self.tokenizer.convert_ids_to_tokens(range(len(self.tokenizer)))
        self._vocabulary = [str(name) for name in names]
        self._events: list[dict[str, Any]] = []
        self._wall_time, self._samples_seen = 0.0, 0
        encode(self.tokenizer, self.task.prompts(config.seed, 0, 1), self.device)  # a model that can't read the task

    @property
    def settings(self) -> AnyLearner:
        """This learner's settings as they are now."""
        return self.config.learner(self.learner)

    @property
    def max_length(self) -> int:
        """Longest response in tokens."""
        return self.config.max_completion_length or self.task.max_completion_length

    def steps(self) -> Iterator[StepTrace]:
        """Trains from `self.step` to `config.steps`. Between two items the caller may `change` settings or `save`."""
        while self.step < self.config.steps:
            trace = self._step()
            self.step += 1
            yield trace

    def change(self, assignments: dict[str, Any]) -> None:
        """Learner settings (`lam`, `ppo.lam`) or `steps`, from the next step on; ConfigError if that cannot be."""
        changed = change(self.config, assignments)
        fixed = [
            name
            for name, value in changed.model_dump(exclude={"learners", "steps"}).items()
            if value != self.config.model_dump()[name]
        ]
        if fixed:
            raise ConfigError(f"{', '.join(fixed)}: cannot change while a run goes on; start a new run with it")
        self.config = changed
        self._events.append({"kind": "changed", "value": assignments})

    def final_evaluation(self) -> dict[str, float]:
        """Held-out success of the policy as it is now: sampled (4 responses a question) and greedy."""
        return {"sampled": self._heldout(samples=4), "greedy": self._heldout(greedy=True)}

    # --- one step -----------------------------------------------------------------------------------------------

    def _step(self) -> StepTrace:
        started, config, settings = time.perf_counter(), self.config, self.settings
        heldout = self._heldout() if config.eval_every and self.step % config.eval_every == 0 else None
        sampling_started = time.perf_counter()
        asker = Asker(self.policy, self.tokenizer, self.task, config, self.max_length)
        gathered = asker.gather(settings, self.step, self._generator)
        rollout, answers = gathered.rollout, gathered.answers
        self._samples_seen += gathered.sampled
        measured = self._measured(settings, gathered)
        rollout_time = time.perf_counter() - sampling_started

        sequences = Sequences.of(rollout)
        # The gradient is kept: with one mini-batch this pass is also the update's first, so its ratio is exactly 1.
        scored = scoring.score(self.policy, sequences, config.temperature)
        predicted = None if self.value_model is None else scoring.values(self.value_model, sequences)
        panel = self._panel(len(answers.responses))
        with torch.no_grad():
            reference = scoring.score(self.reference, sequences, config.temperature)
            experience = self._experience(gathered, scored, reference, predicted, measured)
            credit = credit_for(settings)(experience)
        recorder = PanelRecorder(
            self.learner, self.step, panel, rollout.completion_ids, self._vocabulary, experience, credit,
            reference.distribution[panel], settings, self.max_length,
        )  # fmt: skip
        recorder.add(0, Scored(scored.logprobs.detach()[panel], scored.distribution.detach()[panel]))

        meter = Meter()
        meter.drift = float(((rollout.logprobs - experience.logprobs_old) * experience.mask).abs().max())
        first_entropy = entropy(scored.distribution.detach())
        first = (scored, predicted) if settings.num_mini_batches == 1 else None
        for number in range(1, settings.num_iterations + 1):
            self._pass(number, sequences, experience, credit, meter, first if number == 1 else None)
            with torch.no_grad():
                recorder.add(number, scoring.score(self.policy, sequences.rows(panel), config.temperature))

        now = time.perf_counter()
        self._wall_time += now - started
        if meter.drift > DRIFT_ALLOWED:
            self._events.append({"kind": "drift", "value": meter.drift})
        scalars = step_scalars(experience, credit, settings, first_entropy, meter)
        scalars |= {
            "samples_seen": self._samples_seen,
            "wall_time_s": self._wall_time,
            "success_rate": sum(answers.successes) / len(answers.successes),
            "heldout_success": heldout,
            "tokens_per_second": float(experience.mask.sum()) / (now - sampling_started),
            "step_time_s": now - sampling_started,
            "rollout_time_s": rollout_time,
            "update_time_s": now - sampling_started - rollout_time,
        }
        events, self._events = self._events, []
        table = samples_table(self.learner, self.step, answers, experience)
        hashed = prompt_hash(gathered.prompts)
        return StepTrace(self.learner, self.step, scalars, table, recorder.table(), hashed, events)

    def _measured(self, settings: AnyLearner, gathered: Gathered) -> Tensor | None:
        """For a learner without a critic whose credit needs values: those that fresh continuations show [B, T]."""
        if not isinstance(settings, VineSettings):
            return None
        rollout, rewards = gathered.rollout, torch.tensor(gathered.answers.rewards, device=self.device)
        responses = Responses(gathered.answers.prompts, rollout.completion_ids, rollout.mask, rewards)
        generator = self._generator(_CONTINUATIONS)
        found = Oracle.of(self).estimate(responses, continuations=settings.continuations, seed=generator)
        self._samples_seen += found.rollouts  # each of them was sampled and scored, too
        return found.values

    def _experience(
        self,
        gathered: Gathered,
        scored: Scored,
        reference: Scored,
        predicted: tuple[Tensor, Tensor] | None,
        measured: Tensor | None,
    ) -> Experience:
        rollout, groups = gathered.rollout, torch.arange(self.config.prompts_per_step, device=self.device)
        values, after = (measured, None) if predicted is None else (predicted[0].detach(), predicted[1].detach())
        return Experience(
            mask=rollout.mask,
            logprobs_old=scored.logprobs.detach(),
            logprobs_ref=reference.logprobs,
            rewards=torch.tensor(gathered.answers.rewards, device=self.device),
            group=groups.repeat_interleave(self.config.num_generations),
            truncated=rollout.truncated,
            values=values,
            value_after=after,
        )

    def _pass(
        self,
        number: int,
        sequences: Sequences,
        experience: Experience,
        credit: Credit,
        meter: Meter,
        first: tuple[Scored, tuple[Tensor, Tensor] | None] | None,
    ) -> None:
        """One pass over the rollout in mini-batches; `first` are the scores that were made with gradient already."""
        settings, count = self.settings, len(experience.mask)
        order = torch.arange(count)
        if settings.num_mini_batches > 1:
            order = torch.randperm(count, generator=self._generator(number))
        for index in order.to(self.device).chunk(settings.num_mini_batches):
            rows = sequences.rows(index)
            part, part_credit = take(experience, index), take(credit, index)
            if isinstance(settings, PPOSettings):
                self._fit_critic(settings, rows, part, part_credit, meter, first[1] if first else None)
            if isinstance(settings, PPOSettings) and self.step < settings.value_warmup_steps:
                continue
            scored = first[0] if first else scoring.score(self.policy, rows, self.config.temperature)
            bonus = entropy(scored.distribution) if settings.entropy_coef > 0 else None
            result = policy_objective(scored.logprobs, part, part_credit, settings, self.max_length, bonus)
            norm = self._policy_optimizer.step(result.loss, settings.learning_rate, settings)
            with torch.no_grad():
                meter.policy(result, part.mask, kl_k3(part.logprobs_old, scored.logprobs), norm)

    def _fit_critic(
        self,
        settings: PPOSettings,
        rows: Sequences,
        experience: Experience,
        credit: Credit,
        meter: Meter,
        predicted: tuple[Tensor, Tensor] | None,
    ) -> None:
        assert self.value_model is not None
        assert self._value_optimizer is not None
        assert credit.returns is not None
        assert experience.values is not None
        values = (predicted or scoring.values(self.value_model, rows))[0]
        per_token = clipped_value_loss(values, experience.values, credit.returns, settings.cliprange_value)
        loss = per_token[experience.mask].mean()
        self._value_optimizer.step(settings.vf_coef * loss, settings.value_learning_rate, settings)
        meter.value_losses.append(float(loss.detach()))

    def _panel(self, count: int) -> Tensor:
        """Whole groups, so that every kept response can be compared with its group."""
        size = self.config.num_generations
        kept = count if self.config.trace == "all" else min(count, max(size, self.config.panel_size // size * size))
        return torch.arange(kept, device=self.device)

    def _heldout(self, *, samples: int = 1, greedy: bool = False) -> float:
        return success_rate(
            self.policy,
            self.tokenizer,
            self.task,
            # The same random numbers at every evaluation: what moves is the policy.
            seed=None if greedy else self.config.seed,
            samples=samples,
            temperature=self.config.temperature,
            max_completion_length=self.max_length,
        )

    def _generator(self, stream: int) -> torch.Generator:
        """Randomness as a function of seed, step and stream alone, so that a resumed run repeats the straight one."""
        return torch.Generator().manual_seed((self.config.seed * 1_000_003 + self.step) * 1_009 + stream)

    # --- checkpoints --------------------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Everything that the next step depends on, in one file that is complete or not there at all."""
        state = {
            "config": self.config.model_dump_json(),
            "learner": self.learner,
            "step": self.step,
            "wall_time": self._wall_time,
            "samples_seen": self._samples_seen,
            "policy": self.policy.state_dict(),
            "policy_optimizer": self._policy_optimizer.state_dict(),
            "value_model": None if self.value_model is None else self.value_model.state_dict(),
            "value_optimizer": None if self._value_optimizer is None else self._value_optimizer.state_dict(),
            "rng": torch.get_rng_state(),
        }
        partial = path.with_name(path.name + ".partial")
        try:
            torch.save(state, partial)
            os.replace(partial, path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise

    @classmethod
    def load(cls, path: Path) -> Trainer:
        """Continues a saved learner exactly. Raises OSError or ConfigError if the file isn't a usable checkpoint."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        trainer = cls(parse_config(json.loads(state["config"])), state["learner"])
        trainer.step, trainer._wall_time = state["step"], state["wall_time"]
        trainer._samples_seen = state["samples_seen"]
        trainer.policy.load_state_dict(state["policy"])
        trainer._policy_optimizer.load_state_dict(state["policy_optimizer"])
        if trainer.value_model is not None and trainer._value_optimizer is not None:
            trainer.value_model.load_state_dict(state["value_model"])
            trainer._value_optimizer.load_state_dict(state["value_optimizer"])
        torch.set_rng_state(state["rng"])
        return trainer


def _device(name: str) -> str:
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next(x for x in ("cuda", "mps", "cpu") if available[x])
    if not available[name]:
        there = ", ".join(x for x, yes in available.items() if yes)
        raise ConfigError(f"device: {name} is not available on this machine; available are {there}, or auto")
    return name
