"""What core can say, as templates to be translated; by the part of core that says it."""

from __future__ import annotations

from lessons.kit.core_says import imports, insight, models, runs, settings
from lessons.kit.core_says.models import PREPARING

#: The first one that fits a sentence counts: what is said in few places comes before what fits much.
TEMPLATES = (
    *PREPARING,
    *models.SENTENCES,
    *imports.SENTENCES,
    *runs.SENTENCES,
    *insight.SENTENCES,
    *settings.SENTENCES,
)

__all__ = ["PREPARING", "TEMPLATES"]
