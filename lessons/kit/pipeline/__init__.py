"""PPO's and GRPO's pipelines as one drawing that moves, on one stored step: its data, its words, its place."""

from lessons.kit.pipeline.both import other_credit
from lessons.kit.pipeline.distances import distances
from lessons.kit.pipeline.draw import Box, pipeline

__all__ = ["Box", "distances", "other_credit", "pipeline"]
