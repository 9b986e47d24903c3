"""Algorithms, side by side: any two, the lines in which they differ, and their credit of the same stored responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.algorithms.surrogates import SURROGATES
from core.curation import task_of
from core.learners.kind import FormulaLine
from core.learners.registry import AnyLearner, differing, learner_kind, lines, needs_of, usual_learners
from core.learners.variants import VARIANTS, Variant
from lessons.i18n import N_, _, listed, ngettext, prose, tell
from lessons.kit.chrome import storage_guard
from lessons.kit.display import plain
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import (
    Code,
    Frozen,
    Group,
    Reply,
    Row,
    engine,
    frozen,
    pick_group,
    say_where,
    show_code,
    token_strips,
)
from lessons.kit.lesson.formula import worded
from lessons.kit.lesson.replies import alike, spans, verdict_note
from lessons.kit.linked import linked
from lessons.kit.restored import not_rewritten
from lessons.kit.truth import is_measured, truth

if TYPE_CHECKING:
    from torch import Tensor

LINES: dict[FormulaLine, str] = {
    "questions": N_("Questions"),
    "reward": N_("Reward"),
    "advantage": N_("Advantage"),
    "normalisation": N_("Normalisation"),
    "ratio": N_("Ratio"),
    "surrogate": N_("Objective of a token"),
    "kl": N_("KL in the loss"),
    "aggregation": N_("Loss"),
}
#: The lines that say what the update makes of a credit.
UPDATE: set[FormulaLine] = {"ratio", "surrogate", "kl", "aggregation"}
#: What the strips may show: the advantage, or what the loss makes of it in the rollout's second pass.
SHOWN = {"credit": N_("credit (advantage)"), "pull": N_("pull on the token in the update")}


def choose() -> tuple[Variant, Variant]:
    """Two algorithms, kept in the link."""
    chosen = []
    keys, labels = ("alg_one", "alg_two"), (_("First algorithm"), _("Second algorithm"))
    usual = [x.name for x in usual_learners()[:2]]
    for column, key, first, label in zip(st.columns(2), keys, usual, labels, strict=True):
        with column:
            titles = {name: variant.title for name, variant in VARIANTS.items()}
            name = linked(st.selectbox, label, list(titles), key=key, first=first, format_func=titles.__getitem__)
            chosen.append(VARIANTS[name])
    return chosen[0], chosen[1]


def formulas(one: Variant, two: Variant) -> None:
    """Line by line; those that differ stand in a frame with a word that says so."""
    first, second = ({name: worded(x) for name, x in lines(each.settings).items()} for each in (one, two))
    unlike = differing(one.settings, two.settings)
    st.header(_("The formula, line by line"))
    if not unlike:
        st.info(_("These two are the same, line by line: choose another."), icon=":material/equal:")
    else:
        say(
            _("They differ in **{count} of {all}** lines: {names}.").format(
                count=len(unlike), all=len(first), names=listed(_(LINES[x]) for x in unlike)
            )
        )
    for line in first:
        differs = line in unlike
        with st.container(border=differs, key=f"alg_line_{line}"):
            word = ":material/difference: " + _("differs") if differs else ":material/equal: " + _("the same")
            say(f"**{_(LINES[line])}** · {word}")
            if differs:
                for column, variant, formula in zip(
                    st.columns(2), (one, two), (first[line], second[line]), strict=True
                ):
                    with column:
                        say_small(variant.title)
                        say(rf"$\displaystyle {formula}$")
                        if line == "surrogate":
                            say_surrogate(variant)
            else:
                say(rf"$\displaystyle {first[line]}$")
                if line == "surrogate":
                    say_surrogate(one)
    for variant in (one, two) if two.name != one.name else (one,):
        say_small("\n\n".join(about(variant)))


def about(variant: Variant) -> list[str]:
    """Where its credit comes from, its paper, and where it is not the paper to the letter.

    The first is its kind's summary; where settings differ from the kind's own, what those make of it.
    """
    kind = learner_kind(variant.settings)
    if variant.changes:
        places = {**variant.settings.model_dump(), "name": f"**{variant.title}**", "size": "G"}
        credit = _(kind.strip_title(variant.settings)).format(**places)
    else:
        credit = f"**{variant.title}** · {_(kind.summary)}"
    return [credit, _("Paper: {paper}.").format(paper=variant.paper), *([_(variant.note)] if variant.note else [])]


def say_surrogate(variant: Variant) -> None:
    """Which surrogate the line is of, and where it is from."""
    surrogate = SURROGATES[variant.settings.surrogate]
    title = _(surrogate.title)
    say_small(_("{title} ({paper})").format(title=title, paper=surrogate.paper) if surrogate.paper else title)


def sources(one: Variant, two: Variant) -> list[Code]:
    """The functions of the two: their credit and their surrogate, each once."""
    codes = {}
    for variant in (one, two):
        kind, surrogate = learner_kind(variant.settings), SURROGATES[variant.settings.surrogate]
        codes[kind.source] = _("The credit of {name}").format(name=kind.title)
        codes[surrogate.source] = _(surrogate.title)
    parted = ((*source.partition(":"), what) for source, what in codes.items())
    return [Code(path, name, what) for path, _colon, name, what in parted]


def credits(batch: Frozen, group: Group, one: Variant, two: Variant, shown: str) -> None:
    """Strips in pairs: what each algorithm makes of the same responses."""
    rows = []
    for variant, name in zip((one, two), ("one", "two"), strict=True):
        numbers = evaluate(batch, variant, shown)
        rows.append((variant, name, numbers))
    drawn = []

    def shown_of(reply: Reply) -> list[float]:
        return [x for *_names, numbers in rows for x in numbers[reply.sample][: len(reply.tokens)]]

    for reply, which in alike(group.replies, shown_of):
        note = verdict_note(reply)
        for variant, name, numbers in rows:
            drawn.append(
                Row(
                    f"{name}-{reply.sample}",
                    f"{spans(which)} · {variant.title}",
                    reply.tokens,
                    numbers[reply.sample][: len(reply.tokens)],
                    note=note if name == "one" else "",
                    learner=learner_kind(variant.settings).colour,
                )
            )
    token_strips(drawn, key="alg_strips", quantity=_(SHOWN[shown]), pickable=False)
    same = all(rows[0][2][x.sample] == rows[1][2][x.sample] for x in batch_replies(batch))
    if same and one is not two and shown == "credit":
        unlike = differing(one.settings, two.settings)
        st.info(
            _("The same credit, token by token, for these responses: what these two differ in is {names}.").format(
                names=listed(_(LINES[x]) for x in unlike) or _("nothing")
            )
            + (" " + _("Show the pull to see what the update makes of it.") if set(unlike) & UPDATE else ""),
            icon=":material/equal:",
        )


def batch_replies(batch: Frozen) -> list[Reply]:
    return [reply for group in batch.groups for reply in group.replies]


def evaluate(batch: Frozen, variant: Variant, shown: str) -> dict[int, list[float]]:
    """Sample → its tokens' numbers under the variant, through the functions that train."""
    engine()
    from core.insight.whatif import credit_under, effect_under, stored_step

    step = stored_step(batch.samples, batch.tokens)
    settings = variant.settings
    if not has_reference(batch):
        settings = settings.model_copy(update={"kl_coef": 0.0, "beta": 0.0})
    if needs_of(settings).continuations:
        credit = credit_under(step, settings, measured_values(batch, settings))
    else:
        measures = learner_kind(settings).measure is not None
        credit = credit_under(step, settings, task=task_of(batch.run.config) if measures else None)
    numbers = credit.advantages
    if shown == "pull":
        longest = batch.run.config.max_completion_length or step.panel.mask.shape[1]
        effect = effect_under(step, credit, settings, longest, max(0, step.passes - 1))
        numbers = -effect.gradient * step.panel.mask.sum()
    return {sample: numbers[i].tolist() for i, sample in enumerate(step.panel.samples)}


