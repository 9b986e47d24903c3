"""Pages on a reward model's run that was imported, whose files say what no such run of ours would."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from core.config import RunConfig
from core.learners.registry import learner
from core.runs import lifecycle, reward_runs
from core.runs.export import export
from core.runs.importing import ImportFailed, import_any
from core.runs.store import RunStore
from core.tasks.kinds.reply import ReplySettings
from core.training.beginning import begin
from core.training.trace import StepTrace

KEY = "a-trained-reward-model"
NAN = float("nan")


@pytest.fixture(scope="module")
def made() -> tuple[RunConfig, StepTrace]:
    config = RunConfig(
        task=ReplySettings(),
        model="reply",
        steps=1,
        prompts_per_step=4,
        num_generations=2,
        eval_every=1,
        device="cpu",
        learners=(learner("reward-model", judge_pairs=40),),
    )
    return config, next(begin(config, "reward-model").steps())


def column(name: str, value: object) -> Callable[[pa.Table], pa.Table]:
    def changed(table: pa.Table) -> pa.Table:
        field = table.schema.field(name)
        values = pa.array([value] * table.num_rows, field.type)
        return table.set_column(table.schema.get_field_index(name), field, values)

    return changed


def without(name: str) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.drop_columns([name])


def unpaired(table: pa.Table) -> pa.Table:
    return table.filter(pc.equal(pc.field("reward"), 1))


HOSTILE: dict[str, tuple[str, Callable[[pa.Table], pa.Table]]] = {
    "both preferred": ("samples", column("reward", 1.0)),
    "neither preferred": ("samples", column("reward", 0.0)),
    "no label": ("samples", column("reward", None)),
    "all one pair": ("samples", column("group", 0)),
    "no word on what is held out": ("samples", without("heldout")),
    "nobody knows what is held out": ("samples", column("heldout", None)),
    "all held out": ("samples", column("heldout", True)),
    "no weight": ("samples", without("weight")),
    "weights unknown": ("samples", column("weight", None)),
    "weights of nothing": ("samples", column("weight", 0.0)),
    "weights below nothing": ("samples", column("weight", -1.0)),
    "weights that are no numbers": ("samples", column("weight", NAN)),
    "no scores": ("samples", column("score", None)),
    "scores that are no numbers": ("samples", column("score", NAN)),
    "huge scores": ("samples", column("score", 3e38)),
    "no score of any prefix": ("tokens", without("score_after")),
    "scores of prefixes unknown": ("tokens", column("score_after", None)),
    "scores of prefixes that are no numbers": ("tokens", column("score_before", NAN)),
    "markup": ("samples", column("prompt", "<img src=x onerror=alert(1)> $\\bad$ :red[x]")),
    "losses beyond numbers": ("steps", column("heldout_pair_loss", float("inf"))),
    "huge losses": ("steps", column("heldout_pair_loss", 1e308)),
    "losses below nothing": ("steps", column("pair_loss", -5.0)),
    "no numbers": ("steps", column("samples_seen", None)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_imported_run_breaks_no_page(
    open_page, store: RunStore, tmp_path: Path, made: tuple[RunConfig, StepTrace], name: str
) -> None:
    config, trace = made
    own = store.create(config, "mine")
    store.append(own, trace)
    lifecycle.mark(store, own, "reward-model", "finished")
    folder = tmp_path / "files"
    export(store, own, folder)
    table, change = HOSTILE[name]
    path = folder / f"{table}.parquet"
    pq.write_table(change(pq.read_table(path)), path)
    try:
        run_id = import_any(store, folder)
    except ImportFailed:
        return
    at = open_page(KEY, rewards=run_id, lang="en")
    assert not at.exception, at.exception[0].value
    shown = [*(y for x in reward_runs.prefixes(store, run_id) for y in x.rewards)]
    shown += [y for x in reward_runs.calibration(store, run_id) for y in (x.claimed, x.right)]
    assert all(map(math.isfinite, shown)), "what is no number cannot be drawn"
    at = open_page("lab", run=run_id, lang="en")
    assert not at.exception, at.exception[0].value
