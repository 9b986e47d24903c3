"""The log format of UNIPO (poloclub): one JSON per run of one algorithm, which its explorer replays.

One entry per optimiser pass. Its `log_probs` are the policy's before that pass; with one mini-batch an entry's tokens
are exactly what the pass's loss was computed from. The state after a step's last pass, and where later mini-batches
took their gradients, are the contract's alone (tokens.parquet).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from core.config import RunConfig
from core.learners.registry import needs_of
from core.runs.formats import Writer
from core.runs.records import RunInfo, known_settings
from core.runs.store import RunStore
from core.tasks.kinds.imported import ImportedSettings

#: Their name of a token's number → ours. What a learner does not have is null.
#: Their types know numbers and no null, so what is not there is left out.
TOKEN_FIELDS = {
    "log_probs": "logprob",
    "ref_log_probs": "logprob_ref",
    "old_log_probs": "logprob_old",
    "values": "value",
    "advantages": "advantage",
    "returns": "return",
    "token_kl": "kl_k1",
    "rewards": "token_reward",
    "token_objective": "objective",
}
#: Our columns of a step that have a name of theirs → that name; the others travel under their own.
METRIC_NAMES = {
    "completion_length": "response_length",
    "ratio_mean": "importance_sampling_ratio",
    "clip_ratio": "clip_fraction",
}
#: Settings that their explorer takes for numbers.
_NUMBERS = frozenset({"gamma", "gae_lambda", "clip_eps", "kl_coef", "learning_rate", "group_size"})


def write_unipo(store: RunStore, info: RunInfo, learner: str, path: Path) -> Path:
    """Writes one learner's log, an entry at a time."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{"header": ')
        _dump(_header(info, learner), file)
        file.write(', "entries": [')
        for number, entry in enumerate(_entries(store, info, learner)):
            file.write(",\n" if number else "\n")
            _dump({"step": number, **entry}, file)
        file.write("\n]}\n")
    return path


def _dump(value: Any, file: IO[str]) -> None:
    json.dump(value, file, ensure_ascii=False, allow_nan=False)


def _header(info: RunInfo, learner: str) -> dict[str, Any]:
    """What is not known of an imported run is left out of its settings, and null beside them."""
    settings, run, own = info.config.learner(learner), known_settings(info.config), known_settings(info.config, learner)
    needs, epochs = needs_of(settings), own("num_iterations")
    steps = next(x.steps for x in info.learners if x.name == learner)
    hparams = {
        **settings.model_dump(mode="json", exclude={"name", "algorithm"}),
        "gamma": getattr(settings, "gamma", None),
        "gae_lambda": getattr(settings, "lam", None),
        "clip_eps": settings.epsilon if settings.epsilon_high is None else [settings.epsilon, settings.epsilon_high],
        "kl_coef": settings.kl_coef if needs.critic else settings.beta,
        "kl_coef_in_reward": settings.kl_coef,  # theirs means either; ours may have both
        "group_size": _asked(info.config, learner)[1] if needs.groups else None,
        "temperature": info.config.temperature,
        "seed": info.config.seed,
    }
    theirs = {"gae_lambda": "lam", "clip_eps": "epsilon", "kl_coef_in_reward": "kl_coef"}
    theirs["kl_coef"] = "kl_coef" if needs.critic else "beta"
    shown = {
        name: value
        for name, value in hparams.items()
        if _recorded(info.config, learner, theirs.get(name, name)) and not (value is None and name in _NUMBERS)
    }
    header = {
        "algorithm": settings.kind,
        "totalSteps": None if epochs is None else steps * epochs,
        "label": info.name,
        "model_name": run("model"),
        "reference_model_name": run("model"),
        "task": info.config.preset,
        "rollout_batch_size": _asked(info.config, learner)[0],
        "update_epochs": epochs,
        "hparams": shown,
    }
    return {name: value for name, value in header.items() if value is not None}


def _recorded(config: RunConfig, learner: str, name: str) -> bool:
    gaps = config.task.unrecorded if isinstance(config.task, ImportedSettings) else ()
    return name not in gaps and f"{learner}.{name}" not in gaps


def _asked(config: RunConfig, learner: str) -> tuple[int | None, int | None]:
    """(questions, responses to each) of this learner in a step; None where an imported run's files do not tell it."""
    settings, run = config.learner(learner), known_settings(config)
    if settings.num_generations is None:
        return run("prompts_per_step"), run("num_generations")
    known = run("prompts_per_step") is not None and run("num_generations") is not None
    return config.prompts_of(settings) if known else None, settings.num_generations


