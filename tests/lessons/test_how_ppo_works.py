"""The lesson on PPO: every sub-step and box, the prediction, and sliders against a computation of the test's own."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from core.given_config import change
from core.presets import preset
from core.runs import lifecycle
from core.runs.store import RunStore
from lessons.how_ppo_works.check import code, questions
from lessons.how_ppo_works.pipeline import _DETAILS
from lessons.i18n import LANGUAGES
from lessons.kit.lesson.formula import with_symbols
from lessons.kit.lesson.source import source
from tests.helpers import step_trace
from tests.lessons.conftest import make_run
from tests.lessons.real import strips
from tests.lessons.stepped import given, in_browser

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


def telling(store, run_id, step, but=None):
    """The response that the page takes apart: the wrong one at whose slip the critic's value falls furthest; where it
    falls at none, the one (of a group with both) whose credit differs most. `but`: of the groups without this one.
    """
    import pyarrow.compute as pc

    tokens = store.tokens(run_id, "ppo", step)
    tokens = tokens.filter(pc.equal(tokens["pass"], 0)).to_pylist()
    samples = store.samples(run_id, "ppo", step).to_pylist()
    replies = {}
    for row in samples:
        own = sorted((x for x in tokens if x["sample"] == row["sample"]), key=lambda x: x["position"])
        if own and row["group"] != but:
            credit = [x["advantage"] for x in own]
            replies.setdefault(row["group"], []).append((not row["success"], max(credit) - min(credit), own))
    if seen := [slip for group in replies.values() for slip in slips_seen(group)]:
        return max(seen, key=lambda x: x[0])[1]

    def rank(group):
        return len({wrong for wrong, _spread, _own in group}) == 2, max(spread for _wrong, spread, _own in group)

    return max(max(replies.values(), key=rank), key=lambda x: x[:2])[2]


def guessed_about(store, run_id, step):
    """The response that the prediction is about: of another question than the one taken apart."""
    shown = telling(store, run_id, step)[0]["sample"]
    groups = {x["sample"]: x["group"] for x in store.samples(run_id, "ppo", step).to_pylist()}
    return telling(store, run_id, step, but=groups[shown])


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
def test_every_sub_step_of_a_link_comes_up(open_page, run_id, lang, speaking):
    at = open_page(KEY, lang=lang, run=run_id, step="3")
    subs = [x["key"] for x in given(at)["stations"]]
    assert len(subs) == 10
    for sub in subs:
        at.query_params["sub"] = sub
        at.run()
        assert not at.exception
        assert given(at)["start"] == sub


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("box", list(_DETAILS))
def test_every_box_opens(open_page, run_id, box, lang):
    at = open_page(KEY, lang=lang, ppo_box=box)
    assert not at.exception
    assert sent(at, "pipeline")["picked"] == box
    title = next(x["title"] for x in sent(at, "pipeline")["boxes"] if x["key"] == box)
    assert with_symbols(title) in [x.value for x in at.subheader]


def test_the_stepper_follows_the_telling_response(open_page, store, run_id):
    own = telling(store, run_id, 2)
    sent = given(open_page(KEY, run=run_id, step="3"))
    assert sent["tokens"] == [[x["token"] for x in own]]
    [gae_] = [x for x in sent["stations"] if x["key"] == "gae"]
    assert (gae_["each"], gae_["backward"]) == (True, True)
    [answer] = in_browser(sent, [{}], ["advantage_raw"])
    assert answer["rows"]["advantage_raw"] == pytest.approx([x["advantage_raw"] for x in own], abs=1e-5)


def test_what_whitening_took_away_is_read_off_rightly(open_page, store, run_id):
    import numpy as np
    import pyarrow.compute as pc

    tokens = store.tokens(run_id, "ppo", 2)
    raw = tokens.filter(pc.equal(tokens["pass"], 0))["advantage_raw"].to_numpy()
    about = given(open_page(KEY, run=run_id, step="3"))["about"]
    assert f"{np.mean(raw):+.3f}".replace("-", "−") == about["own_mean"]
    assert f"{np.std(raw, ddof=1):.3f}" == about["own_std"]


def commit(at, choice):
    at.radio(key="ppo_lambda_try0").set_value(choice).run()
    at.button(key="ppo_lambda_commit").click().run()
    return at


def test_sliders_recompute_the_batch(open_page, store, run_id):
    own = telling(store, run_id, 2)
    sent = given(open_page(KEY, run=run_id, step="3"))
    settings = [(1.0, 0.95), (1.0, 0.0), (1.0, 1.0), (0.9, 0.5)]
    answers = in_browser(sent, [{"set": {"gamma": g, "lam": x}} for g, x in settings], ["advantage_raw", "delta"])
    for (gamma, lam), answer in zip(settings, answers, strict=True):
        assert answer["rows"]["advantage_raw"] == pytest.approx(gae(own, gamma, lam), abs=1e-4)
        assert answer["rows"]["delta"] == pytest.approx(gae(own, gamma, 0), abs=1e-4)
        assert f"γλ = {gamma * lam:.3f}" in answer["sentences"]["gae"]


def test_a_surprise_is_said_in_its_two_parts(open_page, store, run_id):
    own = guessed_about(store, run_id, 2)
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


def test_the_critics_box_says_what_its_values_do(open_page, store, run_id):
    at = open_page(KEY, run=run_id, step="3", ppo_box="value")
    shown_text = [x.value for kind in ("markdown", "caption") for x in at.get(kind)]
    assert not any("should fall" in x for x in shown_text)
    assert any("whose slip can be told" in x for x in shown_text) == bool(list(slips_there(store, run_id)))


def slips_there(store, run_id):
    from lessons.kit.lesson.replies import slips
    from lessons.kit.lesson.stored_groups import groups_of

    return slips(groups_of(store.samples(run_id, "ppo", 2), store.tokens(run_id, "ppo", 2)))


def test_the_right_prediction_is_the_one_that_the_batch_gives(open_page, store, run_id):
    own = guessed_about(store, run_id, 2)
    bare = gae(own, 1, 0)
    places = sorted({0, bare.index(min(bare)), len(bare) - 1})
    for choice, place in enumerate(places):
        at = commit(open_page(KEY, run=run_id, step="3"), choice)
        assert bool(at.success) is (place == bare.index(min(bare)))
    at = commit(open_page(KEY, run=run_id, step="3"), len(places))
    assert at.info
    assert not at.success


def test_the_values_are_shown_and_no_picture_shows_what_is_asked_of_them(open_page, store, run_id):
    """What would answer: this response's surprises or advantages, anywhere on the page before it is predicted."""
    own = guessed_about(store, run_id, 2)
    at = open_page(KEY, run=run_id, step="3")
    [values] = strips(at, "ppo_guess_values")["rows"]
    assert values["tokens"] == [x["token"] for x in own]
    assert values["values"] == pytest.approx([x["value"] for x in own], abs=1e-5)
    others = [x.proto.bytes.decode() for x in at.get("bidi_component") if "ppo_guess_values" not in x.proto.id]
    written = json.dumps([x["token"] for x in own], ensure_ascii=False, separators=(",", ":"))
    assert not any(written in x.replace(", ", ",") for x in others), "a picture shows this response"
    with pytest.raises(IndexError):
        strips(at, "ppo_guess_bare")
    at = commit(at, 0)
    [bare] = strips(at, "ppo_guess_bare")["rows"]
    assert bare["values"] == pytest.approx(gae(own, 1, 0), abs=1e-4)


