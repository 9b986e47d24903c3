"""One real training step taken apart, on one real response."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from lessons.how_ppo_works.pipeline import batch_gamma, batch_lam
from lessons.i18n import _
from lessons.kit.lesson import (
    FormulaPart,
    Frozen,
    Group,
    Pick,
    Place,
    Reply,
    Row,
    Sub,
    equation,
    formula,
    num,
    result,
    stepper,
    token_strips,
)


@dataclass(frozen=True)
class Scene:
    """What a sub-step works on."""

    batch: Frozen
    reply: Reply
    place: Place

    @property
    def length(self) -> int:
        return len(self.reply.tokens)

    @property
    def last(self) -> int:
        """The number of the last pass."""
        return len(self.reply.passes) - 1


def substeps(batch: Frozen, group: Group) -> None:
    """The stepper, the term in play, and the numbers so far. One fragment."""
    st.fragment(_substeps)(batch, group)


def subs(length: int) -> list[Sub]:
    """The sub-steps for a response of `length` tokens."""
    return [
        Sub("sample", _("Sample token by token"), length),
        Sub("score", _("Score the response")),
        Sub("kl", _("KL for each token")),
        Sub("values", _("What the critic expected")),
        Sub("delta", _("Surprise δ")),
        Sub("gae", _("GAE, from the end backwards"), length),
        Sub("whiten", _("Whitening")),
        Sub("ratio", _("Ratio")),
        Sub("clip", _("Clip")),
        Sub("update", _("Update")),
    ]


def _substeps(batch: Frozen, group: Group) -> None:
    reply = group.telling
    place = stepper(subs(len(reply.tokens)), key="ppo_sub")
    with st.container(key="ppo_sub_body"):
        _DRAW[place.key](Scene(batch, reply, place))


def _row(scene: Scene, name: str, label: str, values: Any, **more: Any) -> Row:
    return Row(name, label, scene.reply.tokens, tuple(values), **more)


def _show(rows: list[Row], quantity: str, kind: Any = "signed", **options: Any) -> Pick | None:
    return token_strips(rows, key="ppo_sub_strips", quantity=quantity, kind=kind, link="token", **options)


def _at(pick: Pick | None, default: int) -> int:
    return default if pick is None else pick.at


def _filled(scene: Scene, t: int, left: str, right: str, value: float | None) -> None:
    """The formula with the numbers of token t (from 0) in it."""
    if value is not None:
        equation(rf"{left.replace('_t', f'_{{{t + 1}}}')} = {right} \approx {result(value)}")


def _numbers(scene: Scene, name: str, number: int = 0) -> list[float]:
    """A column that PPO always has."""
    return [math.nan if x is None else x for x in scene.reply.column(name, number)]


def _sample(scene: Scene) -> None:
    formula([FormulaPart("o_t", "sample", "ppo"), r" \sim \pi_{\text{old}}(\,\cdot \mid q,\ o_{<t})"], active="sample")
    st.markdown(
        _(
            "The policy gives every possible next token a probability, and one is drawn. Its log-probability is kept: "
            "the ratio will need it. Press Next to draw the next one."
        )
    )
    hidden = [t >= scene.place.part for t in range(scene.length)]
    spot = [t == scene.place.part - 1 for t in range(scene.length)]
    values = scene.reply.column("logprob_old")
    row = _row(scene, "sample", _("log π_old"), values, hidden=hidden, spot=spot, learner="blue")
    _show([row], _("log-probability"), "falling", domain=_known(values))


def _score(scene: Scene) -> None:
    formula([r"R = ", FormulaPart(r"\text{reward}(q, o)", "score", "accent")], active="score")
    verdict = _("right") if scene.reply.success else _("wrong")
    st.markdown(
        _(
            "The finished response gets one number: this one is {verdict}, so R = {reward:g}. It arrives at the last "
            "token. The tokens before it have got nothing yet, which is not the same as 0."
        ).format(verdict=verdict, reward=scene.reply.reward)
    )
    values = [None] * (scene.length - 1) + [scene.reply.reward]
    _show([_row(scene, "score", _("reward R"), values)], _("reward"), "signed", domain=[-1, 1])


def _kl(scene: Scene) -> None:
    formula(
        [
            "r_t = -",
            FormulaPart(r"\beta\,(\log\pi_{\text{old}}(o_t) - \log\pi_{\text{ref}}(o_t))", "kl", "negative"),
            r" + [t = T]\,R",
        ],
        active="kl",
    )
    coefficient = float(getattr(scene.batch.settings, "kl_coef", 0.0))
    st.markdown(
        _(
            "The frozen reference scores the same tokens. Where the policy has become keener on a token than the "
            "reference, the difference k1 is above 0 and costs β = {beta:g} times as much reward."
        ).format(beta=coefficient)
    )
    k1, rewards = scene.reply.column("kl_k1"), scene.reply.column("token_reward")
    more = {"log π_old": scene.reply.column("logprob_old"), "log π_ref": scene.reply.column("logprob_ref")}
    _show(
        [_row(scene, "k1", "k1", k1, more=more), _row(scene, "r", _("token reward r"), rewards)],
        _("KL and reward"),
        domain=_known(k1) + _known(rewards[:-1]),
        digits=3,
    )


def _values(scene: Scene) -> None:
    formula([FormulaPart("V_t", "values", "truth"), r" = V_\phi(q,\ o_{<t})"], active="values")
    st.markdown(
        _(
            "Before each token the critic says what reward it expects. It sees the question and the tokens so far, "
            "nothing of what comes."
        )
    )
    _show([_row(scene, "v", _("value V"), scene.reply.column("value"))], _("value"), "plain")


def _delta(scene: Scene) -> None:
    formula([FormulaPart(r"\delta_t", "delta", "ppo"), r" = r_t + \gamma V_{t+1} - V_t"], active="delta")
    st.markdown(
        _(
            "Surprise: what the token brought, plus what is expected after it, minus what was expected before it. "
            "After a blunder the expectation falls, and δ is below 0 at that very token."
        )
    )
    deltas = _numbers(scene, "delta")
    value, reward = _numbers(scene, "value"), _numbers(scene, "token_reward")
    more = {"r": reward, "V": value}
    row = _row(scene, "delta", "δ", deltas, more=more, learner="blue")
    t = _at(_show([_row(scene, "v", "V", value), row], _("value and surprise")), deltas.index(min(deltas)))
    following = [*value[1:], 0.0][t]
    gamma = num(batch_gamma(scene.batch))
    _filled(scene, t, r"\delta_t", rf"{num(reward[t])} + {gamma} \cdot {num(following)} - {num(value[t])}", deltas[t])


def _gae(scene: Scene) -> None:
    formula([FormulaPart("A_t", "gae", "ppo"), r" = \delta_t + \gamma\lambda A_{t+1}"], active="gae")
    st.markdown(
        _(
            "From the last token to the first: a token is credited with its own surprise and with those after it, "
            "faded by γλ = {decay:g} a token. Press Next to fill in the one before."
        ).format(decay=batch_gamma(scene.batch) * batch_lam(scene.batch))
    )
    t = scene.length - scene.place.part
    deltas, raw = _numbers(scene, "delta"), _numbers(scene, "advantage_raw")
    hidden = [i < t for i in range(scene.length)]
    spot = [i == t for i in range(scene.length)]
    rows = [
        _row(scene, "delta", "δ", deltas, spot=spot),
        _row(scene, "A", _("advantage A"), raw, hidden=hidden, spot=spot, learner="blue"),
    ]
    _show(rows, _("surprise and advantage"), domain=deltas + raw)
    decay = num(batch_gamma(scene.batch) * batch_lam(scene.batch))
    _filled(scene, t, "A_t", rf"{num(deltas[t])} + {decay} \cdot {num([*raw[1:], 0.0][t])}", raw[t])


def _whiten(scene: Scene) -> None:
    formula([FormulaPart(r"\hat A_t", "whiten", "ppo"), r" = (A_t - \text{mean}) \,/\, \text{std}"], active="whiten")
    raw, used = _numbers(scene, "advantage_raw"), _numbers(scene, "advantage")
    if getattr(scene.batch.settings, "whiten_advantages", False):
        mean, std = _shift_and_scale(raw, used)
        st.markdown(
            _(
                "Over all tokens of the batch, advantages are shifted and scaled to mean 0 and standard deviation 1. "
                "Here the mean was {mean:.3f} and the standard deviation {std:.3f}. A token’s sign may change."
            ).format(mean=mean, std=std)
        )
    else:
        st.markdown(_("Whitening was switched off in this run: the loss used A as it is."))
    rows = [_row(scene, "A", _("before: A"), raw), _row(scene, "Ahat", _("after: Â"), used, learner="blue")]
    _show(rows, _("advantage"))


def _shift_and_scale(raw: list[float], used: list[float]) -> tuple[float, float]:
    """The batch's mean and standard deviation, read off what whitening made of two different tokens."""
    low, high = raw.index(min(raw)), raw.index(max(raw))
    if used[high] == used[low]:
        return math.nan, math.nan
    std = (raw[high] - raw[low]) / (used[high] - used[low])
    return raw[high] - std * used[high], std


