"""What the presets are called, and what each of them shows: in groups, a line each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.config import RunConfig
from core.contracts import shares
from core.presets import PRESETS
from lessons.i18n import N_, _, listed
from lessons.kit.display import learner_title


@dataclass(frozen=True)
class PresetText:
    """A preset's title and one line on what it shows. In the line, {shares} is what each learner asks in a step."""

    title: str
    shows: str


#: What a group of presets shows → its presets, the one to begin with first.
GROUPS: dict[str, dict[str, PresetText]] = {
    N_("Which token? PPO and GRPO on the same questions"): {
        "long-sums": PresetText(
            N_("six-term sums, with a fitted critic"),
            N_("Long responses, which one slip ruins; PPO's critic has learnt from the start model's own responses."),
        ),
        "chain-sum": PresetText(
            N_("three-term sums"), N_("The quick one: short responses, and a critic that begins at zero.")
        ),
        "chain-sum-only-credit": PresetText(
            N_("three-term sums, only the credit differs"),
            N_("No KL penalty in PPO's reward, and one normalisation for both: what is left is the credit."),
        ),
    },
    N_("What is a critic worth?"): {
        "long-sums-critics": PresetText(
            N_("six-term sums, four learners on the same questions"),
            N_("No critic, a critic that begins at zero, one fitted beforehand, and values measured by VinePPO."),
        ),
        "long-sums-blind": PresetText(
            N_("six-term sums, a start model that knows nothing of right and wrong"),
            N_("The same on a start model that was never taught to tell right from wrong: what has a critic to go by?"),
        ),
        "chain-sum-vine": PresetText(
            N_("three-term sums, with VinePPO"),
            N_("Beside PPO's and GRPO's, a credit that is measured by fresh continuations instead of predicted."),
        ),
    },
    N_("Where do rewards come from?"): {
        "placebo": PresetText(
            N_("three-term sums, GRPO and a placebo"),
            N_("The twin's rewards are drawn, as often as it is right itself: what does training do by itself?"),
        ),
        "countdown": PresetText(
            N_("numbers and a target"),
            N_("There are many right answers, and a verifier works each one out."),
        ),
        "program": PresetText(
            N_("programs from examples"),
            N_("Unit tests decide; some of them the model never sees."),
        ),
        "program-two-turns": PresetText(
            N_("programs from examples, in two turns"),
            N_("Who is told which visible test failed may answer again; what is told has no credit."),
        ),
        "reply": PresetText(
            N_("replies to customers"),
            N_("No answer is the right one: a taste scores what is said."),
        ),
    },
    N_("What is a trained reward worth?"): {
        "reply-reward-model": PresetText(
            N_("replies: a reward model from labelled pairs"),
            N_(
                "A machine judge labels pairs by a taste, and errs as often as it is told to; a reward model learns it."
            ),
        ),
    },
    N_("Must the responses be fresh?"): {
        "online-or-offline": PresetText(
            N_("three-term sums, online and offline"),
            N_("Equally many scored responses: written while GRPO learns, or all by the start model beforehand."),
        ),
    },
    N_("Must the same question be asked G times?"): {
        "long-sums-budget": PresetText(
            N_("six-term sums, each learner at its own group size"),
            N_("As many responses a step for each learner, shared out as suits it: {shares} (questions × responses)."),
        ),
    },
    N_("A real instruct model"): {
        "smollm2-sums": PresetText(
            N_("SmolLM2 on single-digit sums"),
            N_("A chat model that people use; its steps take longer."),
        ),
    },
}
_TEXTS = {name: text for group in GROUPS.values() for name, text in group.items()}
PRESET_TITLES: dict[str, str] = {name: text.title for name, text in _TEXTS.items()}


def preset_title(preset: str) -> str:
    """What the preset is called; one without a title by its name."""
    return _(PRESET_TITLES[preset]) if preset in PRESET_TITLES else preset


def shows(preset: str, config: RunConfig) -> str:
    """One line on what the preset shows, Markdown; empty where nothing is written of it."""
    if preset not in _TEXTS:
        return ""
    line = _("{learner} {questions} × {responses}")
    each = (line.format(learner=learner_title(x), questions=n, responses=size) for x, n, size in shares(config))
    return _(_TEXTS[preset].shows).format(shares=listed(each))


def grouped(presets: Iterable[str] = tuple(PRESETS)) -> dict[str, list[str]]:
    """What a group shows → those of its presets that there are; at the end, under no title, those of no group."""
    there = list(presets)
    groups = {title: [x for x in group if x in there] for title, group in GROUPS.items()}
    groups[""] = [x for x in there if x not in _TEXTS]
    return {title: names for title, names in groups.items() if names}
