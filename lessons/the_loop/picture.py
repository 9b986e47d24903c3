"""The picture of this lesson: what its module is handed. Every number is the trace's, or a sum of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lessons.i18n import _
from lessons.kit.display import literal, one_line
from lessons.kit.lesson import Frozen, mount
from lessons.kit.lesson.replies import Reply
from lessons.the_loop.rounds import Folded, Round, successes

#: The stations of a round, in order, and what their boxes are: trained, fixed, or what goes from one to the next.
STATIONS = {
    "prompts": "data",
    "model": "trained",
    "responses": "data",
    "reward": "frozen",
    "tuples": "data",
    "update": "data",
}


def moving_picture(batch: Frozen, rounds: Sequence[Round]) -> None:
    """Round after round: a prompt comes, responses are written, scored, and the update changes their probabilities."""
    mount("loop", data(batch, rounds), key="loop_picture")


def data(batch: Frozen, rounds: Sequence[Round]) -> dict[str, Any]:
    titles = _titles()
    return {
        "stations": [{"key": key, "kind": kind, "title": titles[key]} for key, kind in STATIONS.items()],
        "rounds": [_round(x) for x in rounds],
        "success": [round(x, 4) for x in successes(batch)],
        "responses": batch.run.config.responses_per_step,
        "prompts": batch.run.config.prompts_of(batch.settings),
        "words": _words(),
    }


def _round(of: Round) -> dict[str, Any]:
    together = {key: of.together(success) for key, success in (("right", True), ("wrong", False))}
    return {
        "step": of.step,
        "prompt": one_line(of.group.prompt, 60),
        "answer": one_line(of.group.answer, 40),
        "count": of.count,
        "right": of.right,
        "written": [_written(x) for x in of.written],
        "together": {key: None if x is None else [_rounded(y) for y in x] for key, x in together.items()},
    }


def _written(x: Folded) -> dict[str, Any]:
    reply: Reply = x.reply
    return {
        "tokens": [literal(token, 24) for token in reply.tokens],
        "count": x.count,
        "reward": reply.reward,
        "success": reply.success,
        "before": _rounded(x.before),
        "after": _rounded(x.after),
    }


def _rounded(x: float) -> float:
    return float(f"{x:.6g}")


def _titles() -> dict[str, str]:
    return {
        "prompts": _("Prompts"),
        "model": _("Language model"),
        "responses": _("Responses"),
        "reward": _("Reward function"),
        "tuples": _("Tuples"),
        "update": _("Update"),
    }


def _words() -> dict[str, str]:
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "scrub": _("Where in the rounds"),
        "trained": _("trained"),
        "frozen": _("frozen"),
        "back": _("The changed model writes the next round's responses."),
        "place": _("Round {n} of {all}, step {step} of the run: {station}."),
        "response": _("response"),
        "times": _("how often"),
        "score": _("reward"),
        "probability": _("probability: before → after"),
        "right": _("right"),
        "wrong": _("wrong"),
        "success": _("right responses in the step"),
        "step": _("step"),
        "alt": _("Right responses per step: {first} in the first step, {last} in the last one, step {steps}."),
        "so_far": _("Right in step {step}: {right} of its {responses} responses."),
        "says_prompts": _("A prompt comes: {prompt} It is one of {prompts} in this step."),
        "says_model": _("The model writes {count} responses to it, token by token, each drawn by chance."),
        "says_responses": _("Of {count} responses, {different} are different. Nobody wrote them beforehand."),
        "says_reward": _(
            "The reward function compares each with the right answer, {answer}: {right} of {count} right."
        ),
        "says_tuples": _("Prompt, response, reward: {count} tuples. They are all that the update learns from."),
        "says_update_both": _(
            "The update takes these right responses, together, from probability {right_before} to {right_after}; the "
            "wrong ones from {wrong_before} to {wrong_after}."
        ),
        "says_update_right": _(
            "All are right here. The update takes them, together, from probability {right_before} to {right_after}; "
            "it learns from the step's other prompts, too."
        ),
        "says_update_wrong": _(
            "None is right here. The update takes them, together, from probability {wrong_before} to {wrong_after}; "
            "it learns from the step's other prompts, too."
        ),
    }
