"""The sub-steps of a training step, played in the browser: data and words go over once, it computes all else."""

from lessons.kit.played.draw import played
from lessons.kit.played.parts import Bars, Slider, Station

__all__ = ["Bars", "Slider", "Station", "played"]
