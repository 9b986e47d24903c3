"""A real small run for pages that need its models: three steps, made once for all tests."""

from __future__ import annotations

import functools
import itertools
import json

from core.config import RunConfig
from core.learners.kinds.ppo import PPOSettings
from core.runs.store import RunStore
from core.training.trace import StepTrace
from core.training.trainer import Trainer

CONFIG = RunConfig(
    steps=3, prompts_per_step=4, num_generations=4, panel_size=16, eval_every=0, device="cpu", learners=(PPOSettings(),)
)
#: The last step, counted from 0.
STEP = 2


@functools.cache
def traces() -> tuple[StepTrace, ...]:
    return tuple(itertools.islice(Trainer(CONFIG, "ppo").steps(), 3))


def real_run(store: RunStore) -> str:
    """The run in this store; returns its id."""
    run_id = store.create(CONFIG)
    for trace in traces():
        store.append(run_id, trace)
    return run_id


def strips(at, key_part):
    """What the token strips whose key holds this text were given."""
    sent = [x.proto for x in at.get("bidi_component") if x.proto.bytes.startswith(b"{")]
    own = [given for x in sent if key_part in x.id and "data" in (given := json.loads(x.bytes))]
    return own[-1]["data"]


def rows_of(store, run_id, step):
    """Sample → its tokens' trace rows before the update, and sample → its row."""
    tokens = [x for x in store.tokens(run_id, "ppo", step).to_pylist() if x["pass"] == 0]
    samples = {x["sample"]: x for x in store.samples(run_id, "ppo", step).to_pylist()}
    by_sample = {n: sorted((x for x in tokens if x["sample"] == n), key=lambda x: x["position"]) for n in samples}
    return {n: own for n, own in by_sample.items() if own}, samples


def panel(store, run_id, number, step=2):
    """PPO's tokens of a step after so many passes, in the order of responses and positions."""
    rows = store.tokens(run_id, "ppo", step).to_pandas()
    return rows[rows["pass"] == number].sort_values(["sample", "position"])


def group_mean(samples, sample):
    own = [x["reward"] for x in samples.values() if x["group"] == samples[sample]["group"]]
    return sum(own) / len(own), own


def open_real(open_page, key, run_id, **query):
    """A lesson at the run's last step."""
    at = open_page(key, run=run_id, step=str(STEP + 1), **query)
    assert not at.exception
    return at


def commit(at, choice=0):
    """Commits to a choice of the page's first prediction."""
    radio = next(x for x in at.radio if "_try" in (x.key or ""))
    radio.set_value(choice).run()
    next(x for x in at.button if x.key == radio.key.partition("_try")[0] + "_commit").click().run()
    assert not at.exception
    return at