def test_where_the_step_kept_one_question_nothing_is_asked_that_the_pictures_show(open_page, store):
    config = change(preset("chain-sum"), {"num_generations": 4, "steps": 10})
    run = store.create(config)
    store.append(run, step_trace(config, "ppo", 0, groups=1))
    lifecycle.mark(store, run, "ppo", "finished")
    at = open_page(KEY, run=run, step="1")
    assert not at.exception
    assert not [x for x in at.button if x.key == "ppo_lambda_commit"]
    assert given(at)["stations"]


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


def test_distances_are_those_of_the_trace_and_the_frozen_one_is_0(open_page, store):
    """Three real steps, the third with an evaluation; a third party computes distances from the weights."""
    from core.config import RunConfig
    from core.given_config import change
    from core.models.start import load
    from core.training.trainer import Trainer

    small = {"steps": 3, "prompts_per_step": 2, "eval_every": 2, "device": "cpu", "task.heldout": 16}
    config = change(RunConfig(), small)
    made, shares = store.create(config), {}
    for name in ("ppo", "grpo"):
        trainer = Trainer(config, name)
        steps = trainer.steps()
        for _ in range(2):
            store.append(made, next(steps))
        pairs = list(zip(trainer.policy.parameters(), load(config.model).model.parameters(), strict=True))
        moved = sum(float((now - then).double().square().sum()) for now, then in pairs)
        shares[name] = 100 * (moved / sum(float(then.double().square().sum()) for _now, then in pairs)) ** 0.5
        store.append(made, next(steps))
    for step in ("1", "2", "3"):  # the evaluation after it; after the last one the last
        at = open_page(KEY, run=made, step=step)
        assert not [x for x in at.button if x.key == "ppo_measure"]
        text = f"before step 3 its weights were away from the start model's by {shares['ppo']:.2g} % of"
        assert any(text in x.value for x in at.caption)
    boxes = {x["key"]: x for x in sent(at, "pipeline")["boxes"]}
    for name, share in shares.items():
        assert boxes["policy"][f"moved_{name}"] == f"moved {share:.2g} % by step 3"
        assert boxes["reference"][f"moved_{name}"] == "moved 0"
    assert float(boxes["value"]["moved_ppo"].split()[1]) > 0
    assert "moved_grpo" not in boxes["value"]
    assert not {"moved_ppo", "moved_grpo"} & {x for key in ("reward", "gae", "query") for x in boxes[key]}
    frozen = open_page(KEY, run=made, step="2", ppo_box="reference")
    assert any("stays at a distance of 0" in x.value for x in frozen.caption)


