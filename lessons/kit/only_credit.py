"""What differs between PPO and GRPO of a run, read off their settings, and the run in which it is the credit alone."""

from __future__ import annotations

from typing import Any

from core.config import RunConfig
from core.learners.registry import AnyLearner, compares_group, needs_of, unlike_settings
from core.presets import PRESETS
from lessons.i18n import _, listed
from lessons.kit.display import learner_title
from lessons.kit.glossary import say
from lessons.kit.preset_race import race_in_lab
from lessons.kit.preset_texts import preset_title
from lessons.kit.records import efficiency_words

#: The preset in which the credit is the only difference.
PRESET = "chain-sum-only-credit"


def critic_and_group(config: RunConfig) -> tuple[AnyLearner, AnyLearner] | None:
    """The run's first learner with a critic and its first that compares groups; None where it has not both."""
    critic = next((x for x in config.learners if needs_of(x).critic), None)
    group = next((x for x in config.learners if compares_group(x)), None)
    return None if critic is None or group is None else (critic, group)


def difference_words(config: RunConfig) -> str:
    """What differs in the two learners' settings beside their credit, in a sentence: from the settings themselves."""
    pair = critic_and_group(config)
    if pair is None:
        return _("This run has no two learners to compare: one with a critic and one that compares groups.")
    one, other = pair
    names = {"one": learner_title(one.name), "other": learner_title(other.name)}
    unlike = [
        _("`{name}` ({one}: {a}, {other}: {b})").format(name=name, a=_value(a), b=_value(b), **names)
        for name, (a, b) in unlike_settings(one, other).items()
    ]
    scale = getattr(other, "scale_rewards", "none")
    if scale != "none":
        unlike.append(_("`scale_rewards` (only {other}: {b})").format(b=_value(scale), **names))
    if not unlike:
        return _(
            "In this run {one} and {other} differ in the credit alone: all settings that both have are the same."
        ).format(**names)
    return _("In this run {one} and {other} differ in the credit, and besides in: {unlike}.").format(
        unlike=listed(unlike), **names
    )


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return _("none") if value is None else _("yes") if value is True else _("no") if value is False else f"{value}"


def only_credit(config: RunConfig, *, key: str) -> None:
    """Says in what the run's learners differ, offers the run in which only the credit does, and what it came to."""
    say(difference_words(config))
    race_in_lab(PRESET, _("Open the lab: only the credit differs"), key=key, icon=":material/balance:")
    line = _("**{name}**: {words}")
    lines = [
        line.format(name=preset_title(name), words=efficiency_words(name))
        for name in ("chain-sum", PRESET)
        if name in PRESETS
    ]
    say("\n".join(f"- {x}" for x in lines))
