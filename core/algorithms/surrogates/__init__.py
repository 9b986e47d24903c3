"""What is maximised, token by token: one file a surrogate, found by import."""

from __future__ import annotations

from core.algorithms.surrogates.base import Surrogate, Update
from core.discovery import declared

__all__ = ["SURROGATES", "Surrogate", "Update"]

SURROGATES: dict[str, Surrogate] = {x.name: x for x in declared(__name__, "SURROGATE")}
