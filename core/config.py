"""Every setting of a run, with its default, its range and one sentence on what it does.

The page's settings drawer, the expert view, the command line and `run.json` are all generated from these models, so a
setting exists in exactly one place. Names and defaults follow TRL where TRL has them, else the papers.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from core.errors import ConfigError, Message
from core.refusals import message, names_of, unknown
from core.settings import Settings
from core.tasks.settings import ChainSumSettings, TaskSettings

KLEstimator = Literal["k1", "k2", "k3"]
Aggregation = Literal["token-mean", "seq-mean-token-mean", "seq-mean-token-sum-norm"]


class LearnerSettings(Settings):
    """What every learner has: the update is the same code for all, only the credit differs."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    learning_rate: float = Field(4e-4, gt=0, le=1, description="Step size of the policy's Adam optimiser.")
    num_iterations: int = Field(2, ge=1, le=16, description="Passes over each rollout (μ). At 1 the ratio is always 1.")
    num_mini_batches: int = Field(1, ge=1, le=64, description="Optimiser steps per pass.")
    epsilon: float = Field(
        0.2, gt=0, lt=1, description="Clip range of the ratio on the low side (and high, unless set)."
    )
    epsilon_high: float | None = Field(None, gt=0, le=10, description="Clip range on the high side; none: same as ε.")
    dual_clip: float | None = Field(None, gt=1, le=100, description="Upper bound c on the ratio's effect where A < 0.")
    importance_sampling_level: Literal["token", "sequence"] = Field(
        "token", description="A ratio per token, or one per response: the geometric mean of its tokens' (GSPO)."
    )
    surrogate: Literal["clip", "cispo"] = Field(
        "clip", description="Cut the gradient outside the clip range, or only bound the ratio's weight (CISPO)."
    )
    beta: float = Field(0.0, ge=0, le=10, description="Weight of the KL term in the loss.")
    kl_loss_estimator: KLEstimator = Field("k3", description="Which estimate of the KL the loss uses.")
    kl_coef: float = Field(0.0, ge=0, le=10, description="Weight of the KL penalty in the reward.")
    kl_reward_estimator: KLEstimator = Field("k1", description="Which estimate of the KL the reward uses.")
    aggregation: Aggregation = Field("token-mean", description="How per-token losses become one number.")
    entropy_coef: float = Field(0.0, ge=0, le=1, description="Weight of an entropy bonus in the loss.")
    max_grad_norm: float = Field(1.0, gt=0, le=1000, description="Gradients longer than this are scaled down to it.")
    weight_decay: float = Field(0.0, ge=0, le=1, description="AdamW weight decay.")

    @property
    def clip_high(self) -> float:
        return self.epsilon if self.epsilon_high is None else self.epsilon_high

    @property
    def needs_reference(self) -> bool:
        return self.beta > 0 or self.kl_coef > 0


