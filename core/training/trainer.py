"""The trainer: `Trainer(config, learner).steps()` yields one `StepTrace` per step. There is no second loop anywhere.

One step: sample G responses to each prompt → verify them → score them with the policy, the reference and the critic →
credit every token → pass `num_iterations` times over the rollout. Only `credit_for(settings)` differs between learners.
"""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.config import RunConfig
from core.curation import task_of
from core.learners.collected import Collected
from core.learners.registry import AnyLearner, credit_for, critic_of, learner_kind, needs_of, without
from core.models import forward, positions, precision
from core.models.device import device_of
from core.models.fetching import Progress
from core.models.start import load
from core.stored_config import dump_config, read_config
from core.training import collecting, evaluation, fitted, learner_models, value_check
from core.training.allocator import give_back
from core.training.answer import mean_parts
from core.training.choose import choose
from core.training.collecting import bytes_of, from_state, state_of, table_of
from core.training.continuations import Oracle
from core.training.distances import StartWeights
from core.training.drift import Drift
from core.training.evaluated import evaluate
from core.training.experience import experience_of, panel_of
from core.training.gather import Asker, Gathered, longest_prompt
from core.training.learning import Learning
from core.training.meter import Meter, speed, step_scalars
from core.training.passes import Passes
from core.training.proxy import proxy_of
from core.training.record import Answers, PanelRecorder, samples_table
from core.training.scoring import Sequences
from core.training.state import trained_bytes, trained_weights, write_whole
from core.training.trace import OF_PAIRS, StepTrace, prompt_hash
from core.training.update import Batch, Updater
from core.training.value_replay import ValueReplay

#: The streams of random numbers that prefixes are continued with, beside those of sampling and passes: for a credit
#: that needs values, and to check them.
_CONTINUATIONS, _CHECK = 200, 300


