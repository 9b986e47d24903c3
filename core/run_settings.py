"""Every setting of a run, with its default, its range and one sentence on what it does.

The page's settings drawer, the expert view, the command line and `run.json` are all generated from these models, so a
setting exists in exactly one place. Names and defaults follow TRL where TRL has them, else the papers. Which settings
cannot be had together stands in core/config.py.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.errors import ConfigError
from core.learners.collected import CollectedSettings
from core.learners.registry import AnyLearner, Learner, has_true_values, learner_kind, needs_of, usual_learners
from core.rewards import REWARDS
from core.settings import Settings
from core.tasks.kinds.chain_sum import ChainSumSettings
from core.tasks.registry import TASK_KINDS, AnyTask


class RunSettings(Settings):
    """A run's settings one by one, and the numbers that follow from them."""

    preset: str = Field("chain-sum", max_length=60, description="The preset that this run started from.")
    task: AnyTask = Field(default_factory=ChainSumSettings, description="What is asked.")
    model: str = Field(
        "chain-sum-3x1",
        min_length=1,
        max_length=200,
        description="Start weights: a bundled name, a local folder, or a model's name on the Hugging Face hub.",
    )
    system_prompt: str | None = Field(
        None, max_length=2000, description="What a chat model is told first; none: what its own template says."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Prompts, sampling and shuffling follow from this number.")
    steps: int = Field(150, ge=1, le=100_000, description="How many rollouts each learner makes.")
    prompts_per_step: int = Field(16, ge=1, le=512, description="Questions asked per step.")
    num_generations: int = Field(8, ge=1, le=256, description="Responses per question (the group size G).")
    distinct_questions: int | None = Field(
        None, ge=1, le=4096, description="How many different training questions there are; none: as many as are asked."
    )
    repeated_questions: float = Field(
        0.0, ge=0, le=0.95, description="Share of a step's questions that repeat another one of the step."
    )
    leaked_questions: float = Field(
        0.0, ge=0, le=1, description="Share of the training questions that are taken from the held-out ones."
    )
    wrong_truths: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of the training questions whose ground truth is wrong: another answer is paid, always the "
        "same one. Success is told by the truth all the same.",
    )
    tests_per_question: int | None = Field(
        None,
        ge=1,
        le=6,
        description="By how many of its visible unit tests a training question is paid, and by no hidden one; none: by "
        "those that the task counts.",
    )
    wrong_tests: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of the unit tests of training questions that expect a wrong value, always the same one. "
        "Success is told by right tests, all of them.",
    )
    success_from: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Only questions that the start model answers right at least so often are trained on.",
    )
    success_to: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Only questions that the start model answers right at most so often are trained on.",
    )
    temperature: float = Field(
        1.0, gt=0, le=5, description="Sampling temperature; log-probabilities are scored at the same."
    )
    max_completion_length: int | None = Field(
        None, ge=1, le=4096, description="Longest response in tokens; none: just what the longest right response needs."
    )
    eval_every: int = Field(
        10, ge=0, le=10_000, description="Held-out success is measured every so many steps (0: never)."
    )
    value_check_responses: int = Field(
        0,
        ge=0,
        le=512,
        description="At each evaluation the true value of every prefix of so many responses is measured, whole groups "
        "of those whose tokens are kept; it is for comparison only, nothing is learnt from it (0: never).",
    )
    value_check_continuations: int = Field(
        16, ge=2, le=256, description="Fresh continuations of each prefix in that measurement (K)."
    )
    checkpoint_every: int = Field(
        10, ge=1, le=10_000, description="A resumable checkpoint is kept every so many steps."
    )
    trace: Literal["panel", "all"] = Field("panel", description="Keep tokens of a panel of responses, or of all.")
    panel_size: int = Field(32, ge=1, le=4096, description="How many responses' tokens the panel keeps per step.")
    compare_samples: int = Field(
        0,
        ge=0,
        le=64,
        description="Before and after training every held-out question is answered once greedily and so many times "
        "sampled, and the responses are kept (0: not).",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to compute.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="What matrices are multiplied in; the optimiser always keeps 32-bit weights. auto: bfloat16 where "
        "the GPU or the processor rounds to it (of processors those with AMX), else and for small models float32.",
    )
    micro_batch_size: int | None = Field(
        None, ge=1, le=8192, description="Responses in memory at once during an update; none: all. Changes no result."
    )
    gradient_checkpointing: bool = Field(
        False, description="Keep fewer activations and compute them again: less memory, more time."
    )
    lora_rank: int = Field(
        0, ge=0, le=256, description="Train only low-rank adapters of this rank, the rest stays frozen (0: train all)."
    )
    measure_kl: bool = Field(
        True, description="Measure the KL from the start model also where no loss or reward uses it."
    )
    keep_level: bool = Field(
        False,
        description="A learner begins a step only when all others have finished the one before: Pause, One step and "
        "Stop then leave all at the same step, and the slowest sets the pace.",
    )
    reuse_logprobs: bool = Field(
        True, description="Where sampling and scoring agree, do not score a second time before the update."
    )
    learners: tuple[Learner, ...] = Field(
        default_factory=usual_learners, min_length=1, max_length=4, description="Who learns."
    )

    @property
    def turns(self) -> int:
        """How many answers a response may have; between them the task says something."""
        turns: int = TASK_KINDS[self.task.kind].turns(self.task)
        return turns

    def data_group_size(self, settings: CollectedSettings) -> int:
        """Responses per question of the data set that a learner learns from."""
        return settings.data_generations or self.num_generations

    @property
    def responses_per_step(self) -> int:
        """Responses that each learner of the run trains on in a step (P · G)."""
        return self.prompts_per_step * self.num_generations

    def group_size(self, settings: AnyLearner) -> int:
        """Responses per question for this learner (G)."""
        return settings.num_generations or self.num_generations

    def prompts_of(self, settings: AnyLearner) -> int:
        """Questions that this learner is asked in a step: all learners of a run write the same number of responses."""
        return self.responses_per_step // self.group_size(settings)

    def kept(self, settings: AnyLearner) -> int:
        """How many responses have their tokens kept for this learner: whole groups, so that each can be compared with
        its group."""
        size, all_ = self.group_size(settings), self.responses_per_step
        return all_ if self.trace == "all" else min(all_, max(size, self.panel_size // size * size))

    def checked(self, settings: AnyLearner) -> int:
        """How many of those have their true values measured at an evaluation: whole groups, or 0.

        Those of a learner whose responses are given are not: whoever wrote them, its policy did not. Nor are those of
        one that is paid whatever it writes: they have none. Nor those of one that a reward model scores: continuations
        are scored by the task, and its critic expects something else. Nor responses of several turns: in continuations
        nobody answers.
        """
        if not self.value_check_responses or not self.eval_every:
            return 0
        if learner_kind(settings).offline or not has_true_values(settings):
            return 0
        if REWARDS[settings.reward].trained or self.turns > 1:
            return 0
        size = self.group_size(settings)
        return min(self.kept(settings), max(size, self.value_check_responses // size * size))

    def continued(self, settings: AnyLearner) -> tuple[tuple[int, int], ...]:
        """What this learner continues afresh in a step with an evaluation: (responses, continuations of each prefix),
        for its credit and for the check of values."""
        needed = needs_of(settings).continuations
        wanted = ((self.responses_per_step, needed), (self.checked(settings), self.value_check_continuations))
        return tuple((responses, each) for responses, each in wanted if responses and each)

    def learner(self, name: str) -> AnyLearner:
        """The settings of the learner called `name`; raises ConfigError if there is none."""
        for each in self.learners:
            if each.name == name:
                return each
        raise ConfigError(
            "there is no learner called {given}; this run has {names}",
            given=repr(name),
            names=[x.name for x in self.learners],
        )
