"""The entries of a UNIPO log as steps of a trace: those between two rollouts become the passes of one step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from core.algorithms.kl import ESTIMATORS
from core.algorithms.ratio import importance_ratio
from core.algorithms.surrogates.clip import clipped_side
from core.errors import Message
from core.integrations.unipo.export import TOKEN_FIELDS
from core.integrations.unipo.header import UnipoLog, fields_of
from core.learners import registry
from core.runs.foreign import (
    MOST_RESPONSES,
    MOST_STEPS,
    MOST_TOKENS,
    ImportFailed,
    brief,
    clean,
    message_text,
    real,
    step_trace,
)
from core.training.trace import STEPS, StepTrace

#: What their explorer calls a metric → our column. Ours are taken under their own names as well.
METRICS = {
    "response_length": "completion_length",
    "importance_sampling_ratio": "ratio_mean",
    "clip_fraction": "clip_ratio",
    "policy_clip_ratio": "clip_ratio",
}


@dataclass
class Phase:
    """One rollout and the updates on it, as they stand in the log."""

    entries: list[dict[str, Any]]
    prompts: list[Any]  # one list of prompts per entry


@dataclass
class _PhaseRows:
    """What one phase becomes."""

    number: int
    groups: dict[tuple[str, int], int] = field(default_factory=dict)  # prompt, how often before in its entry → number
    samples: dict[tuple[int, int, str], dict[str, Any]] = field(default_factory=dict)  # group, place in it, text
    passes: dict[int, int] = field(default_factory=dict)  # sample → passes so far
    rows: dict[int, int] = field(default_factory=dict)  # sample → its tokens
    tokens: dict[str, list[Any]] = field(default_factory=dict)


def phases(log: UnipoLog) -> list[Phase]:
    """The log's entries by rollout. Raises ImportFailed where there are none, or too many."""
    phase_list: list[Phase] = []
    collected = None
    for entry in log.entries:
        now = fields_of(entry.get("batch")).get("rolloutCollectedAtStep")
        first = entry.get("is_first_step_after_rollout_phase")
        if not phase_list or (now != collected if now is not None else first is not False):
            phase_list.append(Phase([], []))
        collected = now
        prompts = entry.get("prompts") if entry.get("prompts") is not None else log.prompts
        phase_list[-1].entries.append(entry)
        phase_list[-1].prompts.append(prompts or [])
    if not phase_list:
        raise ImportFailed("The UNIPO log has no entries.")
    if len(phase_list) > MOST_STEPS:
        raise ImportFailed(
            "The UNIPO log has {given} steps; at most {bound} are allowed.", given=len(phase_list), bound=MOST_STEPS
        )
    return phase_list


def shape_of(log: UnipoLog, phase_list: list[Phase]) -> dict[str, Any]:
    """How many steps, prompts and responses a prompt there were: as the log says, else as it shows."""
    batch = fields_of(phase_list[0].entries[0].get("batch"))
    hparams = fields_of(log.header.get("hparams"))
    first = phase_list[0].prompts[0] if isinstance(phase_list[0].prompts[0], list) else []
    sizes = {len(x["responses"]) for x in first if isinstance(x, dict) and isinstance(x.get("responses"), list)}
    size = (
        batch.get("responsesPerPrompt")
        or hparams.get("group_size")
        or hparams.get("n_samples_per_prompt")
        or (sizes.pop() if len(sizes) == 1 else None)
    )
    shape = {"steps": len(phase_list), "prompts_per_step": batch.get("promptsInBatch"), "num_generations": size}
    return {name: value for name, value in shape.items() if value is not None}