def _entries(store: RunStore, info: RunInfo, learner: str) -> Iterator[dict[str, Any]]:
    prompts, group = _asked(info.config, learner)
    for step, row, samples, all_tokens in store.learner_steps(info.id, learner):
        metrics = _metrics(row.to_pylist()[0], samples)
        responses = samples.to_pylist()
        passes = _updates(info.config, learner, pc.max(all_tokens["pass"]).as_py())
        for number in range(passes):
            series = _series(all_tokens.filter(pc.equal(all_tokens["pass"], number)))
            batch = {
                "promptsInBatch": prompts,
                "responsesPerPrompt": group,
                "rolloutCollectedAtStep": step,
                "reuseEpoch": {"current": number + 1, "total": passes},
            }
            shown = _prompts(responses, series, step)
            yield {
                "metrics": metrics,
                "is_first_step_after_rollout_phase": number == 0,
                "batch": {name: value for name, value in batch.items() if value is not None},
                **({"prompts": shown} if shown else {}),
            }


def _metrics(row: dict[str, Any], samples: pa.Table) -> dict[str, float]:
    """A step's numbers by their names. Two are required: the objective is what the loss is the negative of."""
    known = {name: _finite(value) for name, value in row.items() if name not in ("learner", "step")}
    low, high = known.get("clip_ratio_low"), known.get("clip_ratio_high")
    if known.get("clip_ratio") is None and low is not None and high is not None:  # of an older run
        known["clip_ratio"] = low + high
    if known.get("reward") is None:
        known["reward"] = pc.mean(samples["reward"]).as_py()
    if known.get("policy_loss") is not None:
        known["policy_objective"] = -known["policy_loss"]
    return {METRIC_NAMES.get(name, name): value for name, value in known.items() if value is not None}


def _updates(config: RunConfig, learner: str, last: int | None) -> int:
    """How many updates a step's passes belong to. The last pass is the state after the last update, if it was recorded.

    A run of ours always has it; an imported one need not, and shows by its own number of passes whether it does.
    """
    if isinstance(config.task, ImportedSettings) and last is not None:
        epochs = known_settings(config, learner)("num_iterations")
        return last + 1 if epochs is None else min(last + 1, epochs)
    return max(1, last or 0)


def _prompts(responses: list[dict[str, Any]], series: dict[int, dict[str, Any]], step: int) -> list[dict[str, Any]]:
    """The step's prompts with those of their responses whose tokens are there: what their explorer can show."""
    groups: dict[int, dict[str, Any]] = {}
    for row in responses:
        tokens = series.get(row["sample"])  # None outside the panel
        if tokens is None:
            continue
        response = {
            "id": f"step{step}_sample{row['sample']}",
            "reward": _finite(row["reward"]),
            "advantage": tokens["advantages"][0] if _per_response(tokens) else None,
            "response_text": row["response"],
            "response_length": row["length"],
            "tokens": tokens,
        }
        group = groups.setdefault(row["group"], {"prompt": row["prompt"], "responses": []})
        group["responses"].append({name: value for name, value in response.items() if value is not None})
    return list(groups.values())


def _per_response(tokens: dict[str, Any]) -> bool:
    """Whether the response's tokens share one credit: there is no critic."""
    return "values" not in tokens and "advantages" in tokens


def _series(tokens: pa.Table) -> dict[int, dict[str, Any]]:
    """sample → its tokens' numbers as lists, in the order of their positions.

    Tokens that the policy did not write have no numbers and no place there; a list that still has a gap is left out.
    """
    tokens = tokens.filter(pc.fill_null(tokens["written"], True)).sort_by(
        [("sample", "ascending"), ("position", "ascending")]
    )
    owners = tokens["sample"].to_pylist()
    names = {"ids": "token_id", "strings": "token", **TOKEN_FIELDS}
    columns = {theirs: tokens[ours].to_pylist() for theirs, ours in names.items()}
    by_sample: dict[int, dict[str, Any]] = {}
    start = 0
    for end in range(1, len(owners) + 1):
        if end == len(owners) or owners[end] != owners[start]:
            one = {name: [_finite(x) for x in column[start:end]] for name, column in columns.items()}
            whole = {name: column for name, column in one.items() if all(x is not None for x in column)}
            if "ids" in whole:
                by_sample[owners[start]] = whole
            start = end
    return by_sample


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


WRITER = Writer(write=write_unipo)
