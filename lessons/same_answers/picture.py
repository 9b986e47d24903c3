"""What the page opens with: one response under both credits, playing; PPO's is hidden until it has been predicted."""

from __future__ import annotations

from collections.abc import Sequence

from core.learners.registry import LEARNER_KINDS
from lessons.i18n import _, ngettext
from lessons.kit.credits import Crossing
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Group, Reply
from lessons.kit.lesson.replies import slip_of
from lessons.kit.numbers import signed
from lessons.kit.two_credits import CreditRow, asked_words, two_credits


def play(reply: Reply, group: Group, way: Crossing, is_seen: bool) -> None:
    """The response, token by token: GRPO's credit and, once somebody has committed to a prediction, PPO's."""
    say(asked_words(group.prompt, group.answer, reply.success, reply.reward))
    ppo, grpo = way.at("raw").numbers(reply), way.at("group-mean").numbers(reply)
    rows = [
        CreditRow(
            "ppo", ppo if is_seen else None, _("a number for each token") if is_seen else "", f"ppo-{reply.sample}"
        ),
        CreditRow("grpo", grpo, _("one number for all"), f"grpo-{reply.sample}"),
    ]
    slip = slip_of(reply, group) if is_seen else None
    # Another picture, so that both credits play from the first token on.
    key = "same_one" if is_seen else "same_asked"
    two_credits(reply.tokens, rows, slip=slip.at if slip else None, alt=_alt(ppo, grpo[0], is_seen), key=key)
    say_small(_("Both in units of reward: PPO's before whitening, GRPO's before its division."))


def _alt(ppo: Sequence[float], grpo: float, is_seen: bool) -> str:
    """What the picture shows, in numbers."""
    names = {x: LEARNER_KINDS[x].title for x in ("ppo", "grpo")}
    if not is_seen:
        words = ngettext(
            "{grpo} gives the only token {credit}. What {ppo} gives is to be predicted.",
            "{grpo} gives each of the {count} tokens {credit}. What {ppo} gives is to be predicted.",
            len(ppo),
        )
        return words.format(count=len(ppo), credit=signed(grpo), **names)
    words = ngettext(
        "{ppo} gives its only token {least}, {grpo} gives it {credit}.",
        "{ppo} gives its {count} tokens from {least} to {most}, {grpo} gives each {credit}.",
        len(ppo),
    )
    least, most = signed(min(ppo)), signed(max(ppo))
    return words.format(count=len(ppo), least=least, most=most, credit=signed(grpo), **names)
