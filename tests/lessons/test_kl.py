"""The lesson on KL: its numbers against numpy on the same stored step."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from lessons.i18n import LANGUAGES
from tests.lessons.conftest import make_run, texts
from tests.lessons.real import panel, strips

KEY = "kl"


@pytest.fixture
def run(store):
    return make_run(store, steps=3)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("ex", ["logprob", "kl-k1", "kl-k3"])
def test_every_line_of_the_example_comes_up(open_page, run, lang, ex):
    at = open_page(KEY, lang=lang, run=run, rck_step="3", kl_ex=ex)
    assert not at.exception
    assert not at.error
    assert not at.warning


def test_the_picture_is_handed_the_traces_tokens_and_their_running_means(open_page, store, run):
    sent = strips(open_page(KEY, lang="en", run=run, rck_step="3"), "kl_picture")
    rows = panel(store, run, 0)
    x = rows["logprob"].to_numpy(float) - rows["logprob_ref"].to_numpy(float)
    known = {"k1": x, "k2": x**2 / 2, "k3": np.exp(-x) - 1 + x, "exact": rows["kl_exact"].to_numpy(float)}
    came = list(zip(sent["response"], sent["position"], strict=True))
    samples = sorted(set(rows["sample"]))
    index = {(samples.index(s), p): i for i, (s, p) in enumerate(zip(rows["sample"], rows["position"], strict=True))}
    order = [index[place] for place in came]
    assert sorted(order) == list(range(len(rows)))
    assert order != sorted(order)  # by chance, and not response by response
    assert sent["tokens"] == ["eos" if rows["token"].iloc[i] == "<eos>" else rows["token"].iloc[i] for i in order]
    for name, values in known.items():
        came_in = values[order]
        assert sent["estimates"][name] == pytest.approx(came_in, abs=2e-5)
        assert sent["running"][name] == pytest.approx(came_in.cumsum() / np.arange(1, len(rows) + 1), abs=2e-5)
    assert sent["log_ratio"] == sent["estimates"]["k1"]
    assert [x["name"] for x in sent["terms"]] == ["kl_k1", "kl_k2", "kl_k3"]


def test_the_four_tokens_are_worked_out_as_by_hand(open_page, run):
    at = open_page(KEY, lang="en", run=run, rck_step="3", kl_ex="kl-k3")
    table = next(x.proto.body for x in at.get("html") if "k3" in x.proto.body)
    shown = [float(x.replace("−", "-")) for x in re.findall(r"[+−-]?\d+\.\d+", table)]
    x = np.array([-0.3, -0.5, -2.3, -0.4]) - np.array([-0.8, -0.5, -0.6, -0.2])
    assert shown[-12:] == pytest.approx([*x, *(x**2 / 2), *(np.exp(-x) - 1 + x)], abs=6e-4)


def estimates_of(rows):
    x = rows["logprob"].to_numpy(float) - rows["logprob_ref"].to_numpy(float)
    return {"k1": x, "k2": x**2 / 2, "k3": np.exp(-x) - 1 + x}, rows["kl_exact"].to_numpy(float)


def test_the_kl_tables_are_numpys_and_come_after_the_prediction(open_page, store, run):
    """The run's, which is predicted, and the step's alone."""
    at = open_page(KEY, lang="en", run=run, step="3", rck_step="2")
    assert "bias against exact" not in texts(at)
    assert "Over 3 steps of the run" in texts(at)
    of_run = pd.concat([panel(store, run, 0, step=x) for x in range(3)])
    of_step = panel(store, run, 0, step=1)
    spread = {name: x.std(ddof=1) for name, x in estimates_of(of_run)[0].items()}
    least = min(spread, key=spread.__getitem__)
    at.radio(key="rck_kl_try0").set_value(list(spread).index(least)).run()
    at.button(key="rck_kl_commit").click().run()
    assert at.success
    x = estimates_of(of_step)[0]["k1"]
    far = int(np.abs(x).argmax())
    token, place = of_step["token"].iloc[far], of_step["position"].iloc[far] + 1
    assert f"“{'eos' if token == '<eos>' else token}” at position {place} of" in texts(at).replace("\\", "")
    tables = [t.value for t in at.markdown if "bias against exact" in t.value]
    for table, rows in zip(tables, (of_run, of_step), strict=True):
        known, exact = estimates_of(rows)
        for name, values in known.items():
            row = next(line for line in table.splitlines() if line.startswith(f"| {name} "))
            numbers = [float(n.replace("−", "-")) for n in re.findall(r"[+−]?\d+\.\d+", row)]
            bias = values - exact
            expected = [values.mean(), bias.mean(), bias.std(ddof=1) / len(values) ** 0.5, values.std(ddof=1)]
            assert numbers == pytest.approx(expected, abs=6e-4)


def test_the_real_gradients_are_not_offered_where_there_are_none(open_page, run):
    at = open_page(KEY, lang="en", run=run, rck_step="1")
    assert "every gradient is 0" in texts(at)
    assert not [x for x in at.button if x.key == "rck_autograd"]