def test_where_no_distance_was_recorded_it_says_so(open_page, run_id):
    for box in ("policy", "reference", "value"):
        at = open_page(KEY, run=run_id, step="3", ppo_box=box)
        assert any("is not recorded here" in x.value for x in at.caption)
        assert not [x for x in sent(at, "pipeline")["boxes"] if {"moved_ppo", "moved_grpo"} & x.keys()]


@pytest.mark.parametrize("passes", [1, 2])
def test_the_clip_is_shown_where_the_last_pass_took_its_gradients(open_page, store, passes):
    """Of a narrow range, so that some are cut; with one pass none is, and no token is marked."""
    run = make_run(store, steps=3, num_iterations=passes, epsilon=0.05)
    sent = given(open_page(KEY, run=run, step="3", sub="clip"))
    rows = store.tokens(run, "ppo", 2).to_pandas()
    rows = rows[rows["pass"] == passes - 1]
    sample = telling(store, run, 2)[0]["sample"]
    own = rows[rows["sample"] == sample].sort_values("position")
    cut, share = int((own["clipped"] != 0).sum()), float((rows["clipped"] != 0).mean())
    [answer] = in_browser(sent, [{}], ["taken"])
    text = answer["sentences"]["clip"]
    assert f"{cut} of {len(own)} here, {share:.{int(0 < share < 0.1)}%} of".replace("%", " %") in text
    assert (share > 0) == (passes > 1)
    assert ("every gradient is taken at ratio 1: the clip never cuts" in text) == (passes == 1)
    assert answer["sides"] == own["clipped"].tolist()
    assert answer["rows"]["taken"] == pytest.approx(own["ratio_update"].tolist(), rel=1e-5)


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
