"""The runs that one click or `--preset NAME` starts."""

from __future__ import annotations

from core.config import ConfigError, GRPOSettings, PPOSettings, RunConfig, VineSettings

PRESETS: dict[str, RunConfig] = {
    "chain-sum": RunConfig(),
    # The same race with a third learner, whose credit is measured instead of predicted.
    "chain-sum-vine": RunConfig(preset="chain-sum-vine", learners=(PPOSettings(), GRPOSettings(), VineSettings())),
}


def preset(name: str) -> RunConfig:
    """The preset's config; raises ConfigError naming the presets there are."""
    if name not in PRESETS:
        raise ConfigError(f"there is no preset called {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]