def traces(phase_list: list[Phase], learner: str, settings: dict[str, Any], algorithm: str) -> Iterator[StepTrace]:
    """The log step by step. `settings` are those known of the learner. Raises ImportFailed at what cannot be read."""
    responses = tokens = 0
    for number, phase in enumerate(phase_list):
        step = _PhaseRows(number)
        for prompts in phase.prompts:
            _take(step, prompts, settings, algorithm)
        responses += len(step.samples)
        tokens += len(step.tokens.get("sample", ()))
        if responses > MOST_RESPONSES or tokens > MOST_TOKENS:
            raise ImportFailed(
                "The UNIPO log is too long; at most {responses} responses and {tokens} tokens are allowed.",
                responses=MOST_RESPONSES,
                tokens=MOST_TOKENS,
            )
        yield step_trace(learner, number, _scalars(phase.entries), list(step.samples.values()), step.tokens)


def _take(step: _PhaseRows, prompts: Any, settings: dict[str, Any], algorithm: str) -> None:
    """One update's prompts: new responses become samples, known ones another pass."""
    if not isinstance(prompts, list):
        raise ImportFailed(
            "Step {step}: the prompts must be a list, but are {given}.", step=step.number + 1, given=brief(prompts)
        )
    asked: dict[str, int] = {}
    for group in prompts:
        where = Message("Step {step}", step=step.number + 1)
        if not isinstance(group, dict) or not isinstance(group.get("responses"), list):
            raise ImportFailed("{where}: every prompt must have a list of responses.", where=where)
        prompt = clean(message_text(group.get("prompt")), _of(where, Message("a prompt", key="a-prompt-there")))
        asked[prompt] = asked.get(prompt, -1) + 1
        number = step.groups.setdefault((prompt, asked[prompt]), len(step.groups))
        for index, response in enumerate(group["responses"]):
            if not isinstance(response, dict):
                raise ImportFailed(
                    "{where}: every response must be an object, but one is {given}.",
                    where=where,
                    given=brief(response),
                )
            text = clean(message_text(response.get("response_text")), _of(where, Message("a response")))
            key = (number, index, text)
            if key not in step.samples:
                step.samples[key] = _sample(len(step.samples), number, prompt, text, response, where)
            sample = step.samples[key]["sample"]
            series = response.get("tokens")
            if series is not None:
                at = step.passes.get(sample, 0)
                step.passes[sample] = at + 1
                here = Message("{where}, response {number}", where=where, number=sample + 1)
                columns = _columns(series, response, settings, algorithm, here)
                rows = len(columns["token"])
                if step.rows.setdefault(sample, rows) != rows:
                    raise ImportFailed(
                        "{where}, response {number}: its tokens must be as many at every update of a step.",
                        where=where,
                        number=sample + 1,
                    )
                for name, column in {**columns, "pass": [at] * rows, "sample": [sample] * rows}.items():
                    step.tokens.setdefault(name, []).extend(column)


def _of(where: Message, what: Message | str) -> Message:
    """What a value is called: what it is, or its name in the log, and where it stands."""
    return Message("{where}: {what}", where=where, what=what)


def _sample(
    number: int, group: int, prompt: str, text: str, response: dict[str, Any], where: Message
) -> dict[str, Any]:
    length = real(response.get("response_length"), _of(where, "response_length"))
    if length is not None and not 0 <= length <= MOST_TOKENS:
        raise ImportFailed(
            "{where}: response_length must be a number of tokens, but is {given}.", where=where, given=length
        )
    return {
        "sample": number,
        "group": group,
        "prompt": prompt,
        "response": text,
        "reward": real(response.get("reward"), _of(where, Message("a reward"))),
        "length": None if length is None else int(length),
    }


