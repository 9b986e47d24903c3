"""Between a step's rollout and its end: what the models say of the responses, then the passes, each recorded.

A response is scored no more often than its numbers change. With one mini-batch, the scores of a pass's update are also
what the pass before it has made; only the last pass needs the panel scored once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.algorithms.kl import kl_k3
from core.algorithms.masked import masked_mean
from core.config import RunConfig
from core.learners.registry import AnyLearner, critic_of, learner_kind, needs_of
from core.training import scoring
from core.training.drift import DRIFT_ALLOWED
from core.training.learner_models import Models
from core.training.meter import Meter
from core.training.record import PanelRecorder
from core.training.scoring import Scored, Sequences
from core.training.update import Batch, Before, Taken, Updater, joined, parts


@dataclass(frozen=True)
class InitialScores:
    """What the models say of a step's responses before the first update."""

    before: Before | None  # with gradient, where it serves the first update
    policy: Scored | None  # None where it is not scored by itself: see `Passes.needs_scores`
    reference: Scored | None
    values: tuple[Tensor, Tensor] | None  # the critic's [B, T], and after the whole response [B]


class Passes:
    """One step's scoring and updating, with the settings of that step."""

    def __init__(
        self, models: Models, updater: Updater, config: RunConfig, settings: AnyLearner, max_length: int, step: int
    ) -> None:
        self.models, self.updater, self.config, self.settings = models, updater, config, settings
        self.max_length = max_length
        critic = critic_of(settings)
        self.warming_up = critic is not None and step < critic.value_warmup_steps
        self.critic_passes = 0 if critic is None else critic.value_num_iterations or settings.num_iterations
        if critic is not None and critic.value_freeze_after is not None and step >= critic.value_freeze_after:
            self.critic_passes = 0

    def before(self, sequences: Sequences, panel: int, drift: float | None) -> InitialScores:
        """Every model's scores; `panel`: of how many responses tokens are kept; `drift`: of the step before."""
        config, settings, value_model = self.config, self.settings, self.models.value_model
        pieces = list(parts(len(sequences.mask), config.micro_batch_size))
        before, scored, predicted = None, None, None
        if len(pieces) == 1 and settings.num_mini_batches == 1:
            # The gradient is kept: this pass is also the update's first, so its ratio is exactly 1.
            policy, temperature = self.models.policy, config.temperature
            with_entropy = settings.entropy_coef > 0
            scored = scoring.score(policy, sequences, temperature, keep=panel, entropy_gradient=with_entropy)
            if value_model is not None:
                with torch.set_grad_enabled(self.critic_passes > 0):
                    predicted = scoring.values(value_model, sequences)
            before = Before(scored, None if predicted is None else predicted[0])
        else:
            with torch.no_grad():
                if self.needs_scores(drift):
                    scored = self._in_parts(self.models.policy, sequences, panel)
                if value_model is not None:
                    pieces_scored = [scoring.values(value_model, sequences.rows(x)) for x in pieces]
                    predicted = torch.cat([x[0] for x in pieces_scored]), torch.cat([x[1] for x in pieces_scored])
        with torch.no_grad(), self.models.as_reference() as model:
            reference = None if model is None else self._in_parts(model, sequences, panel)
        return InitialScores(before, scored, reference, predicted)

    @property
    def old_from_first_pass(self) -> bool:
        """Whether the old policy's log-probabilities may be those that the first pass scores: nothing needs them
        earlier (no KL in the reward, no credit that is made of them), they are no one else's, and the first pass scores
        all responses before it changes anything."""
        needed = self.settings.kl_coef > 0 or needs_of(self.settings).logprobs or self.against_collector
        return self.settings.num_mini_batches == 1 and not needed and not self.warming_up

    @property
    def against_collector(self) -> bool:
        """Whether the old log-probabilities are those of who collected the responses."""
        return learner_kind(self.settings).against_collector

    def needs_scores(self, drift: float | None) -> bool:
        """Whether the old policy's log-probabilities must be scored by themselves.

        They need not where the first pass scores them, nor where the sampler's agreed with scored ones in the step
        before (`drift`, measured in every step on all tokens; None: not yet) and the run may reuse them.
        """
        if self.old_from_first_pass:
            return False
        reusable = self.config.reuse_logprobs and drift is not None and drift <= DRIFT_ALLOWED
        return not (reusable and self.settings.num_mini_batches == 1 and not self.warming_up)

    def run(
        self,
        batch: Batch,
        initial: InitialScores,
        recorder: Callable[[Batch], PanelRecorder],
        meter: Meter,
        panel: int,
        generator: Callable[[int], torch.Generator],
    ) -> tuple[Batch, Scored, PanelRecorder]:
        """All passes over the rollout, each recorded.

        Returns the batch (with the old policy's log-probabilities), what the policy said of all responses before the
        first update, and the record.
        """
        settings, count = self.settings, len(batch.experience.mask)
        first, now = initial.policy, initial.policy
        record: PanelRecorder | None = None
        for number in range(1, settings.num_iterations + 1):
            if now is None and (settings.num_mini_batches > 1 or self.warming_up):
                now = self._score_panel(batch.sequences, panel)
            order = self._order(count, number, generator)
            deferred = number == 1 and initial.policy is None and self.old_from_first_pass
            taken = None if self.warming_up else Taken.of(batch.experience.mask[:panel])
            exact: list[Tensor | None] = []

            def look(scored: Scored, exact: list[Tensor | None] = exact) -> None:
                exact.append(self._exact(scored.rows(panel), initial))

            if now is not None:
                look(now)
            seen = self.updater.one_pass(
                batch, self.config, settings, self.max_length, order, meter, train_policy=not self.warming_up,
                train_critic=number <= self.critic_passes, before=initial.before if number == 1 else None, keep=panel,
                own_old=deferred, look=look if now is None else None, taken=taken,
            )  # fmt: skip
            now = now or seen
            assert now is not None
            if deferred:
                batch = replace(batch, experience=replace(batch.experience, logprobs_old=now.logprobs))
            first, record = first or now, record or recorder(batch)
            record.add(number - 1, now.rows(panel), exact[0], taken)
            now = None
        for number in range(settings.num_iterations + 1, self.critic_passes + 1):
            self.updater.one_pass(
                batch, self.config, settings, self.max_length, self._order(count, number, generator), meter,
                train_policy=False, before=None, keep=0, own_old=False,
            )  # fmt: skip
        assert record is not None
        assert first is not None
        last = self._score_panel(batch.sequences, panel)
        record.add(settings.num_iterations, last, self._exact(last, initial), None)
        if not self.warming_up:
            before = first.logprobs.detach() if self.against_collector else batch.experience.logprobs_old
            mask, old = batch.experience.mask[:panel], before[:panel]
            meter.moved = float(masked_mean(kl_k3(old, last.logprobs), mask))
        return batch, first, record

    def _order(self, count: int, number: int, generator: Callable[[int], torch.Generator]) -> Tensor:
        """The order in which a pass takes the responses, long [count]: at random where it takes several steps;
        groups that the loss needs whole stay together."""
        if self.settings.num_mini_batches == 1:
            return torch.arange(count)
        size = self.config.group_size(self.settings) if needs_of(self.settings).whole_groups else 1
        groups = torch.randperm(count // size, generator=generator(number))
        return (groups[:, None] * size + torch.arange(size)).flatten()

    def _in_parts(self, model: PreTrainedModel, sequences: Sequences, keep: int) -> Scored:
        temperature = self.config.temperature
        pieces_scored = [
            scoring.score(model, sequences.rows(x), temperature, keep=max(0, min(keep, x.stop) - x.start))
            for x in parts(len(sequences.mask), self.config.micro_batch_size)
        ]
        return joined(pieces_scored)

    def _score_panel(self, sequences: Sequences, panel: int) -> Scored:
        with torch.no_grad():
            return self._in_parts(self.models.policy, sequences.rows(slice(0, panel)), panel)

    def _exact(self, scored: Scored, initial: InitialScores) -> Tensor | None:
        """The exact KL of the panel's responses [n, T], as long as the policy's output is the one that scored them."""
        if initial.reference is None:
            return None
        # With adapters the reference is the policy without them: it has the same head.
        policy, reference = self.models.policy, self.models.frozen or self.models.policy
        return scoring.kl_exact(policy, scored.hidden, reference, initial.reference.hidden, self.config.temperature)
