"""How PPO works: the pipeline alive, one real training step taken apart, γ and λ on the frozen batch."""

from __future__ import annotations

from lessons.parts.i18n import _
from lessons.parts.lesson import Code, frozen, lesson_page

CODE = [Code("core/algorithms/advantages.py", "gae", _("GAE: advantages from rewards and values"))]

with lesson_page(
    "how-ppo-works", question=_("A reward comes at the end. How does PPO know which token earned it?"), summary="…", code=CODE
):
    frozen("ppo")
