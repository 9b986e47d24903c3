"""The sub-steps that train: ratio, clip and update."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.algorithms.ratio import LEVELS
from lessons.how_ppo_works.scene import Scene, known, numbers, show, strip_row
from lessons.i18n import _
from lessons.kit.display import plain
from lessons.kit.first_ratios import first_ratios, older_cuts
from lessons.kit.lesson import FormulaPart, Frozen, equation, formula
from lessons.kit.lesson.frozen import with_cuts
from lessons.kit.lesson.replies import cut_tokens, most_cut
from lessons.kit.own_surrogate import has_clip, own_surrogate


def ratio_step(scene: Scene) -> None:
    level = LEVELS[scene.batch.settings.importance_sampling_level]
    if level.whole:
        equation(level.line)
    else:
        formula(
            [FormulaPart(r"\rho_t", "ratio", "accent"), r" = \pi_\theta(o_t) \,/\, \pi_{\text{old}}(o_t)"],
            active="ratio",
        )
    st.markdown(
        _(
            "The batch is used {passes} times. With each the policy moves, while the tokens stay those of the old one: "
            "the ratio says how much more likely each has become. Before the first update: {first}"
        ).format(passes=scene.last, first=first_ratios(scene.batch))
    )
    rows = [
        strip_row(scene, f"pass{n}", _("before the update") if n == 0 else _("after pass {n}").format(n=n), values)
        for n in range(scene.last + 1)
        for values in [scene.reply.column("ratio", n)]
    ]
    show(rows, _("ratio ρ"), "ratio", domain=known(scene.reply.column("ratio", scene.last)))


def clip_step(scene: Scene) -> None:
    if not has_clip(scene.batch.settings):
        own_surrogate(scene.batch.settings)
        _ratios(scene, scene.last)
        return
    _range(scene)
    if not scene.batch.gradients:
        st.info(_("While the critic warms up, the policy takes no gradient."), icon=":material/hourglass_top:")
        _ratios(scene, scene.last)
        return
    scene, taken = _example(scene)
    _cuts(scene, taken)
    _ratios(scene, taken, cuts=True)


def _example(scene: Scene) -> tuple[Scene, int]:
    """A response and the pass at which gradients of its tokens were cut, from 0, said to be another where it is one.

    The response itself in the last pass, else in another one; else one of its group, of its step, of another step. The
    response itself in the last pass, too, where there is none, and that is said.
    """
    batch, own = scene.batch, scene.reply
    last = batch.gradients[-1]
    if cut_tokens(own, last):
        return scene, last
    group = batch.group(own.group)
    near = with_cuts(batch)
    if near is None:
        st.info(_("No clip cut the gradient of any stored token here, at this step or at those around it."))
        return scene, last
    others = [x for g in near.groups for x in g.replies]
    choice = [[own], list(group.replies), others] if near is batch else [others]
    cut = next(x for replies in choice if (x := most_cut(replies, near.gradients)) is not None)
    if cut.reply is not own:
        words = (
            _(
                "No gradient of that response was cut. Another of this step, of which some were: {response}, for "
                "{prompt}."
            )
            if near is batch
            else _(
                "No gradient of that response was cut. One of step {step}, of which some were: {response}, for "
                "{prompt}."
            )
        )
        prompt = near.group(cut.reply.group).prompt
        st.markdown(words.format(step=near.step + 1, response=plain(cut.reply.text, 80), prompt=plain(prompt, 40)))
    return Scene(near, cut.reply, scene.place), cut.number


def _range(scene: Scene) -> None:
    """The formula, and where it cuts."""
    settings = scene.batch.settings
    formula(
        [
            r"J_t = \min(\rho_t \hat A_t,\ ",
            FormulaPart(r"\text{clip}(\rho_t, 1-\varepsilon, 1+\varepsilon)", "clip", "accent"),
            r"\,\hat A_t)",
        ],
        active="clip",
    )
    st.markdown(
        _(
            "Range {low:g} to {high:g}. A token that has moved out of it in the direction that its advantage wants "
            "gets no further push: its gradient is 0."
        ).format(low=1 - settings.epsilon, high=1 + settings.clip_high)
    )
    if settings.dual_clip is not None:
        st.markdown(
            _(
                "This run has a dual clip, too: where Â < 0, J is at least {c:g} · Â, and above ρ = {c:g} is cut."
            ).format(c=settings.dual_clip)
        )


def _cuts(scene: Scene, taken: int) -> None:
    """How many gradients a pass cut."""
    cut = cut_tokens(scene.reply, taken)
    everywhere = [x for g in scene.batch.groups for r in g.replies for x in r.column("clipped", taken)]
    words = (
        _(
            "When pass {pass}, the last, took its gradients, that held for {cut} of these {n} tokens, and for "
            "{share:.1%} of the stored batch. After it none is taken."
        )
        if taken == scene.batch.gradients[-1]
        else _(
            "When pass {pass} took its gradients, that held for {cut} of these {n} tokens, and for {share:.1%} of the "
            "stored batch."
        )
    )
    st.markdown(
        words.format(
            **{"pass": taken + 1},
            cut=cut,
            n=scene.length,
            share=sum(bool(x) for x in everywhere) / max(1, len(everywhere)),
        )
    )
    if taken == 0 and scene.batch.settings.num_mini_batches == 1:
        st.markdown(_("With one pass in one mini-batch every gradient is taken at ratio 1: the clip never cuts."))
    if older := older_cuts(scene.batch):
        st.caption(older)


def _ratios(scene: Scene, at: int, *, cuts: bool = False) -> None:
    """The ratios after pass `at`; with `cuts`, those at which the next pass took its gradients, and what was cut."""
    label = _("ratio after pass {n}").format(n=at)
    ratio, more = numbers(scene, "ratio", at), {"Â": numbers(scene, "advantage")}
    marks: list[Any] = []
    if cuts:
        marks = [{1: "high", -1: "low"}.get(int(x or 0)) for x in scene.reply.column("clipped", at)]
        label = _("ratio when pass {n} took its gradients").format(n=at + 1)
        taken = scene.reply.column("ratio_update", at)
        ratio = [old if x is None else x for x, old in zip(taken, ratio, strict=True)]  # older runs have the state's
    if not cuts or scene.batch.settings.num_mini_batches == 1:  # else it is of another moment than this ratio
        more["J"] = numbers(scene, "objective", at)
    show([strip_row(scene, "ratio", label, ratio, marks=marks, more=more)], _("ratio ρ"), "ratio")


def update_step(scene: Scene) -> None:
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
        now - old for now, old in zip(numbers(scene, "logprob", scene.last), numbers(scene, "logprob_old"), strict=True)
    ]
    rows = [
        strip_row(scene, "Ahat", "Â", numbers(scene, "advantage"), learner="blue"),
        strip_row(scene, "change", _("change of log-probability"), change),
    ]
    show(rows, _("advantage and change"))


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
