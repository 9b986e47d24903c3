"""A group of responses, every number of every token, as plain values for a browser. Unassigned stays null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from core.runs.learner_views import about_learner, config_at, settings_of
from core.runs.migrations.traces import whitening_of
from core.runs.view_values import cut_at, in_order, number, numbers, passes_of
from core.terms import SCALAR, Terms, Value, evaluate
from core.text import visible
from core.training.terms import data_of, terms_for
from core.training.trace import TOKENS

if TYPE_CHECKING:
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
        tokens = in_order(store.tokens(run.id, name, step))
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
                responses.append({**about, **_token_columns(passes_of(own))})
        view["learners"][name] = {
            **about_learner(config, name),
            "prompt": prompt,
            "settings": values,
            "cut_at": cut_at(run, name, tokens),
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
    """What a whole response is credited with, by sample, where all its tokens have that as their advantage."""
    match terms.trees["advantage"]:
        case ["per_token", ["term", str(credit)]]:
            credited = values[credit]
        case _:
            return {}
    kept = sorted(samples["sample"].to_pylist())
    return {sample: credited.at(i) for i, sample in enumerate(kept)} if len(kept) == len(credited.numbers) else {}


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
        "once": {name: numbers(first[name], 7) for name in (*ONCE, *further)},
        "passes": [{name: numbers(x[name], 7) for name in PER_PASS} for x in passes],
    }
