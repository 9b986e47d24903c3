"""What tasks with questions and answers in free text have in common."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.tasks.kind import TaskSettings

#: How the answer is read out of a response.
Extraction = Literal["last-number", "boxed", "whole"]


class InWords(TaskSettings):
    """Questions and answers as people write them, for a model that reads free text."""

    instruction: str = Field(
        "", max_length=1000, description="Added below every question: how the answer is to be written."
    )
    extraction: Extraction = Field(
        "last-number", description="What of a response counts as its answer: its last number, \\boxed{…}, or all of it."
    )
    heldout: int = Field(64, ge=8, le=2048, description="How many questions are kept apart and never trained on.")
