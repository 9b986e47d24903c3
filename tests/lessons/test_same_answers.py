"""One response, two credits: the strips and every stop of the bridge by hand, a response of one's own, the check."""

from __future__ import annotations

import itertools
import statistics

import pytest

from core.given_config import change
from core.learners.kinds.ppo import PPOSettings
from core.learners.registry import learner
from core.presets import preset
from core.tasks.kinds.chain_sum import ALPHABET, ChainSum
from core.training.trainer import Trainer
from lessons.i18n import LANGUAGES
from lessons.kit.lesson.replies import Reply
from lessons.kit.only_credit import difference_words
from lessons.same_answers.edited import refusal
from lessons.same_answers.why import Signs, choices
from tests.helpers import HOSTILE
from tests.lessons.conftest import linked
from tests.lessons.real import CONFIG, STEP, commit, group_mean, open_real, rows_of, strips

KEY = "same-answers"
pytestmark = pytest.mark.usefixtures("speaking")


def opened(open_page, run_id, **query):
    return open_real(open_page, KEY, run_id, **query)


def predicted(open_page, run_id, **query):
    """The page once somebody has committed to what PPO gives the response."""
    return commit(opened(open_page, run_id, **query), 0)


def find(rows, tokens, values, name):
    """The sample with these tokens and numbers."""
    return [
        n
        for n, own in rows.items()
        if [x["token"] for x in own] == tokens and [x[name] for x in own] == pytest.approx(values, abs=1e-6)
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_credits_come_after_the_prediction(open_page, store, run_id, lang):
    at = opened(open_page, run_id, lang=lang)
    with pytest.raises(IndexError):
        strips(at, "same_one")
    hidden, shown = strips(at, "same_asked")["rows"]
    assert (hidden["values"], hidden["says"]) == (None, "")  # nothing of PPO's credit reaches the browser
    at = commit(at, 0)
    ppo, grpo = strips(at, "same_one")["rows"]
    rows, samples = rows_of(store, run_id, STEP)
    sample = int(ppo["key"].partition("-")[2])
    mean, _own = group_mean(samples, sample)
    assert ppo["values"] == pytest.approx([x["advantage_raw"] for x in rows[sample]], abs=1e-6)
    assert grpo["values"] == pytest.approx([samples[sample]["reward"] - mean] * len(rows[sample]), abs=1e-6)
    assert grpo["values"] == shown["values"]
    numbers = {round(x, 4) for x in ppo["values"]}
    happened = 0 if len(numbers) == 1 else 2 if len({x > 0 for x in ppo["values"]}) == 2 else 1
    assert bool(at.success) is (happened == 0)
    at = commit(opened(open_page, run_id, lang=lang), happened)
    assert at.success


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("stop", ["ppo", "raw", "score-only", "outcome", "mix-25", "mix-75", "group-mean", "grpo"])
def test_every_stop_of_the_bridge_is_what_a_hand_gives(open_page, store, run_id, stop, lang):
    at = predicted(open_page, run_id, sa_stop=stop, lang=lang)
    row = strips(at, "same_bridge")["rows"][0]
    rows, samples = rows_of(store, run_id, STEP)
    raw = strips(predicted(open_page, run_id, sa_stop="raw", lang=lang), "same_bridge")["rows"][0]
    (sample, *_same) = find(rows, raw["tokens"], raw["values"], "advantage_raw")
    own, reward = rows[sample], samples[sample]["reward"]
    mean, rewards = group_mean(samples, sample)
    value = [x["value"] for x in own]
    last = len(own) - 1

    def gae(token_rewards, gamma=1.0, lam=0.95):
        carry, advantages = 0.0, []
        for t in reversed(range(len(own))):
            after = value[t + 1] if t < last else 0.0
            carry = token_rewards[t] + gamma * after - value[t] + gamma * lam * carry
            advantages.append(carry)
        return advantages[::-1]

    every = [x["advantage_raw"] for tokens in rows.values() for x in tokens]
    score = [0.0] * last + [reward]
    wanted = {
        "ppo": [(x["advantage_raw"] - statistics.mean(every)) / statistics.stdev(every) for x in own],
        "raw": [x["advantage_raw"] for x in own],
        "score-only": gae(score),
        "outcome": [reward - v for v in value],
        "mix-25": [reward - 0.75 * v - 0.25 * mean for v in value],
        "mix-75": [reward - 0.25 * v - 0.75 * mean for v in value],
        "group-mean": [reward - mean] * len(own),
        "grpo": [(reward - mean) / (statistics.stdev(rewards) + 1e-4)] * len(own),
    }
    assert row["values"] == pytest.approx(wanted[stop], abs=1e-4)
    assert at.latex


def test_the_printed_gap_of_every_identity_is_rounding(open_page, run_id):
    for stop in ("ppo", "raw", "outcome", "mix-50", "grpo"):
        at = predicted(open_page, run_id, sa_stop=stop)
        sentence = next(x.value for x in at.caption if "left and right" in x.value)
        assert float(sentence.rpartition(" ")[2].rstrip(".")) < 1e-5


def test_what_a_stop_prints_is_what_it_checks(store):
    """γ = 0.9, so that the stop γ = 1 is there: all its equations hold, and each gap sees a wrong side."""
    from core.algorithms.types import Credit
    from core.insight.bridge import bridge
    from core.insight.identities import equations
    from core.insight.whatif import stored_step

    config = CONFIG.model_copy(update={"learners": (PPOSettings(gamma=0.9),)})
    *_, trace = itertools.islice(Trainer(config, "ppo").steps(), 2)
    step = stored_step(trace.samples, trace.tokens)
    crossed = bridge(step, config.learner("ppo"), learner("grpo"))
    credits = {x.stop: x.credit for x in crossed}
    ends = config.learner("ppo"), crossed[-1].settings
    mask, stated = step.panel.mask, equations(step, *ends, credits, {})
    for key, own in stated.items():
        assert all(x.gap(mask) < 1e-5 for x in own), key
    (credit, whole), rewards = stated["undiscounted"], step.panel.rewards
    assert r"\lambda^l" in credit.latex
    assert r"\gamma" not in credit.latex
    assert r"\textstyle\sum_t \delta_t = r_i - V(s_0)" in whole.latex
    assert whole.left.tolist() == pytest.approx((rewards - step.panel.column("value")[:, 0]).tolist(), abs=1e-5)
    # Surprises under γ = 0.9 do not add up to that: the stop would say so.
    before: Credit = credits["score-only"]
    mixed = equations(step, *ends, {**credits, "undiscounted": before}, {})
    assert all(x.gap(mask) > 1e-3 for x in mixed["undiscounted"])


def response(text, success=False):
    columns = {"advantage": tuple(0.0 for _ in text)}
    return Reply(0, 0, text, tuple(text), float(success), success, False, (columns,))


def right_reason(signs):
    (choice,) = [x for x in choices(signs) if x.right]
    return choice.reason


def test_the_reason_follows_from_the_numbers_and_not_from_the_case_alone():
    outweighed = Signs(response("1234"), [-0.4, -0.5, -0.6, -0.9], [0.1, 0.08, 0.3, -0.9], 0.95)
    reason = right_reason(outweighed)
    assert "At 3 of 4 places" in reason
    assert "“3” at position 3 (δ = +0.30)" in reason
    assert "credit there is −0.60" in reason
    same = right_reason(Signs(response("12"), [-0.4, -0.5], [-0.1, -0.5], 0.95))
    assert same.startswith("At every token the surprise δ itself has that sign.")
    up = right_reason(Signs(response("12"), [-0.4, 0.2], [-0.5, 0.25], 0.95))
    assert up.startswith("“2” at position 2 gets +0.20 although the response is wrong: its own surprise is δ = +0.25.")
    down = right_reason(Signs(response("12", True), [-0.4, 0.2], [-0.5, 0.25], 0.95))
    assert "“1” at position 1 gets −0.40 although the response is right" in down
    flat = Signs(response("12"), [0.5, 0.5], [0.0, 0.5], 1.0)
    assert (flat.case, right_reason(flat).startswith("All surprises add up to the same")) == (0, True)
    assert [sum(x.right for x in choices(x)) for x in (outweighed, flat)] == [1, 1]


def test_ppos_credit_is_shown_in_its_two_parts(open_page, store, run_id):
    at = predicted(open_page, run_id)
    critic, penalty = strips(at, "same_parts")["rows"]
    whole = strips(at, "same_one")["rows"][0]
    rows, samples = rows_of(store, run_id, STEP)
    sample = int(whole["key"].partition("-")[2])
    own, last = rows[sample], len(rows[sample]) - 1
    score = [0.0] * last + [samples[sample]["reward"]]
    taken = [x["token_reward"] - s for x, s in zip(own, score, strict=True)]
    kl = [sum(0.95**k * x for k, x in enumerate(taken[t:])) for t in range(last + 1)]
    assert penalty["values"] == pytest.approx(kl, abs=1e-5)
    assert critic["values"] == pytest.approx([a - b for a, b in zip(whole["values"], kl, strict=True)], abs=1e-5)
    assert any("from the KL penalty" in x.value for x in at.markdown)


def test_the_run_in_which_only_the_credit_differs_is_one_click_away(open_page, run_id):
    at = opened(open_page, run_id)
    at.button(key="same_only_credit").click().run()
    assert not at.exception
    assert at.title[0].value == "Lab"
    assert "only the credit differs" in at.button(key="lab_start").label
    assert linked(at, "preset") == ["chain-sum-only-credit"]


def test_in_what_the_learners_differ_is_read_off_their_settings():
    shown_text = difference_words(preset("chain-sum"))
    assert "`kl_coef` (PPO: 0.05, GRPO: 0)" in shown_text
    assert "`whiten_advantages` (PPO: yes, GRPO: no)" in shown_text
    assert "`scale_rewards` (only GRPO: group)" in shown_text
    assert "differ in the credit alone" in difference_words(preset("chain-sum-only-credit"))
    other = change(preset("chain-sum-only-credit"), {"grpo.epsilon": 0.1})
    assert "`epsilon` (PPO: 0.2, GRPO: 0.1)" in difference_words(other)
    assert "no two learners" in difference_words(CONFIG)


def test_a_response_of_ones_own_changes_reward_and_both_credits(open_page, store, run_id):
    at = predicted(open_page, run_id)
    raw = strips(predicted(open_page, run_id, sa_stop="raw"), "same_bridge")["rows"][0]
    rows, samples = rows_of(store, run_id, STEP)
    sample = find(rows, raw["tokens"], raw["values"], "advantage_raw")[0]
    assert at.text_input(key="sa_text").value == samples[sample]["response"]
    task = ChainSum(store.get(run_id).config.task)
    right = task.solution(samples[sample]["prompt"])
    assert samples[sample]["reward"] == 0
    at.text_input(key="sa_text").set_value(right).run()
    assert not at.exception
    assert any("0 → 1" in x.value for x in at.markdown)
    shown = {x["name"]: x for x in strips(at, "same_edit_strips")["rows"]}
    mean, own = group_mean(samples, sample)
    after = mean + 1 / len(own)
    assert shown["grpo-before"]["values"] == pytest.approx([0 - mean] * len(rows[sample]), abs=1e-6)
    assert shown["grpo-after"]["values"] == pytest.approx([1 - after] * (len(right) + 1), abs=1e-6)
    assert shown["ppo-before"]["values"] == pytest.approx([x["advantage_raw"] for x in rows[sample]], abs=1e-5)
    assert shown["ppo-after"]["tokens"] == [*right, "<eos>"]
    moved = next(x.value for x in at.markdown if f"{1 / len(own):.3f}" in x.value)
    assert "**0.000**" in moved


@pytest.mark.parametrize("text", [*HOSTILE, "", "8" * 40, "8 + 1", "\u202e1", "<eos>"])
def test_what_cannot_be_a_response_is_refused_in_a_sentence(open_page, run_id, text):
    at = predicted(open_page, run_id)
    at.text_input(key="sa_text").set_value(text).run()
    assert not at.exception
    (warning,) = at.warning
    assert "\n" not in warning.value
    assert not text or text not in warning.value.replace("`+ 0", "")
    assert refusal("8+1=9", 14, ALPHABET) is None


def test_a_link_restores_the_stop_and_the_text(open_page, run_id):
    at = predicted(open_page, run_id, sa_stop="outcome", sa_text="1+1=2")
    assert at.select_slider(key="sa_stop").value == "outcome"
    assert at.text_input(key="sa_text").value == "1+1=2"
    assert predicted(open_page, run_id, sa_stop="nowhere").select_slider(key="sa_stop").value == "ppo"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_check_says_why(open_page, run_id, lang):
    at = opened(open_page, run_id, lang=lang)
    for number in range(1, 5):
        right = 0
        for choice in range(3):
            before = len(at.success), len(at.warning)
            at.radio(key=f"same_quiz_{number}").set_value(choice).run()
            right += len(at.success) > before[0]
            assert not at.exception
        assert right == 1
