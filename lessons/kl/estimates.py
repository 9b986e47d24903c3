"""The KL on a frozen batch: three estimates beside the exact value, in the reward or the loss, and their gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.runs.store import RunStore
from lessons import shared
from lessons.i18n import _, listed, ngettext, one_after_another
from lessons.kit.critic import token_at
from lessons.kit.display import plain
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Choice, Frozen, Row, at_step, engine, predict, revealed, token_strips
from lessons.kit.lesson.replies import verdict_note
from lessons.kit.numbers import number, signed, table, whole
from lessons.kit.ties import lowest

if TYPE_CHECKING:
    from core.insight.kl_study import Spread

ESTIMATES = ("k1", "k2", "k3")
#: The prediction's key.
GUESS = "rck_kl"
START = 21  # the step first shown, counted from 1: by then the policy has left the reference


def kl_batch(batch: Frozen) -> Frozen | None:
    """The slider for the step, and that step's batch; None, with a sentence, where the run kept no reference."""
    engine()
    from core.insight.kl_study import spreads

    last = next(x for x in batch.run.learners if x.name == batch.learner).step + 1
    if last > 1:
        chosen = st.slider(
            _("Step of the run: how far training has come"),
            1,
            last,
            min(START, last),
            1,
            key="rck_step",
            bind="query-params",
        )
    else:
        chosen = 1
    here = at_step(batch, chosen - 1)
    if not spreads(here.tokens):
        st.info(_("This run kept no reference model's log-probabilities, so there is no KL to look at."))
        return None
    return here


def prediction(here: Frozen) -> None:
    """Which estimate is least noisy over the run? Of its steps the picture has one, which shows no such thing."""
    steps = len(_steps_looked_at(here))
    spread_of = _pooled_at(here) if revealed(GUESS, _about(here)) else {}
    known = {name: x for name, x in spread_of.items() if name in ESTIMATES}
    least = [list(known)[i] for i in lowest([x.std for x in known.values()])] if known else []
    measured = _("Measured standard deviations: {numbers}.").format(
        numbers=listed(f"{name} {number(x.std)}" for name, x in known.items())
    )
    reasons = {
        "k1": _("k1 has both signs, so near the reference its noise is the largest; far from it, it has no long tail."),
        "k2": _("k2 is small where the log-ratio is small, and grows with its square where it is not."),
        "k3": _("k3 is small near the reference too, but e⁻ˣ is huge where the reference likes a token far better."),
    }
    choices = [Choice(name, name in least, f"{reasons[name]} {measured}") for name in ESTIMATES]
    question = ngettext(
        "Over this run's only step, which estimate of the KL scatters least?",
        "The picture has the tokens of one step. Over {steps} steps of the run, from the first to the last, which "
        "estimate of the KL scatters least?",
        steps,
    )
    predict(GUESS, question.format(steps=steps), choices, about=_about(here))


def _furthest(here: Frozen) -> str:
    """The token that the policy and the reference disagree on most, and what each estimate makes of it."""
    columns = ("kl_k1", "kl_k2", "kl_k3")
    tokens = [
        (x, t, [x.column(name)[t] or 0.0 for name in columns]) for x in here.replies for t in range(len(x.tokens))
    ]
    reply, at, values = max(tokens, key=lambda x: abs(x[2][0]))
    if values[0] == 0:
        return ""  # the policy still is the reference
    return _("Furthest out is {token} of {response}: {numbers}.").format(
        token=token_at(reply, at),
        response=plain(reply.text, 40),
        numbers=listed(f"{name} {signed(x)}" for name, x in zip(ESTIMATES, values, strict=True)),
    )


def _about(here: Frozen) -> str:
    return f"{here.run.id} {here.learner}"


def bias_and_spread(here: Frozen) -> None:
    """The table of the run and, folded, of the step, once the learner has predicted."""
    from core.insight.kl_study import spreads

    if not revealed(GUESS, _about(here)):
        say_small(_("Commit to a prediction above; the numbers of each estimate then stand here."))
        return
    pooled, spread_of = _pooled_at(here), spreads(here.tokens)
    with st.container(key="rck_spreads"):
        say(_table(pooled))
        say_small(
            _(
                "{count} tokens before the first update, sampled by the policy that is scored. ± is the standard error "
                "of the bias. The exact KL itself varies from token to token."
            ).format(count=whole(pooled["exact"].tokens))
        )
        say(_verdict(pooled))
    with st.expander(_("This step alone"), icon=":material/filter_1:", key="rck_step_alone"):
        say(_table(spread_of))
        say_small(_("Tokens: {count}.").format(count=whole(spread_of["exact"].tokens)))
        say(one_after_another(_verdict(spread_of), _furthest(here)))