class PPOSettings(LearnerSettings):
    """Credit per token: a critic predicts each prefix's value, GAE turns surprises into advantages."""

    algorithm: Literal["ppo"] = "ppo"
    name: str = Field("ppo", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    kl_coef: float = Field(0.05, ge=0, le=10, description="Weight of the KL penalty in the reward.")
    gamma: float = Field(1.0, ge=0, le=1, description="Discount: how much a reward one token later counts.")
    lam: float = Field(0.95, ge=0, le=1, description="GAE's λ: 0 trusts the critic alone, 1 the outcome alone.")
    whiten_advantages: bool = Field(True, description="Shift and scale advantages to mean 0 and standard deviation 1.")
    whiten_ddof: Literal[0, 1] = Field(1, description="Divide by N (0) or N − 1 (1) in the standard deviation.")
    vf_coef: float = Field(1.0, ge=0, le=100, description="Weight of the value loss.")
    cliprange_value: float | None = Field(
        0.2, gt=0, le=100, description="How far a value may move per rollout; none: free."
    )
    value_learning_rate: float = Field(6e-4, gt=0, le=1, description="Step size of the critic's Adam optimiser.")
    value_warmup_steps: int = Field(0, ge=0, le=1000, description="First steps in which only the critic learns.")
    bootstrap_truncated: bool = Field(
        False, description="Count the critic's value after a cut-off response; otherwise nothing follows it."
    )


class GRPOSettings(LearnerSettings):
    """Credit per response: its reward against its group's, the same for every token. No critic."""

    algorithm: Literal["grpo"] = "grpo"
    name: str = Field("grpo", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    baseline: Literal["group-mean", "leave-one-out", "none"] = Field(
        "group-mean", description="What a response is compared with: its group, the others in it (RLOO), or nothing."
    )
    scale_rewards: Literal["group", "batch", "none"] = Field(
        "group", description="Divide by the group's standard deviation, the batch's, or not at all."
    )
    scale_ddof: Literal[0, 1] = Field(1, description="Divide by G (0) or G − 1 (1) in the standard deviation.")
    scale_eps: float = Field(1e-4, ge=0, le=1, description="Added to the standard deviation before dividing by it.")
    whiten_advantages: bool = Field(False, description="Shift and scale advantages to mean 0 and standard deviation 1.")
    whiten_ddof: Literal[0, 1] = Field(1, description="Divide by N (0) or N − 1 (1) in the standard deviation.")
    dynamic_sampling: bool = Field(
        False, description="Ask other questions in place of those whose answers all score the same (DAPO)."
    )
    max_sampling_rounds: int = Field(
        3, ge=1, le=20, description="How often a step may ask other questions before it makes do with what it has."
    )


class VineSettings(LearnerSettings):
    """Credit per token, from fresh continuations of every prefix instead of a critic (VinePPO)."""

    algorithm: Literal["vine"] = "vine"
    name: str = Field("vine", pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    continuations: int = Field(8, ge=1, le=256, description="Fresh continuations per prefix (K); their mean is V.")
    whiten_advantages: bool = Field(True, description="Shift and scale advantages to mean 0 and standard deviation 1.")
    whiten_ddof: Literal[0, 1] = Field(1, description="Divide by N (0) or N − 1 (1) in the standard deviation.")


AnyLearner = PPOSettings | GRPOSettings | VineSettings
Learner = Annotated[AnyLearner, Field(discriminator="algorithm")]


class RunConfig(Settings):
    """One run: learners that share task, start weights, prompts and number of responses."""

    preset: str = Field("chain-sum", max_length=60, description="The preset that this run started from.")
    task: TaskSettings = Field(default_factory=ChainSumSettings, description="What is asked.")
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
    temperature: float = Field(
        1.0, gt=0, le=5, description="Sampling temperature; log-probabilities are scored at the same."
    )
    max_completion_length: int | None = Field(
        None, ge=1, le=4096, description="Longest response in tokens; none: just what the longest right answer needs."
    )
    eval_every: int = Field(
        10, ge=0, le=10_000, description="Held-out success is measured every so many steps (0: never)."
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
        "sampled, and the answers are kept (0: not).",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to compute.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="What matrices are multiplied in; the optimiser always keeps 32-bit weights."
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
    reuse_logprobs: bool = Field(
        True, description="Where sampling and scoring agree, do not score a second time before the update."
    )
    learners: tuple[Learner, ...] = Field(
        default_factory=lambda: (PPOSettings(), GRPOSettings()), min_length=1, max_length=4, description="Who learns."
    )

    @model_validator(mode="after")
    def _possible(self) -> RunConfig:
        names = [learner.name for learner in self.learners]
        if len(set(names)) != len(names):
            raise ConfigError("two learners are called the same ({names}); give each its own name", names=names)
        batch = self.prompts_per_step * self.num_generations
        for learner in self.learners:
            if batch % learner.num_mini_batches:
                raise ConfigError(
                    "{learner}: num_mini_batches={given} does not divide the {batch} responses of a step "
                    "(prompts_per_step × num_generations)",
                    learner=learner.name,
                    given=learner.num_mini_batches,
                    batch=batch,
                )
            if learner.surrogate == "cispo" and learner.dual_clip is not None:
                raise ConfigError(
                    "{learner}: dual_clip has no meaning with surrogate=cispo; set it to none", learner=learner.name
                )
            if isinstance(learner, GRPOSettings) and learner.baseline == "none" and learner.scale_rewards != "none":
                raise ConfigError(
                    "{learner}: without a baseline, scale_rewards must be none, but is {given} (rewards that are all "
                    "equal have no spread to be divided by); whiten_advantages is possible",
                    learner=learner.name,
                    given=learner.scale_rewards,
                )
            if isinstance(learner, GRPOSettings) and self.num_generations < 2:
                raise ConfigError(
                    "num_generations must be at least 2 for GRPO: one response has no group to compare with"
                )
        if batch > 8192:
            raise ConfigError(
                "prompts_per_step × num_generations is {batch}; at most {bound} responses per step are allowed",
                batch=batch,
                bound=8192,
            )
        return self

    def learner(self, name: str) -> AnyLearner:
        """The settings of the learner called `name`; raises ConfigError if there is none."""
        for learner in self.learners:
            if learner.name == name:
                return learner
        raise ConfigError(
            "there is no learner called {given}; this run has {names}",
            given=repr(name),
            names=[x.name for x in self.learners],
        )


def parse_config(values: dict[str, Any]) -> RunConfig:
    """A validated config from plain values. Raises ConfigError: a message for each unknown or impossible setting."""
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        names = names_of(values)
        problems = error.errors()
        # Where every learner is refused, pydantic adds that there are too few of them: true, and no help.
        if names:
            problems = [x for x in problems if not (x["type"] == "too_short" and x["loc"] == ("learners",))]
        raise ConfigError(*(message(problem, names) for problem in problems)) from None


def change(config: RunConfig, assignments: dict[str, Any]) -> RunConfig:
    """A new config with settings replaced.

    A key is a run setting (`steps`), a task setting (`task.terms`), a learner's (`ppo.lam`) or a bare learner setting
    (`epsilon`), which then holds for every learner that has it. Raises ConfigError with a message for each problem.
    """
    values = config.model_dump()
    problems: list[Message] = []
    for key, value in assignments.items():
        targets = _targets(values, key)
        if not targets:
            problems.append(unknown(values, key))
        for target, field in targets:
            target[field] = value
    try:
        changed = parse_config(values)
    except ConfigError as error:
        problems += error.messages
    if problems:
        raise ConfigError(*problems)
    return changed


def _targets(values: dict[str, Any], key: str) -> list[tuple[dict[str, Any], str]]:
    owner, _, field = key.rpartition(".")
    if owner == "task":
        return [(values["task"], field)] if field in values["task"] and field != "kind" else []
    fixed = {"name", "algorithm"}
    learners = [x for x in values["learners"] if field in x and field not in fixed and owner in ("", x["name"])]
    if not owner and field in values and field not in ("learners", "task"):
        return [(values, field)]
    return [(learner, field) for learner in learners]
