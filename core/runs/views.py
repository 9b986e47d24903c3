"""A run, a step and a group of responses as plain values for a browser. Unassigned stays null; nothing becomes 0."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from core.config import RunConfig
from core.contracts import contract_of
from core.errors import Message
from core.learners.registry import without
from core.runs.learner_views import about_learner, config_at, settings_of
from core.runs.migrations.traces import cuts_of_states, whitening_of
from core.runs.records import known_settings
from core.tasks.kinds.imported import ImportedSettings
from core.terms import SCALAR, Terms, Value, evaluate
from core.text import visible
from core.training.terms import data_of, terms_for
from core.training.trace import AT_EVALUATIONS, TOKENS, prompt_hash, prompts_of

if TYPE_CHECKING:
    from core.runs.opening import Opening
    from core.runs.records import LearnerInfo
    from core.runs.store import RunInfo, RunStore

#: Token columns that belong to the rollout; all others belong to a pass over it.
ONCE = (
    "token_id",
    "logprob_old",
    "logprob_ref",
    "token_reward",
    "value",
    "delta",
    "advantage_raw",
    "advantage",
    "return",
    "value_measured",
    "advantage_measured",
)
PER_PASS = (
    *("logprob", "ratio", "ratio_update", "clipped", "kl_k1", "kl_k2", "kl_k3", "kl_exact", "entropy", "objective"),
)

#: So many prompts of a step are offered where no panel says which.
MOST_GROUPS = 64


def number(value: Any, digits: int = 6) -> Any:
    """Rounded to significant digits. None stays None; NaN and infinities become words, which JSON can carry."""
    if not isinstance(value, float):
        return value
    if math.isfinite(value):
        return float(f"{value:.{digits}g}")
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


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
        tokens = _sorted(store.tokens(run.id, name, step))
        panel = set(tokens["sample"].to_pylist())
        for row in samples.to_pylist():
            if row["sample"] in panel or (not panel and (row["group"] in groups or len(groups) < MOST_GROUPS)):
                about = {"group": row["group"], "prompt": visible(row["prompt"]), "answer": row["answer"]}
                group = groups.setdefault(row["group"], {**about, "learners": {}})
                _count(group["learners"].setdefault(name, {"responses": 0, "success": 0, "reward": 0.0}), row)
        passes = _passes(tokens)
        view["learners"][name] = {
            **about_learner(config_at(store, run, name, step), name),
            "settings": settings_of(config_at(store, run, name, step), name),
            "cut_at": _cut_at(run, name, tokens),
            "panel": len(panel),
            "responses": samples.num_rows,
            "sample": passes[0]["sample"].to_pylist(),
            "position": passes[0]["position"].to_pylist(),
            "group": _group_of(samples, passes[0]["sample"]),
            "advantage": _numbers(passes[0]["advantage"], 6),
            "passes": [{"ratio": _numbers(x["ratio"], 6), "clipped": x["clipped"].to_pylist()} for x in passes],
        }
    view["shared_prompts"] = shared = min(map(len, asked.values()), default=0)
    for name, prompts in asked.items():
        view["learners"][name]["first_prompts_hash"] = prompt_hash(prompts[:shared])
    view["groups"] = [groups[number] for number in sorted(groups)]
    view["telling"] = max(view["groups"], key=_mixed, default={"group": None})["group"]
    return view


def _cut_at(run: RunInfo, learner: str, tokens: pa.Table) -> Literal["update", "state", "never"] | None:
    """Where `clipped` of a step's tokens was measured.

    "update": where gradients were taken. "state": at each pass, also where none was taken; so did an older version of
    the app. "never": the policy took no gradient in this step (its critic warms up). None: it was not recorded.
    """
    if cuts_of_states(tokens):
        return "state"
    if tokens["clipped"].null_count < tokens.num_rows:
        return "update"
    elsewhere = isinstance(run.config.task, ImportedSettings) or "clipped" in without(run.config.learner(learner))
    return None if elsewhere or not tokens.num_rows else "never"


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


def group_view(
    store: RunStore, run: RunInfo, step: int, group: int, learners: list[str], revision: str
) -> dict[str, Any]:
    """Every number of every token of the panel's responses to one prompt; 7 digits, which is all a float32 has.

    With each learner come its terms, on which the browser works out its formulas, and the numbers of the whole step
    that they need. Of a step that kept no tokens at all, the responses come without any: their text, their reward and,
    where it follows from the rewards, their advantage.
    """
    view: dict[str, Any] = {"step": step, "group": group, "revision": revision, "prompt": None, "learners": {}}
    for name in learners:
        samples = store.samples(run.id, name, step)
        rows = [row for row in samples.to_pylist() if row["group"] == group]
        tokens = _sorted(store.tokens(run.id, name, step))
        config = config_at(store, run, name, step)
        values, terms = settings_of(config, name), terms_for(config.learner(name))
        of_step = _normalised_by(terms, store.scalars(run.id, name, step), tokens)
        whole = evaluate(terms, data_of(values, samples, tokens, of_step))
        credits = _credits(terms, whole, samples)
        responses = []
        prompt = visible(rows[0]["prompt"]) if rows else None
        if view["prompt"] is None and rows:  # the first learner's; one that replaces groups may have asked another
            view["prompt"], view["answer"] = prompt, rows[0]["answer"] and visible(rows[0]["answer"])
        for row in rows:
            own = tokens.filter(pc.equal(tokens["sample"], row["sample"]))
            if own.num_rows or not tokens.num_rows:
                about = {**_response(row), "credit": number(credits.get(row["sample"]))}
                responses.append({**about, **_token_columns(_passes(own))})
        view["learners"][name] = {
            **about_learner(config, name),
            "prompt": prompt,
            "settings": values,
            "cut_at": _cut_at(run, name, tokens),
            "terms": terms.as_json()["terms"],
            "of_step": {x: number(whole[x].at(), 9) for x in terms.trees if whole[x].level == SCALAR},
            "rewards": [number(row["reward"]) for row in rows],
            "responses": responses,
        }
    return view


def _normalised_by(terms: Terms, scalars: dict[str, Any], tokens: pa.Table) -> dict[str, Any]:
    """The step's numbers; what advantages were whitened by, which version 1 did not record, is read off its tokens."""
    if "advantage_mean" in terms.trees and scalars.get("advantage_mean") is None and tokens.num_rows:
        whitening = whitening_of(tokens)
        if whitening is not None:
            return {**scalars, "advantage_mean": whitening[0], "advantage_std": whitening[1]}
    return scalars


