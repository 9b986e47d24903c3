"""What a run of a real model will need, said before it is started."""

from __future__ import annotations

from pathlib import Path

from core.config import RunConfig
from core.models import bundled
from core.models.fit import free_memory
from lessons.i18n import _
from lessons.kit.display import plain
from lessons.kit.glossary import say_small

_GB = 1e9


def memory_sentence(config: RunConfig) -> str | None:
    """How much memory the learners need side by side, and how much is free; Markdown.

    None where the model's size is not known before it is loaded, and for a bundled model's run that needs little.
    """
    predictions = [free_memory.needs(config, x) for x in config.learners]
    predicted = [x for x in predictions if x is not None]
    if len(predicted) < len(predictions):
        return None
    total = free_memory.together(config, predicted)
    if config.model in bundled.names() and total < 2 * _GB:
        return None
    need, model = f"{total / _GB:.1f}", plain(config.model, 60)
    free = None if _on_gpu(config) else free_memory.available()
    if free is None:
        return _("{model} will need about {need} GB of memory here.").format(model=model, need=need)
    words = _("{model} will need about {need} GB of memory here; {free} GB are free.")
    return words.format(model=model, need=need, free=f"{free / _GB:.0f}" if free > 10 * _GB else f"{free / _GB:.1f}")


def show_memory(config: RunConfig | None) -> None:
    """The sentence in the settings drawer."""
    text = memory_sentence(config) if config is not None else None
    if text:
        say_small(text)


def _on_gpu(config: RunConfig) -> bool:
    """Whether training will run on a GPU, as far as that can be told without torch, which stays out of this process."""
    return config.device == "cuda" or (config.device == "auto" and Path("/dev/nvidiactl").exists())
