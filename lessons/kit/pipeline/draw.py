"""Puts the pipeline on a page: boxes, data and words go over once; a box that is picked comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.learners.registry import LEARNER_KINDS
from core.runs.store import RunStore
from lessons.i18n import _, ngettext
from lessons.kit.display import one_line
from lessons.kit.lesson import Frozen, Group, mount, say_where
from lessons.kit.lesson.replies import Reply, first_unshared
from lessons.kit.pipeline.both import MODES, Mode, both_credits
from lessons.kit.pipeline.distances import Distances, distances
from lessons.kit.pipeline.words import words
from lessons.kit.scored import is_verdict


@dataclass(frozen=True)
class Box:
    """A box of the drawing. `only`: in one learner's pipeline alone; `sub_grpo`: what stands there in GRPO's."""

    key: str
    kind: Literal["trained", "frozen", "data"]
    title: str
    sub: str
    sub_grpo: str | None = None
    only: Mode | None = None
    dim_grpo: bool = False  # not used by GRPO here

    def view(self, moved: Mapping[Mode, Distances]) -> dict[str, Any]:
        optional = {"sub_grpo": self.sub_grpo, "only": self.only, "dim_grpo": self.dim_grpo or None}
        optional |= {f"moved_{mode}": x.short(self.key) for mode, x in moved.items()}
        always = {"key": self.key, "kind": self.kind, "title": self.title, "sub": self.sub}
        return {**always, **{name: x for name, x in optional.items() if x is not None}}


def pipeline(
    batch: Frozen,
    group: Group,
    *,
    key: str,
    start: Mode = "ppo",
    picked: str | None = None,
    on_picked: Callable[[], None] | None = None,
) -> list[Box]:
    """Draws the step's pipeline with the numbers of one of its groups, in the state of `start`; answers its boxes.

    With `on_picked` a box can be chosen: `picked` is the one that is, and `lessons.board.component.sent(key, "picked")`
    in the callback the new one. Otherwise nothing that is done to it asks the server for anything.
    """
    data, drawn = drawing(batch, group, start=start, picked=picked, pickable=on_picked is not None)
    mount("pipeline", data, key=key, on_picked=on_picked)
    say_where(batch)
    return drawn


def drawing(
    batch: Frozen,
    group: Group,
    *,
    start: Mode = "ppo",
    picked: str | None = None,
    pickable: bool = False,
    runs: RunStore | None = None,
) -> tuple[dict[str, Any], list[Box]]:
    """What the drawing's module is handed, and its boxes; `runs` is the run's store where it is not this process's."""
    credited = both_credits(batch, group, runs)
    settings: dict[str, dict[str, Any]] = {mode: credited["learners"][mode]["settings"] for mode in MODES}
    drawn = boxes(batch, group, settings)
    reply, moved = group.telling, {mode: distances(batch, mode, runs) for mode in MODES}
    titles = {x["title"] for mode in MODES for x in credited["learners"][mode]["terms"]}
    data = {
        **credited,
        "boxes": [x.view(moved) for x in drawn],
        "names": {mode: LEARNER_KINDS[mode].title for mode in MODES},
        "colours": {mode: LEARNER_KINDS[mode].colour for mode in MODES},
        "group": group.number,
        "prompt": one_line(group.prompt, 60),
        "answer": one_line(group.answer, 40),
        "focus": reply.sample,
        "at": _slip(reply, group),
        "decay": settings["ppo"]["gamma"] * settings["ppo"]["lam"],
        "passes": len(batch.gradients),
        "start": start,
        "pickable": pickable,
        "picked": picked,
        "alt": _(
            "{ppo}'s and {grpo}'s pipeline, from a question over the policy's responses to the update. Each box is "
            "a station."
        ).format(ppo=LEARNER_KINDS["ppo"].title, grpo=LEARNER_KINDS["grpo"].title),
        "words": words(is_verdict=is_verdict(batch, group)),
        "titles": {title: _(title) for title in titles},
    }
    return data, drawn


def boxes(batch: Frozen, group: Group, settings: Mapping[str, Mapping[str, Any]]) -> list[Box]:
    """The pipeline's boxes, in the order in which one comes from the other; `settings` by learner, as in a trace."""
    size, right = len(group.replies), sum(x.success for x in group.replies)
    prompts = batch.run.config.prompts_of(batch.settings)
    ppo = settings["ppo"]
    return [
        Box("query", "data", _("Query q"), one_line(group.prompt, 60)),
        Box("policy", "trained", _("Policy π_θ"), _("writes the responses")),
        Box(
            "outputs",
            "data",
            _("Outputs o"),
            _written(size, prompts),
            ngettext("a group of one response", "one group of {n} responses", size).format(n=size),
        ),
        Box(
            "reference",
            "frozen",
            _("Reference π_ref"),
            _reference_sub(group),
            _kl_of_group(settings["grpo"]),
            dim_grpo=not settings["grpo"]["beta"],
        ),
        Box("reward", "frozen", _("Reward"), _("{right} of {all} right").format(right=right, all=size)),
        Box("value", "trained", _("Value model V (critic)"), _("expects a score"), only="ppo"),
        Box("gae", "data", _("GAE"), f"γ = {ppo['gamma']:g}, λ = {ppo['lam']:g}", only="ppo"),
        Box("group", "data", _("Group"), _("each reward against its group's"), only="grpo"),
        Box("advantage", "data", _("Advantage Â"), _("one for each token"), _("one for each response")),
        Box(
            "update",
            "data",
            _("Update"),
            ngettext(
                "one pass over the batch, then new responses",
                "{passes} passes over the batch, then new responses",
                batch.settings.num_iterations,
            ).format(passes=batch.settings.num_iterations),
        ),
    ]


def _slip(reply: Reply, group: Group) -> int | None:
    """The first token of a wrong response that no right one shares; None where there is none to be told."""
    if reply.success or reply.truncated:
        return None
    return first_unshared(reply.tokens, (x.tokens for x in group.replies if x.success))


def _reference_sub(group: Group) -> str:
    """A run that uses no KL need not run the reference at all."""
    known = any(x is not None for reply in group.replies for x in reply.column("logprob_ref"))
    return _("copy of the start model") if known else _("copy of the start model; not run here")


def _written(size: int, prompts: int) -> str:
    """How many responses a step has, and to how many queries."""
    if prompts == 1:
        return ngettext("one response to one query", "{n} responses to one query", size).format(n=size)
    words = ngettext("one response to each of {prompts} queries", "{n} responses to each of {prompts} queries", size)
    return words.format(n=size, prompts=prompts)


def _kl_of_group(settings: Mapping[str, Any]) -> str:
    beta: float = settings["beta"]
    return _("KL in the loss, β = {beta:g}").format(beta=beta) if beta else _("β = 0: not used here")