def _columns(
    series: Any, response: dict[str, Any], settings: dict[str, Any], algorithm: str, where: Message
) -> dict[str, list[Any]]:
    """A response's tokens at one pass. Ratio, KL and clipping follow from the log-probabilities by our formulas.

    An entry's log-probabilities are those that its update took gradients at, unless the log says that the update went
    through several mini-batches (ours do): then they are from before the first of them, and what was cut is not known.
    """
    if not isinstance(series, dict) or not isinstance(series.get("ids"), list):
        raise ImportFailed("{where}: tokens must be an object with a list of ids.", where=where)
    ids = series["ids"]
    if not all(x is None or (type(x) is int and 0 <= x < 2**31) for x in ids):
        raise ImportFailed("{where}: token ids must be whole numbers from 0.", where=where)
    count = len(ids)
    strings = series.get("strings") or [f"⟨{x}⟩" for x in ids]
    columns: dict[str, list[Any]] = {"token_id": ids, "position": list(range(count))}
    a_token = _of(where, Message("a token"))
    columns["token"] = [clean(x, a_token) for x in _sized(strings, count, _of(where, "strings"))]
    for theirs, ours in TOKEN_FIELDS.items():
        if theirs == "token_kl" or series.get(theirs) is None:  # which estimate theirs is, the log does not say
            columns[ours] = [None] * count
        else:
            what = _of(where, theirs)
            columns[ours] = [real(x, what) for x in _sized(series[theirs], count, what)]
    if series.get("log_probs") is None and isinstance(series.get("prob"), list):
        what = _of(where, "prob")
        prob = [real(x, what) for x in _sized(series["prob"], count, what)]
        columns["logprob"] = [math.log(x) if x is not None and x > 0 else None for x in prob]
    credit = real(response.get("advantage"), _of(where, "advantage"))
    of_group = registry.needs_of(registry.learner(algorithm)).groups
    if credit is not None and of_group and series.get("advantages") is None:
        columns["advantage"] = [credit] * count  # one credit a response: each token's
    return {**columns, **_derived(columns, settings)}


def _sized(values: Any, count: int, what: Message) -> list[Any]:
    if not isinstance(values, list) or len(values) != count:
        raise ImportFailed(
            "{what} must be a list as long as ids ({count}), but is {given}.",
            what=what,
            count=count,
            given=brief(values),
        )
    return values


def _derived(columns: dict[str, list[Any]], settings: dict[str, Any]) -> dict[str, list[Any]]:
    now, old, ref, advantage = (_tensor(columns[x]) for x in ("logprob", "logprob_old", "logprob_ref", "advantage"))
    derived = {f"kl_{name}": _values(estimate(now, ref)) for name, estimate in ESTIMATORS.items()}
    if settings.get("importance_sampling_level", "token") != "token":
        return derived
    ratio = importance_ratio(now, old)
    derived["ratio"] = _values(ratio)
    if (settings.get("num_mini_batches") or 1) > 1:
        return derived
    derived["ratio_update"] = derived["ratio"]
    epsilon = real(settings.get("epsilon"), "clip_eps")
    high = real(settings.get("epsilon_high"), "clip_eps")
    if epsilon is not None and settings.get("surrogate", "clip") == "clip":
        dual = real(settings.get("dual_clip"), "dual_clip")
        side = clipped_side(ratio, advantage, epsilon, epsilon if high is None else high, dual).tolist()
        known = (ratio.isfinite() & advantage.isfinite()).tolist()
        derived["clipped"] = [x if is_known else None for x, is_known in zip(side, known, strict=True)]
    return derived


def _tensor(values: list[Any]) -> torch.Tensor:
    return torch.tensor([math.nan if x is None else x for x in values], dtype=torch.float32)


def _values(numbers: torch.Tensor) -> list[float | None]:
    return [x if math.isfinite(x) else None for x in numbers.tolist()]


def _scalars(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """A step's metrics: of each the mean over its updates."""
    met: dict[str, list[float]] = {}
    for entry in entries:
        metrics = fields_of(entry.get("metrics"))
        ours = {METRICS[name]: value for name, value in metrics.items() if name in METRICS}
        objective = real(metrics.get("policy_objective"), "policy_objective")
        if metrics.get("policy_loss") is None and objective is not None:
            ours["policy_loss"] = -objective
        ours |= {name: value for name, value in metrics.items() if name in STEPS.names[2:]}  # our own before theirs
        for name, value in ours.items():
            number = real(value, name)
            if number is not None:
                met.setdefault(name, []).append(number)
    means: dict[str, Any] = {name: x[0] if len(set(x)) == 1 else sum(x) / len(x) for name, x in met.items()}
    for name in {"samples_seen", "responses_trained"} & means.keys():
        means[name] = int(means[name])
    return means