def _credits(terms: Terms, values: dict[str, Value], samples: pa.Table) -> dict[int, float | None]:
    """By sample, what a whole response is credited with, where its tokens all have that as their advantage."""
    match terms.trees["advantage"]:
        case ["per_token", ["term", str(credit)]]:
            numbers = values[credit]
        case _:
            return {}
    kept = sorted(samples["sample"].to_pylist())
    return {sample: numbers.at(i) for i, sample in enumerate(kept)} if len(kept) == len(numbers.numbers) else {}


def _response(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "sample": row["sample"],
        "text": visible(row["response"]),
        "reward": number(row["reward"]),
        "success": row["success"],
        "truncated": row["truncated"],
        "score": number(row.get("score"), 9),
        "value_after": number(row.get("value_after"), 9),
        **({"heldout": row["heldout"]} if "heldout" in row else {}),
    }


def _token_columns(passes: list[pa.Table]) -> dict[str, Any]:
    """A response's tokens: what belongs to the rollout once, what belongs to a pass once a pass. `holes`: where an
    environment wrote; left out where it wrote nothing.
    """
    first = passes[0]
    further = [x for x in first.column_names if x not in TOKENS.names]
    written = first["written"].to_pylist() if "written" in first.column_names else []
    holes = {"holes": [x is False for x in written]} if False in written else {}
    return {
        **holes,
        "position": first["position"].to_pylist(),
        "token": [visible(token) for token in first["token"].to_pylist()],
        "once": {name: _numbers(first[name], 7) for name in (*ONCE, *further)},
        "passes": [{name: _numbers(x[name], 7) for name in PER_PASS} for x in passes],
    }


def _sorted(tokens: pa.Table) -> pa.Table:
    return tokens.sort_by([("pass", "ascending"), ("sample", "ascending"), ("position", "ascending")])


def _passes(tokens: pa.Table) -> list[pa.Table]:
    numbers = sorted(set(tokens["pass"].to_pylist()))
    return [tokens.filter(pc.equal(tokens["pass"], number)) for number in numbers] or [tokens]


def _group_of(samples: pa.Table, of: pa.ChunkedArray) -> list[int]:
    groups = dict(zip(samples["sample"].to_pylist(), samples["group"].to_pylist(), strict=True))
    return [groups[sample] for sample in of.to_pylist()]


def _numbers(column: pa.ChunkedArray, digits: int) -> list[Any]:
    return [number(value, digits) for value in column.to_pylist()]
