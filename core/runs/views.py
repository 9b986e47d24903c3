"""A run and a step of it as plain values for a browser. Unassigned stays null; nothing becomes 0."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.config import RunConfig
from core.contracts import contract_of
from core.errors import Message
from core.runs.learner_views import about_learner, config_at, settings_of
from core.runs.records import known_settings
from core.runs.view_values import cut_at, in_order, number, numbers, passes_of
from core.tasks.kinds.imported import ImportedSettings
from core.text import visible
from core.training.trace import AT_EVALUATIONS, prompt_hash, prompts_of

if TYPE_CHECKING:
    from core.runs.opening import Opening
    from core.runs.records import LearnerInfo
    from core.runs.store import RunInfo, RunStore

#: So many prompts of a step are offered where no panel says which.
MOST_GROUPS = 64


def run_view(run: RunInfo, opens_at: Opening | None = None) -> dict[str, Any]:
    """What a page says about a run and its learners, without its rows; `opens_at`: where a board of it opens."""
    config = run.config
    known = known_settings(config)
    return {
        "run": {
            "id": run.id,
            "name": run.name,
            "status": run.status,
            "reason": _message(run.reason),
            "created": run.created,
            "recorded": run.recorded,
            "seed": known("seed"),
            "steps": config.steps,
            "group_size": known("num_generations"),
            "prompts": known("prompts_per_step"),
            "model": known("model"),
            "task": config.task.kind,
            "source": config.task.source if isinstance(config.task, ImportedSettings) else None,
            "temperature": known("temperature"),
            "contract": contract_of(config),
            "opening": None if opens_at is None else {"step": opens_at.step, "group": opens_at.group},
            "versions": run.versions,
            "at_evaluations": AT_EVALUATIONS,
        },
        "learners": [
            {
                "name": x.name,
                "algorithm": x.algorithm,
                "status": x.status,
                "reason": _message(x.reason),
                "warning": _message(x.warning),
                "preparing": _preparing(x),
                "step": x.step,
                "steps": x.steps,
                "start_hash": x.start_hash,
                "device": x.device,
                **about_learner(config, x.name),
                "settings": settings_of(config, x.name),
            }
            for x in run.learners
        ],
    }


def with_trained(row: dict[str, Any], config: RunConfig) -> dict[str, Any]:
    """A row of STEPS with the responses trained on so far, which older versions did not write down.

    In a run of this app they follow from its settings: in every version each step trains on P · G responses, also where
    groups were replaced. What another program made tells them or does not.
    """
    if row.get("responses_trained") is not None or isinstance(config.task, ImportedSettings):
        return row
    return {**row, "responses_trained": (row["step"] + 1) * config.responses_per_step}


def _message(message: Message | None) -> dict[str, Any] | str | None:
    """What viewers are told, without where things lie on the server: that is in its log and on its command line."""
    return None if message is None else message.without_folders().view()


def _preparing(learner: LearnerInfo) -> dict[str, Any] | None:
    """{"text", "share" (0 to 1, or null)} while a worker gets ready for its first step, else null."""
    if learner.preparing is None or learner.status != "running":
        return None
    return {"text": _message(learner.preparing.message), "share": number(learner.preparing.share, 3)}


def step_view(store: RunStore, run: RunInfo, step: int, learners: list[str], revision: str) -> dict[str, Any]:
    """Who was asked what and said what at a step, and where each panel token stands: ratio against advantage.

    The groups are the panel's; of a step that kept no tokens at all they are the first MOST_GROUPS.
    """
    view: dict[str, Any] = {"step": step, "revision": revision, "groups": [], "learners": {}}
    groups: dict[int, dict[str, Any]] = {}
    asked: dict[str, list[str]] = {}
    for name in learners:
        samples = store.samples(run.id, name, step)
        asked[name] = prompts_of(samples)
        tokens = in_order(store.tokens(run.id, name, step))
        panel = set(tokens["sample"].to_pylist())
        for row in samples.to_pylist():
            if row["sample"] in panel or (not panel and (row["group"] in groups or len(groups) < MOST_GROUPS)):
                about = {"group": row["group"], "prompt": visible(row["prompt"]), "answer": row["answer"]}
                group = groups.setdefault(row["group"], {**about, "learners": {}})
                _count(group["learners"].setdefault(name, {"responses": 0, "success": 0, "reward": 0.0}), row)
        passes = passes_of(tokens)
        view["learners"][name] = {
            **about_learner(config_at(store, run, name, step), name),
            "settings": settings_of(config_at(store, run, name, step), name),
            "cut_at": cut_at(run, name, tokens),
            "panel": len(panel),
            "responses": samples.num_rows,
            "sample": passes[0]["sample"].to_pylist(),
            "position": passes[0]["position"].to_pylist(),
            "group": _group_of(samples, passes[0]["sample"]),
            "advantage": numbers(passes[0]["advantage"], 6),
            "passes": [{"ratio": numbers(x["ratio"], 6), "clipped": x["clipped"].to_pylist()} for x in passes],
        }
    view["shared_prompts"] = shared = min(map(len, asked.values()), default=0)
    for name, prompts in asked.items():
        view["learners"][name]["first_prompts_hash"] = prompt_hash(prompts[:shared])
    view["groups"] = [groups[number] for number in sorted(groups)]
    view["telling"] = max(view["groups"], key=_mixed, default={"group": None})["group"]
    return view


def _count(counts: dict[str, Any], row: dict[str, Any]) -> None:
    """Adds a response to its group's counts; a sum over something unknown is unknown."""
    counts["responses"] += 1
    for name in ("success", "reward"):
        unknown = counts[name] is None or row[name] is None or not math.isfinite(row[name])
        counts[name] = None if unknown else number(counts[name] + row[name])
    if row.get("heldout") is not None:  # of a labelled pair: how much larger the preferred response's score is
        side = 1 if row["reward"] == 1 else -1
        counts["margin"] = number(counts.get("margin", 0.0) + side * row["score"])


def _mixed(group: dict[str, Any]) -> int:
    """How many learners have both right and wrong responses: there, credit has something to tell apart."""
    return sum(x["success"] is not None and 0 < x["success"] < x["responses"] for x in group["learners"].values())


def _group_of(samples: pa.Table, of: pa.ChunkedArray) -> list[int]:
    groups = dict(zip(samples["sample"].to_pylist(), samples["group"].to_pylist(), strict=True))
    return [groups[sample] for sample in of.to_pylist()]
