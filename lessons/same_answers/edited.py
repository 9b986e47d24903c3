"""A response that the learner of this page wrote: scored by the models of that step, credited beside its group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.learners.registry import LEARNER_KINDS, AnyLearner
from core.tasks.registry import longest_response, task_kind
from core.text import listed, named
from lessons.i18n import _, ngettext, tell
from lessons.kit.display import learner_title, plain, token_name
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Frozen, Group, Reply, Row, engine, no_screen, token_strips
from lessons.kit.restored import not_rewritten
from lessons.kit.ties import lowest
from lessons.kit.truth import models


@dataclass(frozen=True)
class Edited:
    """The group before and after one of its responses was changed. Credits are in units of reward, [B, T]."""

    tokens: tuple[str, ...]
    reward: float
    answer: str | None
    success: bool
    logprobs: tuple[float, ...]
    before: dict[str, Any]  # "ppo", "grpo"
    after: dict[str, Any]
    row: int  # of the changed response in its group
    origin: str
    drift: float


def refusal(text: str, most: int, alphabet: str) -> str | None:
    """Why this cannot be a response, in one sentence that does not repeat the text; None if it can."""
    if not text:
        return _("Write at least one character.")
    if len(text) > most:
        return _("At most {room} characters fit, but these are {count}.").format(room=most, count=len(text))
    strange = next((x for x in text if x not in alphabet), None)
    if strange is not None:
        return _("{given} is no character of this model; it knows {names}").format(
            given=plain(named(strange)), names=f"`{listed(alphabet)}`"
        )
    return None


def edit_section(batch: Frozen, group: Group, reply: Reply, is_seen: bool) -> None:
    """Change a response, see its reward and both credits change; once PPO's has been predicted, as it stands there."""
    st.header(_("Change a token yourself"))
    if not is_seen:
        words = _("Both credits stand side by side here once you have committed to your prediction in the first part.")
        with no_screen("same_edit"):
            say_small(words)
        return
    say(
        _(
            "Write another response in place of this one. The verifier scores it, the policy and the critic of this "
            "very step read it, and both credits are worked out again, for it and for its neighbours."
        )
    )
    if why_not := not_rewritten(batch.run):
        st.info(plain(why_not, 400), icon=":material/edit_off:")
    elif task_kind(batch.run.config.task).alphabet:
        st.fragment(_edit)(batch, group, reply)
    else:
        st.info(
            _(
                "This needs a model that reads character by character: choose a run on sums worked out step by step. "
                "The lab shows this run's tokens with all their numbers."
            ),
            icon=":material/edit_off:",
        )


def _edit(batch: Frozen, group: Group, reply: Reply) -> None:
    config = batch.run.config
    key, about = "sa_text", (batch.run.id, batch.step, reply.sample)
    if st.session_state.get("sa_text_of", about) != about:
        st.session_state[key] = reply.text  # another response: what was typed was not about it
    st.session_state["sa_text_of"] = about
    text = st.text_input(
        _("The response to {prompt}, as the model may write it").format(prompt=plain(group.prompt)),
        value=reply.text,
        key=key,
        bind="query-params",
        help=_("Press Enter to score it. The end-of-sequence token is added."),
    )
    most = (config.max_completion_length or longest_response(config.task)) - 1
    why = refusal(text or "", most, task_kind(config.task).alphabet)
    with st.container(key="same_edited"):
        if why is not None:
            st.warning(why, icon=":material/edit_off:")
        elif text == reply.text:
            st.info(
                _("This is what was sampled. Change a character and press Enter. The right answer is {answer}.").format(
                    answer=plain(group.answer)
                ),
                icon=":material/edit:",
            )
        else:
            _scored(batch, group, reply, str(text))


def _scored(batch: Frozen, group: Group, reply: Reply, text: str) -> None:
    bar = st.progress(0.0, text=_("Restoring the models of step {step}…").format(step=batch.step + 1))
    try:
        edited = score_edited(batch, group, reply, text, lambda share: bar.progress(min(1.0, share)))
    except ValueError as error:
        st.warning(plain(tell(error), 400), icon=":material/edit_off:")
        return
    finally:
        bar.empty()
    _verdict(edited, reply)
    rows: list[Row] = []
    for who in ("ppo", "grpo"):
        for when, words, tokens in (("before", _("before"), reply.tokens), ("after", _("after"), edited.tokens)):
            credit = (edited.before if when == "before" else edited.after)[who][edited.row, : len(tokens)].tolist()
            rows.append(
                Row(
                    f"{who}-{when}",
                    f"{learner_title(who)} · {words}",
                    tokens,
                    credit,
                    learner=LEARNER_KINDS[who].colour,
                )
            )
    token_strips(rows, key="same_edit_strips", quantity=_("advantage, in units of reward"), pickable=False)
    _neighbours(group, edited)
    how = {
        "start": _("the start weights"),
        "checkpoint": _("a checkpoint of the run"),
        "training again": _("training again from the run's seed up to this step"),
    }[edited.origin]
    say_small(
        _(
            "Read by {learner}'s policy and critic before step {step} (source: {how}). Scored again, the trace's own "
            "tokens differ by at most {drift}."
        ).format(learner=plain(learner_title(batch.learner)), step=batch.step + 1, how=how, drift=f"{edited.drift:.1g}")
    )


