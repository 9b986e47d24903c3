"""The runs that one click or `--preset NAME` starts."""

from __future__ import annotations

from core.config import ConfigError, RunConfig

PRESETS: dict[str, RunConfig] = {
    "chain-sum": RunConfig(),
}


def preset(name: str) -> RunConfig:
    """The preset's config; raises ConfigError naming the presets there are."""
    if name not in PRESETS:
        raise ConfigError(f"there is no preset called {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]
