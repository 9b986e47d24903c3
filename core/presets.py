"""The runs that one click or `--preset NAME` starts."""

from __future__ import annotations

from core.config import ConfigError, GRPOSettings, PPOSettings, RunConfig, VineSettings
from core.tasks.settings import ReasoningGymSettings

PRESETS: dict[str, RunConfig] = {
    "chain-sum": RunConfig(),
    # The same race with a third learner, whose credit is measured instead of predicted.
    "chain-sum-vine": RunConfig(preset="chain-sum-vine", learners=(PPOSettings(), GRPOSettings(), VineSettings())),
    # A real instruct model on single-digit sums.
    "smollm2-sums": RunConfig(
        preset="smollm2-sums",
        task=ReasoningGymSettings(),
        model="SmolLM2-135M-Instruct",
        system_prompt="",
        steps=50,
        # Large groups: a right answer below zero comes up once in a hundred at first, and is learnt only if it does.
        prompts_per_step=4,
        num_generations=16,
        max_completion_length=16,
        eval_every=10,
        compare_samples=4,
        checkpoint_every=25,
        micro_batch_size=8,
        measure_kl=False,
        learners=(
            PPOSettings(learning_rate=1e-5, value_learning_rate=3e-5, kl_coef=0.0),
            GRPOSettings(learning_rate=1e-5),
        ),
    ),
}


def preset(name: str) -> RunConfig:
    """The preset's config; raises ConfigError naming the presets there are."""
    if name not in PRESETS:
        raise ConfigError(f"there is no preset called {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]
