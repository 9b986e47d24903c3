"""The learner that is told the truth: VinePPO, at one press in a race in the lab."""

from __future__ import annotations

from core.learners.registry import needs_of
from core.presets import PRESETS
from lessons.i18n import _
from lessons.kit.glossary import say
from lessons.kit.preset_start import start_preset

PRESET = "chain-sum-vine"
START = "truth_race"


def race() -> None:
    """Starts a run in which a learner takes part whose credit is measured, and goes to the lab, where it is shown."""
    say(
        _(
            "VinePPO measures during training: it writes K = {k} fresh endings of every prefix, and needs no critic. A "
            "response of n tokens takes up to n × {k} continuations. (The paper measures at reasoning steps, K = 9.)"
        ).format(k=needs_of(PRESETS[PRESET].learner("vine")).continuations)
    )
    start_preset(PRESET, _("Race PPO, GRPO and VinePPO in the lab"), key=START, icon=":material/flag:")
