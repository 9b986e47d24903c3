"""The response that home plays under both credits: the one at whose slip the critic's value falls furthest."""

from __future__ import annotations

from dataclasses import dataclass

from lessons.kit.lesson import Frozen
from lessons.kit.lesson.replies import slip_of
from lessons.kit.pipeline import other_credit


@dataclass(frozen=True)
class CreditedResponse:
    """One response of a stored PPO step, with PPO's credit of each token and GRPO's of the whole response."""

    prompt: str
    answer: str  # what it should have come to
    tokens: tuple[str, ...]
    reward: float
    success: bool
    ppo: tuple[float, ...]  # the recorded advantages, as many as tokens
    grpo: float  # every token's advantage, from the rewards of the response's group
    slip: int | None  # place of the first token that no right response shares
    seen: bool  # whether the critic sees the slip (lessons/kit/lesson/replies.py)


def example(batch: Frozen) -> CreditedResponse | None:
    """The step's clearest case; None where it has no group whose rewards differ, so that GRPO's credit would be 0."""
    group = batch.telling
    reply = group.telling
    credit = other_credit(batch, group)[group.replies.index(reply)]
    ppo = tuple(x for x in reply.column("advantage") if x is not None)
    if not credit or len(ppo) != len(reply.tokens):
        return None
    slip = slip_of(reply, group)
    return CreditedResponse(
        prompt=group.prompt,
        answer=group.answer,
        tokens=reply.tokens,
        reward=reply.reward,
        success=reply.success,
        ppo=ppo,
        grpo=credit,
        slip=slip.at if slip else None,
        seen=slip.seen if slip else False,
    )
