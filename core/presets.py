"""The runs that one click or `--preset NAME` starts."""

from __future__ import annotations

from core.config import RunConfig
from core.errors import ConfigError
from core.learners.registry import learner
from core.tasks.reasoning_settings import ReasoningGymSettings

PRESETS: dict[str, RunConfig] = {
    "chain-sum": RunConfig(),
    # The same race with a third learner, whose credit is measured instead of predicted.
    "chain-sum-vine": RunConfig(preset="chain-sum-vine", learners=(learner("ppo"), learner("grpo"), learner("vine"))),
    # The first race again, but with the credit as the only difference: neither learner has a KL penalty in its reward,
    # GRPO does not divide by its group's spread, and both are whitened over the step's tokens by the same function.
    "chain-sum-only-credit": RunConfig(
        preset="chain-sum-only-credit",
        learners=(
            learner("ppo", kl_coef=0.0),
            learner("grpo", scale_rewards="none", whiten_advantages=True),
        ),
    ),
    # A real instruct model on single-digit sums.
    "smollm2-sums": RunConfig(
        preset="smollm2-sums",
        # After `3 - 8 =` a minus sign comes up once in ten times, after `The answer is` hardly ever: a run that settles
        # on the second form never sees a result below zero rewarded. So the form is asked for, and groups are large.
        task=ReasoningGymSettings(instruction="Write only the equation."),
        model="SmolLM2-135M-Instruct",
        system_prompt="",
        steps=50,
        prompts_per_step=4,
        num_generations=16,
        max_completion_length=16,
        eval_every=10,
        compare_samples=4,
        checkpoint_every=25,
        micro_batch_size=8,
        measure_kl=False,
        learners=(
            learner("ppo", learning_rate=1e-5, value_learning_rate=3e-5, kl_coef=0.0),
            learner("grpo", learning_rate=1e-5),
        ),
    ),
}


def about(config: RunConfig) -> str:
    """What a run is on, in a word: its preset's name, or that of the kind of task that was put in its task's place."""
    begun = PRESETS.get(config.preset)
    return config.preset if begun is None or begun.task.kind == config.task.kind else config.task.kind


def preset(name: str) -> RunConfig:
    """The preset's config; raises ConfigError naming the presets there are."""
    if name not in PRESETS:
        raise ConfigError("there is no preset called {given}; there are {names}", given=repr(name), names=list(PRESETS))
    return PRESETS[name]
