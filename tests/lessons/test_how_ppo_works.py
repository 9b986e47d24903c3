"""The lesson on PPO: every sub-step and box, the prediction, and sliders against a computation of the test's own."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from core.runs.store import RunStore
from lessons.how_ppo_works import weights
from lessons.how_ppo_works.check import code, questions
from lessons.how_ppo_works.pipeline import _DETAILS
from lessons.how_ppo_works.substeps import _DRAW, subs
from lessons.i18n import LANGUAGES
from lessons.kit.lesson.formula import with_symbols
from lessons.kit.lesson.source import source
from tests.lessons.conftest import make_run

KEY = "how-ppo-works"


@pytest.fixture
def run_id(store: RunStore) -> str:
    return make_run(store, steps=3)


def all_sent(at, module):
    """What each component of this module was given, in the page's order."""
    payloads = [json.loads(x.proto.bytes) for x in at.get("bidi_component") if x.proto.bytes.startswith(b"{")]
    return [x["data"] for x in payloads if x.get("module") == f"lesson_{module}.js"]


def sent(at, module):
    """What the component of this module was given, the last of them on the page."""
    return all_sent(at, module)[-1]


def telling(store, run_id, step):
    """The response that the page takes apart: the wrong one at whose slip the critic's value falls furthest; where it
    falls at none, the one (of a group with both) whose credit differs most.
    """
    import pyarrow.compute as pc

    tokens = store.tokens(run_id, "ppo", step)
    tokens = tokens.filter(pc.equal(tokens["pass"], 0)).to_pylist()
    samples = store.samples(run_id, "ppo", step).to_pylist()
    replies = {}
    for row in samples:
        own = sorted((x for x in tokens if x["sample"] == row["sample"]), key=lambda x: x["position"])
        if own:
            credit = [x["advantage"] for x in own]
            replies.setdefault(row["group"], []).append((not row["success"], max(credit) - min(credit), own))
    if seen := [slip for group in replies.values() for slip in slips_seen(group)]:
        return max(seen, key=lambda x: x[0])[1]

    def rank(group):
        return len({wrong for wrong, _spread, _own in group}) == 2, max(spread for _wrong, spread, _own in group)

    return max(max(replies.values(), key=rank), key=lambda x: x[:2])[2]


def slips_seen(group):
    """(fall, tokens) of the wrong responses at whose first unshared token the value falls by 0.1, and most."""
    right = ["|".join(x["token"] for x in own) + "|" for wrong, _spread, own in group if not wrong]
    for wrong, _spread, own in group:
        if not wrong or not right:
            continue
        text = ["|".join(x["token"] for x in own[: n + 1]) + "|" for n in range(len(own))]
        at = next((n for n, x in enumerate(text) if not any(y.startswith(x) for y in right)), None)
        falls = [a["value"] - b["value"] for a, b in pairwise(own)]
        if at is not None and at < len(falls) and falls[at] >= 0.1 and falls[at] == max(falls):
            yield falls[at], own


def gae(own, gamma, lam):
    """By hand, in Python's own numbers."""
    values = [x["value"] for x in own] + [0.0]
    carry, advantages = 0.0, []
    for t in reversed(range(len(own))):
        carry = own[t]["token_reward"] + gamma * values[t + 1] - values[t] + gamma * lam * carry
        advantages.append(carry)
    return advantages[::-1]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("sub", [sub.key for sub in subs(4)])
