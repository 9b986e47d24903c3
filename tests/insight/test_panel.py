"""Panels of hand-written tables: order, holes, what an older trace lacks, and what a learner does not have."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest
import torch

from core.insight.panel import Panel
from core.insight.whatif import stored_step

#: By (sample, position): token, log-probability, the critic's value, and whether the policy wrote it.
TOKENS: dict[tuple[int, int], tuple[int, float, float | None, bool | None]] = {
    (3, 0): (11, -0.5, 0.25, True),
    (3, 1): (12, -0.25, 0.5, None),  # None: as in a trace that did not say
    (7, 0): (13, -1.5, 0.75, True),
    (7, 1): (14, -9.0, -9.0, False),
    (7, 2): (15, -2.5, 1.25, True),
    (7, 3): (16, -3.5, 1.5, True),
}


def tables(**changed: dict[tuple[int, int], Any]) -> tuple[pa.Table, pa.Table]:
    """(samples, tokens) of two passes, their rows out of order; `changed` replaces or adds columns of tokens."""
    rows = []
    for (sample, position), (token, logprob, value, written) in reversed(TOKENS.items()):
        for number in (1, 0):
            row = {"pass": number, "sample": sample, "position": position, "token_id": token, "written": written}
            row |= {"logprob_old": logprob, "logprob_ref": logprob / 2, "value": value, "logprob": logprob - number}
            row |= {name: values[sample, position] for name, values in changed.items()}
            if number:  # what the panel must not read
                row |= {"token_id": 99, "logprob_old": -99.0, "value": 99.0}
            rows.append(row)
    floats = {name: pa.float32() for name in ("logprob_old", "logprob_ref", "value", "logprob", *changed)}
    floats = {**floats, "token_id": pa.int32(), "written": pa.bool_()}
    tokens = pa.Table.from_pylist(rows)
    for name, kind in floats.items():
        tokens = tokens.set_column(tokens.column_names.index(name), name, tokens[name].cast(kind))
    heads = [
        {"sample": 7, "prompt": "1+2=", "reward": 0.5, "group": 1, "truncated": True, "value_after": 0.125},
        {"sample": 5, "prompt": "not kept", "reward": 9.0, "group": 9, "truncated": True, "value_after": None},
        {"sample": 3, "prompt": "4+5=", "reward": 1.0, "group": 0, "truncated": False, "value_after": 0.0625},
    ]
    return pa.Table.from_pylist(heads), tokens


def test_responses_stand_in_the_order_of_their_numbers_and_tokens_in_that_of_their_places() -> None:
    panel = Panel.of(*tables())
    assert (panel.samples, panel.prompts) == ([3, 7], ["4+5=", "1+2="])
    assert panel.completion_ids.tolist() == [[11, 12, 0, 0], [13, 14, 15, 16]]
    assert panel.completion_ids.dtype == torch.long
    assert panel.mask.tolist() == [[True, True, False, False], [True, False, True, True]]
    assert (panel.rewards.tolist(), panel.rewards.dtype) == ([1.0, 0.5], torch.float32)
    assert (panel.group.tolist(), panel.group.dtype) == ([0, 1], torch.long)
    assert (panel.truncated.tolist(), panel.truncated.dtype) == ([False, True], torch.bool)
    assert panel.value_after is not None
    assert (panel.value_after.tolist(), panel.value_after.dtype) == ([0.0625, 0.125], torch.float32)
    assert panel.extra == {}


def test_a_column_is_0_outside_the_mask_and_nan_where_there_is_no_number() -> None:
    samples, tokens = tables()
    assert Panel.of(samples, tokens).column("value").tolist() == [[0.25, 0.5, 0, 0], [0.75, 0, 1.25, 1.5]]
    empty = {x: None if x == (3, 1) else value for x, (_, _, value, _) in TOKENS.items()}
    panel = Panel.of(*tables(value=empty))
    column = panel.column("value")
    assert column.dtype == torch.float32
    assert math.isnan(column[0, 1])
    assert column.nan_to_num(5).tolist() == [[0.25, 5, 0, 0], [0.75, 0, 1.25, 1.5]]
    assert panel.known("value") is None
    known = panel.known("logprob_old")
    assert known is not None
    assert known.tolist() == [[-0.5, -0.25, 0, 0], [-1.5, 0, -2.5, -3.5]]


def test_a_hole_may_have_no_number_where_all_that_was_written_has_one() -> None:
    known = Panel.of(*tables(value={x: v if w is not False else None for x, (_, _, v, w) in TOKENS.items()})).known(
        "value"
    )
    assert known is not None
    assert known.tolist() == [[0.25, 0.5, 0, 0], [0.75, 0, 1.25, 1.5]]


def test_a_trace_from_before_there_were_environments_has_no_holes() -> None:
    samples, tokens = tables()
    panel = Panel.of(samples, tokens.drop_columns("written"))
    assert panel.mask.tolist() == [[True, True, False, False], [True] * 4]
    assert panel.column("value")[1].tolist() == [0.75, -9, 1.25, 1.5]


@pytest.mark.parametrize("older", [True, False])
def test_values_after_the_response_are_known_of_all_or_of_none(older: bool) -> None:
    samples, tokens = tables()
    if older:
        samples = samples.drop_columns("value_after")
    else:
        rows = samples.to_pylist()
        rows[0]["value_after"] = None
        samples = pa.Table.from_pylist(rows)
    assert Panel.of(samples, tokens).value_after is None


def test_columns_that_a_learners_kind_adds_are_kept_where_they_are_known_of_every_token() -> None:
    weight = {x: 0.5 * i for i, x in enumerate(TOKENS)}
    panel = Panel.of(*tables(weight=weight, partly={**weight, (7, 3): None}))
    assert list(panel.extra) == ["weight"]
    assert panel.extra["weight"].tolist() == [[0, 0.5, 0, 0], [1, 0, 2, 2.5]]
    assert panel.experience().extra["weight"].tolist() == panel.extra["weight"].tolist()


def test_an_experience_has_what_the_trace_has_and_none_for_the_rest() -> None:
    panel = Panel.of(*tables())
    seen = panel.experience()
    assert torch.equal(seen.logprobs_old, panel.column("logprob_old"))
    for tensor, name in ((seen.logprobs_ref, "logprob_ref"), (seen.values, "value")):
        assert tensor is not None
        assert torch.equal(tensor, panel.column(name))
    for name in ("mask", "rewards", "group", "truncated", "value_after"):
        assert torch.equal(getattr(seen, name), getattr(panel, name)), name
    nothing = dict.fromkeys(TOKENS)
    bare = Panel.of(*tables(value=nothing, logprob_ref=nothing)).experience()
    assert (bare.values, bare.logprobs_ref) == (None, None)


@pytest.mark.parametrize("column", [True, False])
def test_a_stored_step_has_the_log_probabilities_after_each_pass_and_nothing_in_holes(column: bool) -> None:
    samples, tokens = tables()
    step = stored_step(samples, tokens if column else tokens.drop_columns("written"))
    hole = 0 if column else -9
    assert step.passes == 1
    assert step.logprobs[0].tolist() == [[-0.5, -0.25, 0, 0], [-1.5, hole, -2.5, -3.5]]
    after = [[-1.5, -1.25, 0, 0], [-2.5, hole and hole - 1, -3.5, -4.5]]
    assert (step.logprobs[1].tolist(), step.logprobs[1].dtype) == (after, torch.float32)
    assert torch.equal(step.experience.mask, step.panel.mask)