def has_reference(batch: Frozen) -> bool:
    """Whether the start model's log-probabilities were recorded, so that there is a KL."""
    return batch.tokens["logprob_ref"].null_count < batch.tokens.num_rows


def measured_values(batch: Frozen, settings: AnyLearner) -> Tensor:
    """VinePPO's values: every prefix finished K times by the policy that wrote it. ValueError where it is too large."""
    if why_not := not_rewritten(batch.run):
        raise ValueError(why_not)
    if is_measured(batch, needs_of(settings).continuations):
        return truth(batch, needs_of(settings).continuations).true.values
    bar = st.progress(
        0.0,
        text=ngettext(
            "Finishing every prefix once for VinePPO…",
            "Finishing every prefix {k} times for VinePPO…",
            needs_of(settings).continuations,
        ).format(k=needs_of(settings).continuations),
    )
    try:
        return truth(batch, needs_of(settings).continuations, lambda share: bar.progress(min(1.0, share))).true.values
    finally:
        bar.empty()


def page(one: Variant, two: Variant) -> None:
    formulas(one, two)
    st.header(_("The same responses under both"))
    batch = frozen("ppo", usual=False)
    if batch is None:
        return
    say_where(batch)
    group = pick_group(batch, key="alg_group")
    shown = linked(
        st.radio,
        _("What the strips show"),
        list(SHOWN),
        key="alg_show",
        first="credit",
        format_func=lambda x: _(SHOWN[x]),
        horizontal=True,
    )
    if not has_reference(batch):
        say_small(_("No reference model was run here, so the KL's weight counts as 0 in both."))
    try:
        credits(batch, group, one, two, shown)
    except ValueError as error:
        st.warning(plain(tell(error), 400), icon=":material/error:")
    say_small(
        _(
            "What needs a whole step, such as whitening, is taken over the responses whose tokens were kept. The pull "
            "is minus the loss's gradient at the token's log-probability in the rollout's last pass, times the number "
            "of tokens."
        )
    )


st.title(_("Algorithms, side by side"))
say(prose("algorithms"))
both = choose()
with storage_guard():
    page(*both)
st.header(_("The code that computes it"))
show_code(
    *sources(*both),
    Code("core/algorithms/policy_loss.py", "policy_objective", _("The loss that all share")),
    Code("core/insight/whatif.py", "effect_under", _("What an update would have done")),
)
