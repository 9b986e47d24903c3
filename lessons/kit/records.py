"""The recorded measurements that pages cite: files in core/insight/recorded, read and never computed here."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from lessons.i18n import _, listed, one_after_another

FOLDER = Path(__file__).resolve().parents[2] / "core" / "insight" / "recorded"
#: The commands of the recorded studies, as somebody would repeat them.
STUDY = "python -m core.insight.study"
BLIND_STUDY = "python -m core.insight.study --preset long-sums-blind --continuations 64 --out study.json"
EFFICIENCY = "python -m core.insight.sample_efficiency"


@functools.lru_cache(maxsize=8)
def record(name: str) -> dict[str, Any] | None:
    """A recorded file by its name; None where there is none."""
    path = FOLDER / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def study() -> dict[str, Any] | None:
    """How right each credit is: of the preset `long-sums`, over five seeds."""
    return record("credit-study.json")


def blind_study() -> dict[str, Any] | None:
    """The same from a start model that was not taught to tell right from wrong."""
    return record("credit-study-blind.json")


def penalised(of: dict[str, Any]) -> bool:
    """Whether the study's PPO has a KL penalty in its reward: only then is its credit made of two parts."""
    return any(x.get("kl_coef", 0) > 0 and "lam" in x for x in of["about"]["config"]["learners"])


def steps_to_target(preset: str) -> dict[str, list[int | None]]:
    """Learner → steps to the target, a number a seed (None where it did not get there); nothing without the record."""
    of = record("sample-efficiency.json")
    rows = [] if of is None else [x for x in of["rows"] if x["preset"] == preset]
    return {
        name: [x["steps"] for x in rows if x["learner"] == name] for name in dict.fromkeys(x["learner"] for x in rows)
    }


def efficiency_words(preset: str) -> str:
    """What was measured of the steps that a preset's PPO and GRPO take, in sentences chosen by the numbers."""
    of, steps = record("sample-efficiency.json"), steps_to_target(preset)
    if of is None or set(steps) != {"ppo", "grpo"}:
        return _("How many steps each takes is not recorded here. Measure it with `{command}`.").format(
            command=EFFICIENCY
        )
    most = of["about"]["steps"]
    numbers = {
        name: listed(_("more than {steps}").format(steps=most) if x is None else str(x) for x in own)
        for name, own in steps.items()
    }
    sentence = _(
        "Measured over {seeds} seeds ({responses} responses a step; first step at which the last {window} steps' "
        "success is {target} on average): PPO took {ppo} steps, GRPO {grpo}."
    ).format(
        seeds=len(of["about"]["seeds"]),
        responses=of["about"]["responses_per_step"][preset],
        window=of["about"]["window"],
        target=f"{100 * of['about']['target']:.0f} %",
        **numbers,
    )
    return one_after_another(sentence, _verdict(steps["ppo"], steps["grpo"]))


def _verdict(ppo: list[int | None], grpo: list[int | None]) -> str:
    """Who was quicker: seeds are pairs, as both learners got the same start and the same questions."""
    never = float("inf")
    pairs = [(never if a is None else a, never if b is None else b) for a, b in zip(ppo, grpo, strict=True)]
    first, second = sum(a < b for a, b in pairs), sum(b < a for a, b in pairs)
    if first == len(pairs):
        return _("PPO was quicker with every seed.")
    if second == len(pairs):
        return _("GRPO was quicker with every seed.")
    return _(
        "PPO was quicker with {ppo} of them and GRPO with {grpo}: so few seeds do not show that either needs fewer "
        "samples."
    ).format(ppo=first, grpo=second)