def _table(spread_of: dict[str, Spread]) -> str:
    head = [_("estimate"), _("mean"), _("bias against exact"), _("standard deviation"), _("negative")]
    rows = []
    for name, x in spread_of.items():
        bias = "" if name == "exact" else f"{signed(x.bias, 3)} ± {number(x.bias_error)}"
        label = _("exact") if name == "exact" else name
        rows.append((label, number(x.mean), bias, number(x.std), f"{100 * x.negative:.0f} %"))
    return table(head, rows)


def _verdict(spread_of: dict[str, Spread]) -> str:
    """What the numbers say about the textbook's claims, whether they agree or not."""
    off = [name for name in ESTIMATES if abs(spread_of[name].bias) > 2 * spread_of[name].bias_error]
    bias = (
        _("More than two standard errors off: {names}.").format(names=listed(off))
        if off
        else _(
            "No estimate is off by more than two standard errors: on so few tokens even k2's bias hides in the noise."
        )
    )
    if spread_of["k3"].std < spread_of["k1"].std:
        noise = _("k3 scatters less than k1 here, as the textbook says.")
    else:
        noise = _(
            "The textbook says that k3 scatters less than k1. **Here it scatters more** ({k3} against {k1}): "
            "that claim "
            "is about policies close to the reference. Further away, a few tokens that the reference likes far better "
            "make e⁻ˣ huge."
        ).format(k3=number(spread_of["k3"].std), k1=number(spread_of["k1"].std))
    return f"{bias} {noise}"


def _steps_looked_at(here: Frozen, at_most: int = 40) -> range:
    """Up to `at_most` steps, evenly from the run's first to its last."""
    last = next(x for x in here.run.learners if x.name == here.learner).step
    return range(0, last + 1, max(1, (last + at_most) // at_most))


def _pooled_at(here: Frozen) -> dict[str, Spread]:
    """The estimates over these steps of the run."""
    made = next(x.updated for x in here.run.learners if x.name == here.learner)
    return _pooled(here.run.id, here.learner, tuple(_steps_looked_at(here)), made, shared.store())


@st.cache_data(show_spinner=False, max_entries=16)
def _pooled(run_id: str, learner: str, steps: tuple[int, ...], made: float, _runs: RunStore) -> dict[str, Spread]:
    import pyarrow as pa

    from core.insight.kl_study import fresh, spreads

    return spreads(pa.concat_tables([fresh(_runs.tokens(run_id, learner, s)) for s in steps]))


def reward_or_loss(here: Frozen) -> None:
    """The same response, penalised in the reward and in the loss."""
    import torch

    from core.insight.kl_study import in_the_reward
    from core.insight.kl_study import pulls as pulls_of

    gamma, lam = getattr(here.settings, "gamma", 1.0), getattr(here.settings, "lam", 0.95)
    weight = here.settings.kl_coef or here.settings.beta or 0.05
    reply = max(here.replies, key=lambda x: max(abs(k or 0.0) for k in x.column("kl_k1")))
    logprob, ref, k1 = (
        torch.tensor(reply.column(name), dtype=torch.float64) for name in ("logprob", "logprob_ref", "kl_k1")
    )
    in_reward = in_the_reward(k1, weight, gamma, lam)
    in_loss = -weight * pulls_of(logprob, ref)["k3"]
    say(
        _(
            "**In the reward** (PPO here): −β·k1 is paid at each token and goes through GAE (γ {gamma}, λ {lam}), so a "
            "token also pays for what follows; the clip applies. **In the loss** (GRPO's way): β·k3 is added, each "
            "token answers for itself, no clip applies. The same response, β = {beta}:"
        ).format(gamma=f"{gamma:g}", lam=f"{lam:g}", beta=f"{weight:g}")
    )
    rows = [
        Row("kl", _("log-ratio to the reference (k1)"), reply.tokens, k1.tolist(), note=verdict_note(reply)),
        Row("reward", _("in the reward: added to the token's advantage"), reply.tokens, in_reward.tolist()),
        Row("loss", _("in the loss: pull on the token's log-probability"), reply.tokens, in_loss.tolist()),
    ]
    scale = [*in_reward.tolist(), *in_loss.tolist()]
    token_strips(rows[:1], key="rck_kl_strip", quantity="k1", digits=2, link="rck_kl_token")
    token_strips(
        rows[1:], key="rck_where_strip", quantity=_("push on the token"), digits=3, domain=scale, link="rck_push_token"
    )
    pairs = enumerate(zip(in_loss.tolist(), in_reward.tolist(), strict=True))
    lone = {t: abs(y) for t, (x, y) in pairs if abs(x) < 5e-4 <= abs(y)}
    charged = _(
        "{count} of {total} tokens are charged in the reward though their own KL pulls at them by less than "
        "0.0005: they pay for what follows."
    ).format(count=len(lone), total=len(reply.tokens))
    most = ""
    if lone:
        at = max(lone, key=lone.__getitem__)
        most = _("Most of all {token}, by {pushed}.").format(
            token=token_at(reply, at), pushed=signed(float(in_reward[at]), 3)
        )
    say_small(one_after_another(charged, most))
