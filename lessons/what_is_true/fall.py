"""What the page opens with: a recorded response, written token by token, whose true value falls to nothing."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lessons.i18n import _
from lessons.kit.display import learner_title, literal, plain, token_name
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import mount
from lessons.kit.numbers import number
from lessons.kit.records import record
from lessons.kit.ties import highest

COMMAND = "python -m core.runs.true_fall"


def fall() -> None:
    """The recorded response, playing: the truth after each token, the critic's value there, and the group's mean."""
    of = record("true-fall.json")
    if of is None:
        st.info(_("This result is not recorded here yet. Make it with `{command}`.").format(command=COMMAND))
        return
    mount("fall", data(of), key="truth_fall")
    say(fall_words(of))
    say_small(
        _(
            "Recorded: {learner} at step {step} of the recorded run, every prefix finished {k} times. Repeat it with "
            "`{command}`."
        ).format(
            learner=plain(learner_title(of["about"]["learner"])),
            step=of["about"]["step"] + 1,
            k=of["about"]["continuations"],
            command=COMMAND,
        )
    )


def data(of: dict[str, Any]) -> dict[str, Any]:
    """What the picture is handed: numbers as recorded, of the prefix before each token."""
    alt = _(
        "While a response of {count} tokens is written, its measured true value goes from {first} to {last}, the "
        "critic's value from {start} to {end}; the group's mean is {mean} all along."
    ).format(
        count=len(of["tokens"]),
        first=number(of["true"][0], 2),
        last=number(of["true"][-1], 2),
        start=number(of["critic"][0], 2),
        end=number(of["critic"][-1], 2),
        mean=number(of["group_mean"], 2),
    )
    return {
        "tokens": [literal(x, 12) for x in of["tokens"]],
        **{name: of[name] for name in ("true", "low", "high", "critic", "reward")},
        "mean": of["group_mean"],
        "slip": largest_fall(of["true"]),
        "alt": alt,
        "words": _words(),
    }


def _words() -> dict[str, str]:
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "scrub": _("Tokens written"),
        "title": _("What reward may be expected, once so much is written"),
        "true": _("truth"),
        "critic": _("PPO's critic"),
        "mean": _("GRPO: the group's mean"),
        "playing": _("The response is being written…"),
        "start": _(
            "Nothing is written yet: the truth is {true_after} ({low} to {high}), the critic's value {critic_after}."
        ),
        "token": _(
            "“{token}”, token {n} of {all}: it takes the truth from {true_before} to {true_after} ({low} to {high}, "
            "95 % interval) and the critic's value from {critic_before} to {critic_after}."
        ),
        "end": _(
            "“{token}”, token {n} of {all}, ends the response: reward {reward}. Before it the truth was {true_before}, "
            "the critic's value {critic_before}."
        ),
    }


def largest_fall(true: list[float]) -> int:
    """The token at which the true value falls furthest, from 0."""
    return highest([true[t] - true[t + 1] for t in range(len(true) - 1)])[0]


def fall_words(of: dict[str, Any]) -> str:
    """Where the truth falls, and what the critic's value does there and afterwards."""
    true, critic = of["true"], of["critic"]
    at = largest_fall(true)
    after = critic[at + 1 :]
    stays = _(
        "{prompt} was answered {response}. At “{token}”, position {position}, the truth falls from {before} to "
        "{then}: the answer can hardly come out right any more. The critic's value goes from {start} to {end}, and "
        "stays at {least} or more until the end: **it does not notice.** GRPO has one number for all, {mean}."
    )
    falls = _(
        "{prompt} was answered {response}. At “{token}”, position {position}, the truth falls from {before} to "
        "{then}. The critic's value goes from {start} to {end}, at its lowest to {least}. GRPO has one number for all, "
        "{mean}."
    )
    return (stays if min(after) > 0.5 else falls).format(
        prompt=plain(of["prompt"], 40),
        response=plain("".join(token_name(x) if x != "<eos>" else "" for x in of["tokens"]), 60),
        token=plain(token_name(of["tokens"][at]), 12),
        position=at + 1,
        before=number(true[at], 2),
        then=number(true[at + 1], 2),
        start=number(critic[at], 2),
        end=number(after[0], 2),
        least=number(min(after), 2),
        mean=number(of["group_mean"], 2),
    )