def _ratio(scene: Scene) -> None:
    formula(
        [FormulaPart(r"\rho_t", "ratio", "accent"), r" = \pi_\theta(o_t) \,/\, \pi_{\text{old}}(o_t)"],
        active="ratio",
    )
    st.markdown(
        _(
            "The batch is used {passes} times. Before the first update every ratio is exactly 1. Then the policy "
            "moves, while the tokens stay those of the old one: the ratio says how much more likely each has become."
        ).format(passes=scene.last)
    )
    rows = [
        _row(scene, f"pass{n}", _("before the update") if n == 0 else _("after pass {n}").format(n=n), values)
        for n in range(scene.last + 1)
        for values in [scene.reply.column("ratio", n)]
    ]
    _show(rows, _("ratio ρ"), "ratio", domain=_known(scene.reply.column("ratio", scene.last)))


def _clip(scene: Scene) -> None:
    settings = scene.batch.settings
    formula(
        [
            r"J_t = \min(\rho_t \hat A_t,\ ",
            FormulaPart(r"\text{clip}(\rho_t, 1-\varepsilon, 1+\varepsilon)", "clip", "accent"),
            r"\,\hat A_t)",
        ],
        active="clip",
    )
    cut = sum(bool(x) for x in scene.reply.column("clipped", scene.last))
    everywhere = [x for g in scene.batch.groups for r in g.replies for x in r.column("clipped", len(r.passes) - 1)]
    st.markdown(
        _(
            "Range {low:g} to {high:g}. A token that has moved out of it in the direction that its advantage wants "
            "gets no further push: its gradient is 0. After the last pass that holds for {cut} of these {n} tokens, "
            "and for {share:.1%} of the stored batch."
        ).format(
            low=1 - settings.epsilon,
            high=1 + settings.clip_high,
            cut=cut,
            n=scene.length,
            share=sum(bool(x) for x in everywhere) / max(1, len(everywhere)),
        )
    )
    ratio, used = _numbers(scene, "ratio", scene.last), _numbers(scene, "advantage")
    marks: list[Any] = [{1: "high", -1: "low"}.get(int(x or 0)) for x in scene.reply.column("clipped", scene.last)]
    more = {"Â": used, "J": scene.reply.column("objective", scene.last)}
    row = _row(scene, "ratio", _("ratio after pass {n}").format(n=scene.last), ratio, marks=marks, more=more)
    _show([row], _("ratio ρ"), "ratio")