class Trainer(Learning):
    """One learner of a run that trains a policy. On the CPU, the same config gives the same trace, bit for bit."""

    answers = True

    def __init__(
        self,
        config: RunConfig,
        learner: str,
        progress: Progress | None = None,
        *,
        resumed: bool = False,
    ) -> None:
        """Loads the start model and fits the critic to its answers where that is asked for.

        `progress` is called with (what is being done, share of it) where that takes time. `resumed`: the weights of a
        checkpoint come next, so nothing needs to be fitted.

        Raises ConfigError if the config names a learner, model, task or device that isn't there.
        """
        self.config, self.learner, self.step = config, learner, 0
        self.changing = False
        self.device = device_of(config.device)
        self.task = task_of(config)
        start = load(config.model, self.device, system_prompt=config.system_prompt, progress=progress)
        self.start_hash, self.policy, self.codec = start.hash, start.model, start.codec
        settings, small = self.settings, forward.is_lean(start.model)
        self.dtype = precision.resolve(config.dtype, self.device, small=small)
        #: Whether products are really rounded to bfloat16 here; `note` is the sentence on it.
        self.rounds = precision.rounds(self.dtype, self.device)
        self.note = precision.about(config.dtype, self.dtype, rounded=self.rounds, small=small)
        forward.prepare(self.policy)  # in float32: what bfloat16 rounds away would look like a fault of the model's
        choose(self.task, config, self.policy, self.codec, progress)
        self.reference = learner_models.reference_of(config, settings, self.policy)
        self.proxy = proxy_of(settings, self.policy, self.start_hash)
        self.start_weights = StartWeights(self.policy, self.reference, config.lora_rank)
        self.models = learner_models.prepare(config, settings, self.policy, self.reference)
        self.value_model = self.models.value_model
        self._updater = Updater(self.policy, self.value_model, settings)
        self._events: list[dict[str, Any]] = []
        self._wall_time = 0.0
        self._drift = Drift()
        longest = longest_prompt(self.task, self.codec, config.seed)
        #: What a person should know of this run before its first step.
        self.warning = positions.check(self.policy, config.model, longest, self.max_length)
        #: Responses whose gradients were taken, and responses scored to learn from them (core/training/trace.py).
        self._responses_trained = 0
        self._samples_seen = 0 if resumed else self._fit_critic(progress)
        #: The fixed set that an offline learner learns from; its table goes with the first step.
        self.data: Collected | None = None if resumed else self._collect(progress)
        self._table = None if self.data is None else table_of(self.data, learner)
        self._samples_seen += 0 if self.data is None else len(self.data)

    @property
    def max_length(self) -> int:
        """Longest response in tokens."""
        return self.config.max_completion_length or self.task.max_completion_length

    @property
    def value_replay(self) -> ValueReplay:
        """The earlier responses that the critic goes on learning from."""
        return self._updater.replay

    def _fit_critic(self, progress: Progress | None) -> int:
        """Before the first step: what the critic knows of the start policy's answers (core/training/fitted.py).

        Returns from how many scored responses it knows it: `samples_seen` begins with them.
        """
        if self.value_model is None:
            return 0
        plan = fitted.plan_of(self.config, self.settings, self.start_hash, self.device, self.dtype)
        asker = Asker(self.policy, self.codec, self.task, self.config, self.settings, self.max_length, proxy=self.proxy)
        with precision.matmuls(self.dtype, self.device):
            known = fitted.begin(self.value_model, asker, plan, self.start_hash, progress)
        if not forward.is_lean(self.policy):
            give_back()
        return known

    def _collect(self, progress: Progress | None) -> Collected | None:
        """Before the first step: the data set of a learner that learns from one (core/training/collecting.py)."""
        about = self.policy, self.codec, self.task, self.config, self.settings, self.max_length
        with precision.matmuls(self.dtype, self.device):
            return collecting.collect(*about, progress)

    def _around(self) -> AbstractContextManager[object]:
        return precision.matmuls(self.dtype, self.device)

    def _after(self) -> None:
        if not forward.is_lean(self.policy):
            give_back()

    @property
    def keeps_reference(self) -> bool:
        """Whether the start model is at hand, so that a KL against it can be asked for from now on."""
        return self.reference is not None or self.models.adapters_off

    def final_evaluation(self) -> dict[str, float]:
        """Held-out success of the policy as it is now: sampled (4 responses a question) and greedy."""
        return evaluation.final(self)

    def compared(self, when: str, progress: evaluation.AnswerProgress | None = None) -> dict[str, Any]:
        """Every held-out question answered greedily and `compare_samples` times sampled, as an event's value."""
        return evaluation.compared(self, when, progress)

    # --- one step -----------------------------------------------------------------------------------------------

    def _step(self) -> StepTrace:
        """One step. P prompts, B = P · G responses, T response positions; the tokens of n responses are kept."""
        started, settings = time.perf_counter(), self.settings
        evaluated = evaluate(self)

        sampling_started = time.perf_counter()
        about = self.policy, self.codec, self.task, self.config, settings, self.max_length
        asker = Asker(*about, self.data, self.proxy)
        gathered = asker.gather(self.step, self._generator)
        self._samples_seen += gathered.sampled
        rollout, answers = gathered.rollout, gathered.answers  # ids, mask, log π_old [B, T]; texts, rewards: lists of B
        measured = self._measured(settings, gathered)  # V [B, T] of a kind without a critic that needs it, else None
        rollout_time = time.perf_counter() - sampling_started

        sequences = Sequences.of(rollout)  # long [B, L + T]
        panel = panel_of(self.config, settings, len(rollout.mask), self.device)  # long [n]
        check_started = time.perf_counter()
        check = value_check.check(self, settings, gathered, self.step, len(panel), self._generator(_CHECK))
        sampling_started += time.perf_counter() - check_started  # as the evaluation's, no part of the step's time

        passes = Passes(self.models, self._updater, self.config, settings, self.max_length, self.step)
        initial = passes.before(sequences, len(panel), self._drift.last)  # log π, log π_ref and V [B, T], where needed
        with torch.no_grad():
            # log π, log π_ref and V [B, T]; rewards, group, truncated [B]
            experience = experience_of(gathered, initial, measured, settings, self.task, self.codec)
            credit = credit_for(settings)(experience)  # advantages, and what they are made of: [B, T]

        def recorder(batch: Batch) -> PanelRecorder:
            about = self.learner, self.step, panel, rollout.completion_ids, self.codec.names
            checked = None if check is None else check.columns()
            return PanelRecorder(*about, batch.experience, credit, settings, self.max_length, checked)

        batch, meter = Batch(sequences, experience, credit), Meter()
        self.changing = True
        batch, first, record = passes.run(batch, initial, recorder, meter, len(panel), self._generator)
        experience = batch.experience  # log π_old [B, T] is known now, also where only the first pass scored it
        sampled = not learner_kind(settings).offline
        self._events += self._drift.compare(self, rollout, first, sampled=sampled)
        critic = critic_of(settings)
        if critic is not None and credit.returns is not None:
            self._updater.replay.add(sequences, credit.returns, critic.value_replay_steps)

        now = time.perf_counter()
        scalars = step_scalars(experience, credit, settings, first.entropy.detach(), meter)  # numbers of all B · T
        scalars |= value_check.UNCHECKED if check is None else check.numbers(experience)
        scalars |= self._progress(answers, now - started) | evaluated.columns | dict.fromkeys(OF_PAIRS)
        scalars |= speed(float(experience.mask.sum()), now - sampling_started, rollout_time)
        if learner_kind(settings).offline:  # its responses are not its policy's
            scalars["kl"] = None if evaluated.covered is None else evaluated.covered.kl
        scalars |= dict.fromkeys(without(settings) & scalars.keys())
        events, self._events = self._events, []
        table, self._table = self._table, None
        samples = samples_table(self.learner, self.step, answers, experience, credit)  # B rows
        tokens = record.table()  # a row per pass (μ + 1), kept response (n) and token
        asked = prompt_hash(gathered.prompts)
        return StepTrace(self.learner, self.step, scalars, samples, tokens, asked, events, table)

    def _progress(self, answers: Answers, seconds: float) -> dict[str, float | None]:
        """What the run has come to with this step, which took so long, and how right the step's own responses are."""
        self._wall_time += seconds
        self._responses_trained += len(answers.responses)
        return {
            "samples_seen": self._samples_seen,
            "responses_trained": self._responses_trained,
            "wall_time_s": self._wall_time,
            "success_rate": sum(answers.successes) / len(answers.successes),
            **mean_parts(answers.parts),
        }

    def _measured(self, settings: AnyLearner, gathered: Gathered) -> Tensor | None:
        """For a learner without a critic whose credit needs values: those that fresh continuations show [B, T]."""
        continuations = needs_of(settings).continuations
        if not continuations:
            return None
        generator = self._generator(_CONTINUATIONS)
        estimates = Oracle.of(self).estimate(gathered.written(), continuations=continuations, seed=generator)
        self._samples_seen += estimates.rollouts  # each of them was sampled and scored, too
        return estimates.values

    def _generator(self, stream: int) -> torch.Generator:
        """Randomness as a function of seed, step and stream alone, so that a resumed run repeats the straight one."""
        return torch.Generator().manual_seed((self.config.seed * 1_000_003 + self.step) * 1_009 + stream)

    # --- checkpoints --------------------------------------------------------------------------------------------

    @property
    def stored_bytes(self) -> int:
        """About how many bytes a checkpoint takes: weights, for those that are trained Adam's two moments, replayed
        responses, and a data set."""
        trained = trained_bytes(self.policy) + (trained_bytes(self.value_model) if self.value_model else 0)
        return trained + self.value_replay.size + (0 if self.data is None else bytes_of(self.data))

    def save(self, path: Path) -> None:
        """Everything that the next step depends on, in one file that is complete or not there at all."""
        state = {
            "config": json.dumps(dump_config(self.config)),
            "learner": self.learner,
            "step": self.step,
            "wall_time": self._wall_time,
            "samples_seen": self._samples_seen,
            "responses_trained": self._responses_trained,
            "policy": trained_weights(self.policy),
            "value_model": None if self.value_model is None else trained_weights(self.value_model),
            "optimizers": self._updater.state_dict(),
            "value_replay": self._updater.replay.state_dict(),
            "drift": self._drift.last,
            "told_drift": self._drift.reported,
            "data": None if self.data is None else state_of(self.data),
            "rng": torch.get_rng_state(),
        }
        write_whole(state, path)

    @classmethod
    def load(cls, path: Path, progress: Progress | None = None) -> Trainer:
        """Continues a saved learner exactly. Raises OSError or ConfigError if the file isn't a usable checkpoint."""
        return cls.from_state(torch.load(path, map_location="cpu", weights_only=True), progress)

    @classmethod
    def from_state(cls, state: dict[str, Any], progress: Progress | None = None) -> Trainer:
        """The learner of a checkpoint's content. Raises ConfigError where it is not usable."""
        trainer = cls(read_config(state["config"]), state["learner"], progress, resumed=True)
        trainer.step, trainer._wall_time = state["step"], state["wall_time"]
        trainer._samples_seen = state["samples_seen"]
        # Older checkpoints lack it; every step of a run trains on equally many responses.
        made = state["step"] * trainer.config.responses_per_step
        trainer._responses_trained = state.get("responses_trained", made)
        trainer.policy.load_state_dict(state["policy"], strict=not trainer.config.lora_rank)
        if trainer.value_model is not None:
            trainer.value_model.load_state_dict(state["value_model"], strict=not trainer.config.lora_rank)
        trainer._updater.load_state_dict(state["optimizers"])
        trainer._updater.replay.load_state_dict(state.get("value_replay", []))
        trainer._drift = Drift(state["drift"], state.get("told_drift", 0.0))
        if state.get("data") is not None:
            trainer.data = from_state(state["data"])
            if trainer.step == 0:  # stopped before its first step, with which the table goes
                trainer._table = table_of(trainer.data, trainer.learner)
        torch.set_rng_state(state["rng"])
        return trainer
