"""`python -m core collect`: the data set that an offline learner would learn from, and nothing is trained."""

from __future__ import annotations

import argparse

from core.cli.train import config_of
from core.cli.usage import UsageError
from core.learners.registry import learner_kind
from core.runs.migrations.traces import stamped


def collect_set(options: argparse.Namespace) -> int:
    """Collects it as the run would before its first step, and writes it as an export does. Raises what is refused."""
    config = config_of(options)
    offline = [x for x in config.learners if learner_kind(x).draws is not None]
    if not offline:
        raise UsageError(
            "none of the learners ({names}) learns from a data set; name one that does with --learner",
            names=[x.name for x in config.learners],
        )
    if not options.out.parent.is_dir():
        raise UsageError("there is no folder {place}", place=options.out.parent)
    import pyarrow.parquet as pq

    from core.training.collecting import table_of
    from core.training.trainer import Trainer

    own = offline[0]
    data = Trainer(config.model_copy(update={"learners": (own,)}), own.name).data
    assert data is not None
    table = table_of(data, own.name)
    pq.write_table(table.cast(stamped(table.schema)), str(options.out), compression="zstd")
    print(f"{own.name}: {len(data)} responses to {len(data.groups)} questions, written to {options.out}")
    return 0
