"""A reward model's training as a run's learner: the steps of core/training/reward_model.py, as the trace has them.

A step is one update on P · G responses, two to a labelled pair. Its responses in the trace are, pair by pair: some
held-out pairs, always the same, whose every prefix is scored (they are the panel); the pairs that the step learns from;
and at an evaluation the rest of the held-out pairs. All scores are those before the step's update, so the numbers of
the step's row can be worked out again from its responses.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.config import RunConfig
from core.errors import RequestError
from core.learners.registry import labels_of
from core.learners.settings import LabelSettings
from core.models import precision
from core.models.fetching import Progress
from core.rewards import REWARDS
from core.rewards.base import Asked, Occasion
from core.rewards.judge import judge
from core.rewards.preferences import Preference, read, to_json
from core.stored_config import dump_config, read_config
from core.tasks.registry import task_for
from core.training import labelled
from core.training.judged import Judged, judged
from core.training.labelled import ScoredPair
from core.training.learning import Learning
from core.training.pairs import sampled_pairs
from core.training.reward_model import RewardModelSettings, RewardTrainer
from core.training.state import trained_bytes, write_whole
from core.training.trace import STEPS, StepTrace, prompt_hash


class RewardModelTrainer(Learning):
    """One learner of a run that trains a reward model. On the CPU, the same config and labels give the same trace."""

    answers = False

    def __init__(
        self,
        config: RunConfig,
        learner: str,
        progress: Progress | None = None,
        *,
        labels: Sequence[Preference] = (),
    ) -> None:
        """Loads the start model; where the run has no `labels`, a machine judge makes them.

        Raises ConfigError if the config names a model, task or device that isn't there, RequestError where the labels
        are too few or too large to be stored, or are of texts that the model cannot read or that are longer than the
        run's responses may be.
        """
        self.config, self.learner, self.step, self.changing = config, learner, 0, False
        settings, own = self.settings, labels_of(self.settings)
        assert own is not None, "a learner that trains a policy has a trainer of its own"
        self._own = None if labels else "judge"
        self.labels = tuple(labels) or _judged(config, settings.reward, own, progress)
        self.inner = RewardTrainer(
            RewardModelSettings(
                model=config.model,
                task=config.task.model_dump(mode="json"),
                seed=config.seed,
                batch_size=config.responses_per_step // 2,
                learning_rate=settings.learning_rate,
                weight_decay=settings.weight_decay,
                max_grad_norm=settings.max_grad_norm,
                heldout=own.heldout,
                device=config.device,
            ),
            self.labels,
            system_prompt=config.system_prompt,
            progress=progress,
        )
        self.device, self.start_hash = self.inner.device, self.inner.start_hash
        self.note, self.warning = precision.about("float32", "float32", rounded=False, small=True), None
        self._check_lengths()
        self.shown = labelled.shown(self.inner.held or self.inner.learnt, config.kept(settings) // 2)
        self._events: list[dict[str, Any]] = []
        self._samples_seen, self._wall_time = 0, 0.0

    def _check_lengths(self) -> None:
        """Raises RequestError where a response is longer than the run's: a policy that trains on the model writes none
        such, and a server's limit of tokens holds for what is learnt from, too."""
        most = self.config.max_completion_length or task_for(self.config.task).max_completion_length
        for text in dict.fromkeys(y for x in self.labels for y in (x.a, x.b)):
            if (length := len(self.inner.codec.response_ids(text))) > most:
                raise RequestError(
                    "a labelled response has {given} tokens, but a response of this run may have {bound} "
                    "(max_completion_length): {text}",
                    given=length,
                    bound=most,
                    text=repr(text[:60]),
                )

    def leave(self) -> dict[str, Any] | None:
        """Keeps the model for runs to train on, under the learner's name; None before its first update."""
        if not self.step:
            return None
        card = self.inner.keep(self.learner)
        held = self.inner.judge(self.inner.held) if self.inner.held else None
        return {
            "name": card.name,
            "preferences": card.preferences,
            "heldout_accuracy": None if held is None else held.accuracy,
            "heldout_loss": None if held is None else held.loss,
        }

    # --- one step -----------------------------------------------------------------------------------------------

    def _step(self) -> StepTrace:
        """One update on N labelled pairs, and what the model says before it of them and of held-out pairs."""
        begun, settings, inner = time.perf_counter(), self.settings, self.inner
        evaluated = bool(self.config.eval_every) and self.step % self.config.eval_every == 0
        held, verdict = self._held(evaluated)
        kept = [*self.shown]  # whose tokens are kept
        if self.config.trace == "all":
            kept += [*inner.upcoming(), *(x.label for x in held)]
        panel = labelled.scored(inner, kept)  # of its responses, two a pair, the score of every prefix

        started = time.perf_counter()
        inner.adjust(
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            max_grad_norm=settings.max_grad_norm,
        )
        self.changing = True
        made = inner.advance()
        now = time.perf_counter()

        scores = made.chosen.tolist(), made.rejected.tolist()
        own = [ScoredPair(*x, heldout=False) for x in zip(made.pairs, *scores, strict=True)]
        self._wall_time += now - begun
        self._samples_seen = 2 * inner.pairs_seen
        pairs = panel.pairs if self.config.trace == "all" else [*panel.pairs, *own, *held]
        samples = labelled.samples_table(self.learner, self.step, inner.codec, pairs)
        tokens = labelled.tokens_table(self.learner, self.step, panel)
        lengths = samples["length"].to_pylist()[2 * len(self.shown) :][: 2 * len(own)]
        scalars = dict.fromkeys(STEPS.names[2:]) | {
            "samples_seen": self._samples_seen,
            "responses_trained": self._samples_seen,
            "wall_time_s": self._wall_time,
            "completion_length": sum(lengths) / len(lengths),
            "grad_norm": made.grad_norm,
            "tokens_per_second": sum(lengths) / (now - started),
            "step_time_s": now - started,
            "update_time_s": now - started,
            "pair_loss": made.loss,
            "pair_accuracy": made.accuracy,
            "heldout_pair_loss": None if verdict is None else verdict.loss,
            "heldout_pair_accuracy": None if verdict is None else verdict.accuracy,
        }
        events, self._events = self._events, []
        labels = to_json(self.labels) if self._own and not self.step else None
        asked = prompt_hash(x.label.prompt for x in own)
        return StepTrace(self.learner, self.step, scalars, samples, tokens, asked, events, labels=labels)

    def _held(self, evaluated: bool) -> tuple[list[ScoredPair], Judged | None]:
        """The held-out labels that are not shown anyway, scored, and what that says of the model; at an evaluation."""
        if not evaluated or not self.inner.held:
            return [], None
        chosen, rejected, weight = self.inner.rewards_of(self.inner.held)
        pairs = [
            ScoredPair(*x, heldout=True)
            for x in zip(self.inner.held, chosen.tolist(), rejected.tolist(), strict=True)
            if x[0] not in self.shown
        ]
        return pairs, judged(chosen, rejected, weight)

    # --- checkpoints --------------------------------------------------------------------------------------------

    @property
    def stored_bytes(self) -> int:
        """About how many bytes a checkpoint takes: the model, Adam's two moments of each weight, and the labels."""
        return trained_bytes(self.inner.model) + len(to_json(self.labels))

    def save(self, path: Path) -> None:
        """Everything that the next step depends on, in one file that is complete or not there at all."""
        state = {
            "config": json.dumps(dump_config(self.config)),
            "learner": self.learner,
            "step": self.step,
            "wall_time": self._wall_time,
            "labels": to_json(self.labels),
            "own_labels": bool(self._own),
            **self.inner.state_dict(),
        }
        write_whole(state, path)

    @classmethod
    def from_state(cls, state: dict[str, Any], progress: Progress | None = None) -> RewardModelTrainer:
        """The learner of a checkpoint's content. Raises ConfigError or RequestError where it is not usable."""
        trainer = cls(read_config(state["config"]), state["learner"], progress, labels=read(state["labels"]))
        trainer.step = trainer.inner.step = state["step"]
        trainer._own, trainer._wall_time = "judge" if state["own_labels"] else None, state["wall_time"]
        trainer.inner.load_state_dict(state)
        trainer._samples_seen = 2 * trainer.inner.pairs_seen
        return trainer


def _judged(
    config: RunConfig, reward: str, settings: LabelSettings, progress: Progress | None
) -> tuple[Preference, ...]:
    """Labels of pairs that the start model writes, by the task's own reward, which errs as often as it is told to."""
    pairs = sampled_pairs(config, settings.judge_pairs, config.seed, progress)
    task = task_for(config.task)
    asked = [Asked(prompt, text, True) for prompt, *both in pairs for text in both]
    verdicts = REWARDS[reward].score(task, asked, Occasion(config.seed, 0))
    liked = {(x.prompt, x.response): y.reward for x, y in zip(asked, verdicts, strict=True)}
    made = judge(pairs, lambda prompt, text: liked[prompt, text], noise=settings.judge_noise, seed=config.seed)
    if made:
        read(to_json(made))  # as the store and checkpoints will: what is too large for them is refused before a step
    return made