def _update(scene: Scene) -> None:
    formula(
        [r"\theta \leftarrow \theta + ", FormulaPart(r"\alpha\,\nabla_\theta\, \text{mean}(J_t)", "update", "ppo")],
        "update",
    )
    moved, all_ = _followed(scene.batch)
    st.markdown(
        _(
            "The weights move so that J grows. Tokens share weights, so not each one goes where its own advantage "
            "wants: of the stored batch’s {all} tokens, {moved} became more likely where Â > 0, or less likely where "
            "Â < 0. The critic is fitted at the same time, to R = A + V."
        ).format(all=all_, moved=moved)
    )
    change = [
        now - old
        for now, old in zip(_numbers(scene, "logprob", scene.last), _numbers(scene, "logprob_old"), strict=True)
    ]
    rows = [
        _row(scene, "Ahat", "Â", _numbers(scene, "advantage"), learner="blue"),
        _row(scene, "change", _("change of log-probability"), change),
    ]
    _show(rows, _("advantage and change"))


def _followed(batch: Frozen) -> tuple[int, int]:
    """How many of the stored tokens became likelier or unlikelier as their advantage wants, and of how many."""
    moved = count = 0
    for reply in (r for g in batch.groups for r in g.replies):
        columns = (reply.column("logprob_old"), reply.column("logprob", -1), reply.column("advantage"))
        for old, now, advantage in zip(*columns, strict=True):
            if old is not None and now is not None and advantage is not None:
                count += 1
                moved += (now - old) * advantage > 0
    return moved, count


def _known(values: Any) -> list[float]:
    return [x for x in values if x is not None]


_DRAW: dict[str, Callable[[Scene], None]] = {
    "sample": _sample,
    "score": _score,
    "kl": _kl,
    "values": _values,
    "delta": _delta,
    "gae": _gae,
    "whiten": _whiten,
    "ratio": _ratio,
    "clip": _clip,
    "update": _update,
}