def _verdict(edited: Edited, reply: Reply) -> None:
    from math import exp

    least = lowest(edited.logprobs)
    words = (
        _(
            "Reward **{before} → {after}** (read as answer: {answer}). The policy would write this with probability "
            "{whole}; least likely is “{token}” at position {position}, with {least}."
        )
        if len(least) == 1
        else _(
            "Reward **{before} → {after}** (read as answer: {answer}). The policy would write this with probability "
            "{whole}; least likely, each with {least}, are {count} of its tokens, the first at position {position}."
        )
    )
    say(
        words.format(
            before=f"{reply.reward:g}",
            after=f"{edited.reward:g}",
            answer=plain(edited.answer) if edited.answer else _("none"),
            whole=f"{exp(sum(edited.logprobs)):.2g}",
            token=plain(token_name(edited.tokens[least[0]])),
            count=len(least),
            position=least[0] + 1,
            least=f"{exp(edited.logprobs[least[0]]):.2g}",
        )
    )


def _neighbours(group: Group, edited: Edited) -> None:
    """What the change did to the responses beside it: the first token's credit stands for the response under GRPO."""
    others = [i for i in range(len(group.replies)) if i != edited.row]
    if not others:
        return
    moved = {
        who: max(
            float((edited.after[who][i, :count] - edited.before[who][i, :count]).abs().max())
            for i in others
            for count in [len(group.replies[i].tokens)]
        )
        for who in ("ppo", "grpo")
    }
    say(
        ngettext(
            "And the other response of the group, which nobody touched: GRPO's credit of its tokens moved by up to "
            "**{grpo}**, PPO's by up to **{ppo}**.",
            "And the other {count} responses of the group, which nobody touched: GRPO's credit of their tokens moved "
            "by up to **{grpo}**, PPO's by up to **{ppo}**.",
            len(group.replies) - 1,
        ).format(count=len(group.replies) - 1, grpo=f"{moved['grpo']:.3f}", ppo=f"{moved['ppo']:.3f}")
    )


def score_edited(batch: Frozen, group: Group, reply: Reply, text: str, progress: Any = None) -> Edited:
    """The group's credit with `text` in the place of `reply`. Raises ValueError if the models cannot read it."""
    engine()
    import torch
    import torch.nn.functional as F

    from core.algorithms.types import Experience, take
    from core.insight.panel import Panel
    from core.insight.replay import score_texts
    from core.learners.registry import credit_for, learner, needs_of
    from core.rewards import REWARDS
    from core.rewards.base import Asked, Occasion

    trained = models(batch.run, batch.learner, batch.step, progress)
    panel = Panel.of(batch.samples, batch.tokens)
    index = torch.tensor([panel.samples.index(x.sample) for x in group.replies])
    row = group.replies.index(reply)
    prompt = panel.prompts[int(index[row])]
    scores = score_texts(trained.trainer, prompt, [text])
    reward = REWARDS[batch.settings.reward]
    [verdict] = reward.score(trained.trainer.task, [Asked(prompt, text, True)], Occasion(0, 0))
    if not reward.of_content:  # whatever is written, its place in the step is paid the same
        verdict = replace(verdict, reward=reply.reward)
    before = take(panel.experience(), index)
    length = max(before.mask.shape[1], scores.mask.shape[1])

    def put(old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        wide = F.pad(old, (0, length - old.shape[1])).clone()
        wide[row] = F.pad(new[0], (0, length - new.shape[1]))
        return wide

    rewards = before.rewards.clone()
    rewards[row] = verdict.reward
    assert before.values is not None
    assert scores.values is not None
    was, is_ = before.logprobs_ref, scores.logprobs_ref  # without a reference no KL is part of the reward
    after = Experience(
        mask=put(before.mask, scores.mask),
        logprobs_old=put(before.logprobs_old, scores.logprobs),
        logprobs_ref=None if was is None or is_ is None else put(was, is_),
        rewards=rewards,
        group=before.group,
        truncated=before.truncated & (torch.arange(len(index)) != row),
        values=put(before.values, scores.values),
    )
    assert needs_of(batch.settings).critic
    settings: dict[str, AnyLearner] = {
        "ppo": batch.settings.model_copy(update={"whiten_advantages": False, "bootstrap_truncated": False}),
        "grpo": learner("grpo", scale_rewards="none"),
    }
    return Edited(
        tokens=(*text, "<eos>"),
        reward=verdict.reward,
        answer=verdict.answer,
        success=verdict.success,
        logprobs=tuple(scores.logprobs[0].tolist()),
        before={who: credit_for(x)(before).advantages for who, x in settings.items()},
        after={who: credit_for(x)(after).advantages for who, x in settings.items()},
        row=row,
        origin=trained.origin,
        drift=trained.drift,
    )
