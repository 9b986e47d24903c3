"""The lab opens at a token that shows something: credit that differs between learners, and a number that says why.

Checked on the stored tokens themselves, for every run that comes with the app and for one that is being trained.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.given_config import change
from core.presets import preset
from core.runs import lifecycle
from core.runs.feed import Feed
from core.runs.opening import VISIBLE
from core.runs.recorded import SHIPPED, import_recorded
from core.runs.store import RunStore
from core.training.beginning import begin
from lessons.kit.lesson.replies import SEEN

FRONTEND = Path(__file__).parents[2] / "lessons" / "board" / "frontend"


def opens(store: RunStore, run_id: str) -> tuple[int, dict[str, Any]]:
    """The step, and the token with the reason for it, that the browser shows first."""
    feed = Feed(store, refresh_s=0)
    live = json.loads(feed.live(run_id).text())
    where = live["run"]["opening"]
    step = where["step"] if where else max(x["step"] for x in live["rows"])
    group = where["group"] if where else json.loads(feed.step(run_id, step).text())["telling"]
    script = Path(__file__).with_name("proposed.mjs")
    payload = feed.group(run_id, step, group).text()
    made = subprocess.run(
        ["node", str(script), str(FRONTEND)], input=payload, capture_output=True, text=True, check=True
    )
    return step, json.loads(made.stdout)


def check(store: RunStore, run_id: str) -> str:
    """A token of a wrong response where a value falls by what is seen, and where credit differs by sight: from that of
    the other learner, which credits all tokens alike, and from that of this response's other tokens.
    """
    step, shown = opens(store, run_id)
    token = shown["token"]
    names = [x.name for x in store.get(run_id).learners]
    samples = {x: store.samples(run_id, x, step).to_pandas().set_index("sample") for x in names}
    tokens = {x: store.tokens(run_id, x, step).to_pandas().query("`pass` == 0") for x in names}
    own, (other,) = token["learner"], [x for x in names if x != token["learner"]]
    about = samples[own].loc[token["sample"]]
    assert not about["success"]
    response = tokens[own][tokens[own]["sample"] == token["sample"]].set_index("position")
    assert response["delta"].idxmin() == token["position"]
    assert response["delta"].min() <= -SEEN
    alike = wrong_of(tokens[other], samples[other], about["group"])
    assert alike.std() < 1e-6, "the other learner credits all tokens alike"
    widest = max(own["advantage"].abs().max() for own in tokens.values())
    here = response["advantage"][token["position"]]
    assert abs(here - alike.mean()) > VISIBLE * min(widest, abs(here))
    assert response["advantage"].max() - response["advantage"].min() > VISIBLE * abs(here)
    return str(shown["why"])


def wrong_of(tokens: pd.DataFrame, samples: pd.DataFrame, group: int) -> pd.Series:
    """Credits of a learner's wrong responses to a prompt."""
    wrong = samples.index[(samples["group"] == group) & ~samples["success"].astype(bool)]
    return tokens[tokens["sample"].isin(wrong)]["advantage"]


@pytest.mark.parametrize("run_id", SHIPPED)
def test_every_recorded_run_opens_at_a_token_that_shows_something(tmp_path: Path, run_id: str) -> None:
    store = RunStore(home=tmp_path)
    import_recorded(store, SHIPPED[run_id], run_id)
    why = check(store, run_id)
    assert why in ("seen", "fall")
    if run_id == "recorded-long-sums":
        assert why == "seen", "its critic sees the slip"


def test_so_does_a_run_that_is_being_trained(tmp_path: Path) -> None:
    store = RunStore(home=tmp_path)
    config = change(preset("long-sums"), {"steps": 3, "prompts_per_step": 8, "eval_every": 0})
    run_id = store.create(config)
    names = [x.name for x in config.learners]
    lifecycle.enqueue(store, run_id, names)
    for name in names:
        assert lifecycle.claim(store, run_id, name)
        for trace in begin(config, name).steps():
            store.append(run_id, trace)
            break  # one step is enough
    assert store.get(run_id).active
    assert check(store, run_id) in ("seen", "fall")
