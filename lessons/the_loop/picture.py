"""The picture of this lesson: what its module is handed. Every number is the trace's, or a sum of its numbers."""

from __future__ import annotations

import math
from typing import Any

from core.learners.registry import learner_kind
from lessons.i18n import _
from lessons.kit.display import literal, one_line
from lessons.kit.lesson import mount
from lessons.kit.lesson.replies import Reply
from lessons.kit.pipeline import Box
from lessons.the_loop.rounds import Folded, Played, Round

#: As many rows has a box; the frontend's pipeline has as many lanes.
ROWS = 8


def moving_picture(played: Played, *, own: bool, awaited: str = "", waiting: str = "") -> None:
    """Round after round: a prompt comes, responses are written, scored, and the update changes their probabilities.

    `own`: of a run that was begun here, which may go on; `awaited`: the run that takes its place as soon as it has made
    a round, and what is said until then.
    """
    mount("loop", data(played, own=own, awaited=awaited, waiting=waiting), key="loop_picture")


def data(played: Played, *, own: bool = False, awaited: str = "", waiting: str = "") -> dict[str, Any]:
    config, rounds = played.run.config, played.rounds
    settings = config.learner(played.learner.name)
    steps = max(len(played.success), played.learner.steps if played.live else 0)
    return {
        "run": played.run.id,
        "own": own,
        "awaited": awaited,
        "waiting": waiting,
        "boxes": [x.view({}) for x in boxes()],
        "rounds": [_round(x) for x in rounds],
        "success": [round(x, 4) for x in played.success],
        "steps": steps,
        "responses": config.responses_per_step,
        "prompts": config.prompts_of(settings),
        "rows": min(ROWS, max(x.count for x in rounds)),
        "colour": learner_kind(settings).colour,
        "words": {**_controls(own), **_texts(), **_sentences()},
    }


def boxes() -> list[Box]:
    """The stations of a round, in order. The browser fills the places of what stands below a title."""
    return [
        Box("prompts", "data", _("Prompts"), _("a batch of {prompts}")),
        Box("model", "trained", _("Language model"), _("updates so far: {updates}")),
        Box("responses", "data", _("Responses"), _("{count} to the first prompt")),
        Box("reward", "frozen", _("Reward function"), ""),
        Box("tuples", "data", _("Tuples"), _("(prompt, response, reward)")),
        Box("update", "data", _("Update"), _("probability of each")),
    ]


def _round(of: Round) -> dict[str, Any]:
    together = {key: of.together(success) for key, success in (("right", True), ("wrong", False))}
    return {
        "step": of.step,
        "prompt": one_line(of.group.prompt, 60),
        "others": [one_line(x, 40) for x in of.others],
        "answer": one_line(of.group.answer, 40),
        "count": of.count,
        "right": of.right,
        "written": [_written(x, of) for x in of.written],
        "together": {key: None if x is None else [_rounded(y) for y in x] for key, x in together.items()},
    }


def _written(x: Folded, of: Round) -> dict[str, Any]:
    reply: Reply = x.reply
    return {
        "tokens": [literal(token, 24) for token in reply.tokens],
        "text": one_line(reply.text, 60),
        "first": of.group.replies.index(reply),
        "count": x.count,
        "reward": reply.reward,
        "success": reply.success,
        "before": _rounded(x.before),
        "after": _rounded(x.after),
        "chances": [None if y is None else round(math.exp(y), 3) for y in reply.column("logprob")],
    }


def _rounded(x: float) -> float:
    return float(f"{x:.6g}")


def _controls(own: bool) -> dict[str, str]:
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "speed": _("Speed"),
        "scrub": _("Where in the rounds"),
        "whose": _("sampled live") if own else _("recorded"),
        "as_text": _("Read as text"),
    }


def _texts() -> dict[str, str]:
    return {
        "trained": _("trained"),
        "frozen": _("frozen"),
        "more": _("… and {n} more"),
        "none": _("none"),
        "chances": _("probability of each token of {o}"),
        "knows": _("It alone knows: {answer}"),
        "change": "Δθ",
        "ring": _(
            "The loop: prompts, language model, responses, reward, tuples, update; and from the update back to the "
            "model. Each box is a station."
        ),
        "place": _("Round {n} of {all}, step {step} of the run: {station}."),
        "right": _("right"),
        "wrong": _("wrong"),
        "line": _("{text} × {count}: {verdict}, reward {reward}, probability {before} → {after}"),
        "success": _("Right responses"),
        "step": _("step"),
        "alt": _("Right responses per step: {first} in the first step, {last} in the last one, step {steps}."),
        "so_far": _("Step {step}: {right} of {responses} right."),
    }


def _sentences() -> dict[str, str]:
    return {
        "says_prompts": _("A prompt comes: {prompt} It is one of {prompts} in this step."),
        "says_model": _("The model writes {count} responses to it, token by token, each drawn by chance."),
        "says_responses": _("Of {count} responses, {different} are different. Nobody wrote them beforehand."),
        "says_reward": _(
            "The reward function compares each with what it should come to, {answer}: {right} of {count} right."
        ),
        "says_tuples": _("Prompt, response, reward: {count} tuples. They are all that the update learns from."),
        "says_update_both": _(
            "The update takes these right responses, together, from probability {right_before} to {right_after}; the "
            "wrong ones from {wrong_before} to {wrong_after}. The changed model writes the next ones."
        ),
        "says_update_right": _(
            "All are right here. The update takes them, together, from probability {right_before} to {right_after}; "
            "it learns from the step's other prompts, too. The changed model writes the next ones."
        ),
        "says_update_wrong": _(
            "None is right here. The update takes them, together, from probability {wrong_before} to {wrong_after}; "
            "it learns from the step's other prompts, too. The changed model writes the next ones."
        ),
    }