def test_every_sub_step_comes_up(open_page, run_id, sub, lang):
    at = open_page(KEY, lang=lang, sub=sub)
    assert not at.exception
    assert at.latex
    assert sent(at, "strips")["rows"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("box", list(_DETAILS))
def test_every_box_opens(open_page, run_id, box, lang):
    at = open_page(KEY, lang=lang, ppo_box=box)
    assert not at.exception
    assert sent(at, "pipeline")["picked"] == box
    title = next(x["title"] for x in sent(at, "pipeline")["boxes"] if x["key"] == box)
    assert with_symbols(title) in [x.value for x in at.subheader]


def test_each_sub_step_has_its_scene():
    assert [sub.key for sub in subs(9)] == list(_DRAW)


def test_the_recursion_is_filled_in_from_the_last_token(open_page, store, run_id):
    own = telling(store, run_id, 2)
    for part in (1, 3):
        at = open_page(KEY, run=run_id, step="3", sub=f"gae.{part}")
        row = sent(at, "strips")["rows"][-1]
        assert row["tokens"] == [x["token"] for x in own]
        assert row["hidden"] == [i < len(own) - part for i in range(len(own))]
        assert row["spot"].index(True) == len(own) - part
        assert row["values"] == [x["advantage_raw"] for x in own]


def test_what_whitening_took_away_is_read_off_rightly(open_page, store, run_id):
    import numpy as np
    import pyarrow.compute as pc

    tokens = store.tokens(run_id, "ppo", 2)
    raw = tokens.filter(pc.equal(tokens["pass"], 0))["advantage_raw"].to_numpy()
    at = open_page(KEY, run=run_id, step="3", sub="whiten")
    sentence = next(x.value for x in at.markdown if "standard deviation 1" in x.value)
    assert f"{np.mean(raw):.3f}" in sentence
    assert f"{np.std(raw, ddof=1):.3f}" in sentence


def commit(at, choice):
    at.radio(key="ppo_lambda_try0").set_value(choice).run()
    at.button(key="ppo_lambda_commit").click().run()
    return at


def test_sliders_come_with_the_prediction_and_recompute_the_batch(open_page, store, run_id):
    own = telling(store, run_id, 2)
    at = open_page(KEY, run=run_id, step="3")
    assert not [x for x in at.slider if x.key == "ppo_lam"]
    at = commit(at, 0)
    assert not at.exception
    for gamma, lam in [(1.0, 0.95), (1.0, 0.0), (1.0, 1.0), (0.9, 0.5)]:
        at.slider(key="ppo_gamma").set_value(gamma)
        at.slider(key="ppo_lam").set_value(lam).run()
        table = next(x.value for x in at.dataframe if "A, with your γ and λ" in x.value.columns)
        assert table["A, with your γ and λ"].tolist() == pytest.approx(gae(own, gamma, lam), abs=1e-4)
        assert table["δ"].tolist() == pytest.approx(gae(own, gamma, 0), abs=1e-4)
        assert table["A, as trained"].tolist() == pytest.approx(gae(own, 1, 0.95), abs=1e-4)
    at.slider(key="ppo_gamma").set_value(1.0)
    at.slider(key="ppo_lam").set_value(0.0).run()
    assert any("**λ = 0:**" in x.value for x in at.markdown)


def test_a_surprise_is_said_in_its_two_parts(open_page, store, run_id):
    own = telling(store, run_id, 2)
    at = commit(open_page(KEY, run=run_id, step="3"), 0)
    bare = gae(own, 1, 0)
    score = [0.0] * len(own)
    score[-1] = next(
        x["reward"] for x in store.samples(run_id, "ppo", 2).to_pylist() if x["sample"] == own[0]["sample"]
    )
    worst = bare.index(min(bare))
    penalty = own[worst]["token_reward"] - score[worst]
    shown_text = "\n".join(x.value for x in at.markdown)
    assert f"{bare[worst]:+.3f}: {bare[worst] - penalty:+.3f} from the critic".replace("-", "−") in shown_text
    table = next(x.value for x in at.dataframe if "of it: KL penalty" in x.value.columns)
    both = table["of it: critic and reward"] + table["of it: KL penalty"]
    assert both.tolist() == pytest.approx(table["A, with your γ and λ"].tolist(), abs=2e-4)


def test_the_critics_box_says_what_its_values_do(open_page, store, run_id):
    at = open_page(KEY, run=run_id, step="3", ppo_box="value")
    shown_text = [x.value for kind in ("markdown", "caption") for x in at.get(kind)]
    assert not any("should fall" in x for x in shown_text)
    assert any("whose slip can be told" in x for x in shown_text) == bool(list(slips_there(store, run_id)))


def slips_there(store, run_id):
    from lessons.kit.lesson.frozen import groups_of
    from lessons.kit.lesson.replies import slips

    return slips(groups_of(store.samples(run_id, "ppo", 2), store.tokens(run_id, "ppo", 2)))


def test_the_right_prediction_is_the_one_that_the_batch_gives(open_page, store, run_id):
    own = telling(store, run_id, 2)
    bare = gae(own, 1, 0)
    places = sorted({0, bare.index(min(bare)), len(bare) - 1})
    for choice, place in enumerate(places):
        at = commit(open_page(KEY, run=run_id, step="3"), choice)
        assert bool(at.success) is (place == bare.index(min(bare)))
    at = commit(open_page(KEY, run=run_id, step="3"), len(places))
    assert at.info
    assert not at.success


def test_the_quiz_right_and_wrong(open_page, run_id):
    at = open_page(KEY)
    for n, question in enumerate(questions(), 1):
        right = next(i for i, choice in enumerate(question.choices) if choice.right)
        wrong = (right + 1) % len(question.choices)
        at.radio(key=f"ppo_quiz_{n}").set_value(wrong).run()
        assert question.choices[wrong].reason in at.warning[0].value
        at.radio(key=f"ppo_quiz_{n}").set_value(right).run()
        assert not at.warning
        assert question.choices[right].reason in at.success[-1].value
    assert any("**4 of 4**" in x.value for x in at.markdown)


def test_code_links_lead_to_code():
    for link in code():
        assert f"def {link.name.rpartition('.')[2]}" in source(link.path, link.name).text


def test_weights_of_a_real_run_are_measured_and_the_frozen_ones_have_not_moved(open_page, store, monkeypatch):
    """Two real steps; a third party computes the distance from a saved trainer."""
    from core.config import RunConfig, change
    from core.models.start import load
    from core.training.trainer import Trainer

    config = change(RunConfig(), {"steps": 2, "prompts_per_step": 2, "eval_every": 0, "device": "cpu"})
    trainer = Trainer(config, "ppo")
    made = store.create(config)
    steps = trainer.steps()
    store.append(made, next(steps))
    moved = sum(
        float((now - then).double().square().sum())
        for now, then in zip(trainer.policy.parameters(), load(config.model).model.parameters(), strict=True)
    )
    store.append(made, next(steps))
    at = open_page(KEY, run=made, step="2")
    assert not at.metric
    at.button(key="ppo_measure").click().run()
    assert not at.exception
    weights._jobs[made, "ppo", 1].future.result(120)  # a thread does it; in a browser the page asks again by itself
    at.run()
    shown = {x.label: x.value for x in at.metric}
    assert shown["parameters"].replace("\u2009", "") == "223296"
    assert float(shown["distance from the start weights"]) == pytest.approx(moved**0.5, abs=6e-4)
    frozen = open_page(KEY, run=made, step="2", ppo_box="reference")
    assert {x.label: x.value for x in frozen.metric}["distance from the start weights"] == "0"
    critic = open_page(KEY, run=made, step="2", ppo_box="value")
    assert float({x.label: x.value for x in critic.metric}["distance from the start weights"]) > 0


@pytest.mark.parametrize("passes", [1, 2])
def test_the_clip_is_shown_where_the_last_pass_took_its_gradients(open_page, store, passes):
    """Of a narrow range, so that some are cut; with one pass none is, and no token is marked."""
    run = make_run(store, steps=3, num_iterations=passes, epsilon=0.05)
    at = open_page(KEY, run=run, step="3", sub="clip")
    rows = store.tokens(run, "ppo", 2).to_pandas()
    rows = rows[rows["pass"] == passes - 1]
    sample = telling(store, run, 2)[0]["sample"]
    own = rows[rows["sample"] == sample].sort_values("position")
    cut, share = int((own["clipped"] != 0).sum()), float((rows["clipped"] != 0).mean())
    text = "\n".join(x.value for x in at.markdown)
    expected = f"that held for {cut} of these {len(own)} tokens, and for {share:.1%} of the stored batch"
    assert expected in text
    assert (share > 0) == (passes > 1)
    assert ("every gradient is taken at ratio 1: the clip never cuts" in text) == (passes == 1)
    [row] = sent(at, "strips")["rows"]
    assert [x is not None for x in row["marks"]] == (own["clipped"] != 0).tolist()
    assert row["values"] == pytest.approx(own["ratio_update"].tolist(), rel=1e-5)


def test_the_update_box_marks_what_the_last_pass_cut(open_page, store):
    run = make_run(store, steps=3, epsilon=0.05)
    at = open_page(KEY, run=run, step="3", ppo_box="update")
    rows = store.tokens(run, "ppo", 2).to_pandas()
    rows = rows[rows["pass"] == 1].sort_values(["sample", "position"])
    boxed = next(x["rows"] for x in all_sent(at, "strips") if len(x["rows"]) == 4)
    marked = [sum(x is not None for x in row["marks"]) for row in boxed]
    group = telling(store, run, 2)[0]["sample"] // 4
    assert marked == [
        int((rows.loc[rows["sample"] == x, "clipped"] != 0).sum()) for x in range(4 * group, 4 * group + 4)
    ]
    assert sum(marked) > 0
