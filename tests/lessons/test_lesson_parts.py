"""What lessons are made of: predictions, checks with reasons, sub-steps in the link, strips, frozen steps."""

from __future__ import annotations

import inspect
import json
import re

import pytest
import torch
from streamlit.testing.v1 import AppTest

from core.algorithms.advantages import gae
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.training.trainer import Trainer
from lessons.kit.lesson import FOUR, Choice, Line, QuizQuestion, num, ppo_lines, work_out
from lessons.kit.lesson.source import source
from lessons.kit.lesson.worked import Filling, said_of
from tests.helpers import HOSTILE
from tests.lessons.conftest import make_run


def run(script, *args, **query):
    at = AppTest.from_function(script, default_timeout=240, args=args)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def prediction():
    import streamlit as st

    from lessons.kit.lesson import Choice, predict

    if predict("p", "Up or down?", [Choice("up", False, "It had no reason to."), Choice("down", True, "It is heavy.")]):
        st.text("the outcome")


def test_nothing_is_shown_before_a_prediction_and_it_stands_afterwards():
    at = run(prediction)
    assert not at.text
    assert at.button(key="p_commit").disabled
    at.radio[0].set_value(0).run()
    assert not at.text
    at.button(key="p_commit").click().run()
    assert [x.value for x in at.text] == ["the outcome"]
    assert not at.radio
    shown = at.info[0].value
    assert "You said: **up**" in shown
    assert "What happened: **down**" in shown
    assert "It had no reason to." in at.markdown[-1].value
    assert "It is heavy." in at.markdown[-1].value
    at.button(key="p_again").click().run()
    assert not at.text
    assert at.radio[0].value is None
    at.radio[0].set_value(1).run()
    at.button(key="p_commit").click().run()
    assert at.success[0].value == "You said: **down**. That is what happened."
    assert not at.info


def guess():
    from lessons.kit.lesson import predict_number

    predict_number("n", "How many?", low=0, high=10, step=1, outcome=7, tolerance=1, reason="So it is.", form="%d")


@pytest.mark.parametrize(("answer", "right"), [(6, True), (8, True), (5, False), (10, False)])
def test_a_number_is_right_within_its_tolerance(answer, right):
    at = run(guess)
    at.slider[0].set_value(answer).run()
    at.button(key="n_commit").click().run()
    assert bool(at.success) is right
    assert f"**{answer}**" in (at.success or at.info)[0].value
    assert "**7**" in (at.success or at.info)[0].value
    assert not at.slider


def check():
    from lessons.kit.lesson import Choice, QuizQuestion, quiz

    quiz(
        "q",
        [
            QuizQuestion("First?", (Choice("yes", True, "because A"), Choice("no", False, "because B"))),
            QuizQuestion("Second?", (Choice("yes", False, "because C"), Choice("no", True, "because D"))),
        ],
    )


def test_each_choice_gives_its_reason_and_right_ones_are_counted():
    at = run(check)
    assert not any("of 2" in x.value for x in at.markdown), "counted before anything is answered"
    assert "2 questions" in at.caption[-1].value
    assert not at.success
    assert not at.warning
    at.radio(key="q_1").set_value(1).run()
    assert "because B" in at.warning[0].value
    assert "because A" not in at.warning[0].value
    assert "**0 of 2**" in at.markdown[-1].value
    at.radio(key="q_1").set_value(0).run()
    assert not at.warning
    assert "because A" in at.success[0].value
    assert "because B" in at.caption[0].value
    at.radio(key="q_2").set_value(1).run()
    assert "**2 of 2**" in at.markdown[-1].value


def test_the_right_answer_has_no_place_of_its_own():
    at = run(three)
    assert [x.options for x in at.radio] == [["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"], ["b", "a", "c"]]


def three():
    from lessons.kit.lesson import Choice, QuizQuestion, quiz

    first = (Choice("a", True, ""), Choice("b", False, ""), Choice("c", False, ""))
    written = (Choice("b", False, ""), Choice("a", True, ""), Choice("c", False, ""))
    quiz(
        "q", [QuizQuestion("?", first), QuizQuestion("?", first), QuizQuestion("?", first), QuizQuestion("?", written)]
    )


def test_a_question_has_exactly_one_right_answer():
    wrong = (Choice("a", False, ""), Choice("b", False, ""))
    with pytest.raises(ValueError, match="exactly one choice"):
        QuizQuestion("?", wrong)


def walk():
    import streamlit as st

    from lessons.kit.lesson import Sub, stepper

    place = stepper([Sub("one", "First"), Sub("two", "Second", 3), Sub("three", "Third")], key="s")
    st.text(f"{place.key} {place.number} {place.part}")


def test_sub_steps_go_forward_and_back_through_their_parts():
    at = run(walk)
    seen = [at.text[0].value]
    assert at.button(key="s_back").disabled
    for _again in range(4):
        at.button(key="s_next").click().run()
        seen.append(at.text[0].value)
    assert seen == ["one 1 1", "two 2 1", "two 2 2", "two 2 3", "three 3 1"]
    assert at.button(key="s_next").disabled
    back = []
    for _again in range(4):
        at.button(key="s_back").click().run()
        back.append(at.text[0].value)
    assert back == seen[-2::-1]


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ("two.2", "two 2 2"),
        ("three", "three 3 1"),
        ("two.99", "two 2 3"),
        ("two.0", "two 2 1"),
        ("nine", "one 1 1"),
        ("two.x", "two 2 1"),
        ("two.²", "two 2 1"),
    ],
)
def test_the_link_says_where_one_is(link, place):
    assert run(walk, sub=link).text[0].value == place


def test_a_jump_goes_to_the_beginning_of_a_sub_step():
    at = run(walk, sub="two.3")
    at.selectbox[0].set_value("three").run()
    assert at.text[0].value == "three 3 1"


def strips(tokens):
    import streamlit as st

    from lessons.kit.lesson import Row, token_strips

    values = [0.5, None, -0.25][: len(tokens)]
    pick = token_strips([Row("a", "first", tokens, values, learner="ppo")], key="t", quantity="advantage", link="token")
    st.text(str(pick))


def sent_to_browser(at):
    return json.loads(at.get("bidi_component")[0].proto.bytes)["data"]


def marked_strips():
    """A script of Streamlit's: a framed token, and one that the model did not write."""
    from lessons.kit.lesson import Row, token_strips

    row = Row("a", "first", ["4", "+"], [0.5, None], group="both", marks=["frame", None], holes=[False, True])
    token_strips([row], key="t", quantity="advantage", marks={"frame": "the culprit"})


def test_what_marks_mean_and_what_the_model_did_not_write_is_sent_along():
    sent = sent_to_browser(run(marked_strips))
    assert sent["rows"][0] | {"group": "both", "marks": ["frame", None], "holes": [False, True]} == sent["rows"][0]
    assert sent["marks"] == {
        "high": "cut at the high side",
        "low": "cut at the low side",
        "frame": "the culprit",
    }
    assert sent["words"]["hole"] == "not written by the model"


def test_strips_send_numbers_and_restore_a_choice_from_the_link():
    at = run(strips, ["4", "+", "2"])
    data = sent_to_browser(at)
    assert data["rows"][0]["values"] == [0.5, None, -0.25]
    assert data["picked"] is None
    assert at.text[0].value == "None"
    chosen = run(strips, ["4", "+", "2"], token="a.2")
    assert sent_to_browser(chosen)["picked"] == "a.2"
    assert chosen.text[0].value == "Pick(row='a', at=2)"
    for nonsense in ("a.3", "b.0", "a", "a.-1", "a.1.5", "<script>"):
        assert run(strips, ["4", "+", "2"], token=nonsense).text[0].value == "None"


def test_hidden_characters_of_tokens_are_written_out():
    assert "\u202e" not in json.dumps(sent_to_browser(run(strips, ["a\u202eb"])), ensure_ascii=False)


def batch(algorithm):
    import streamlit as st

    from lessons.kit.lesson import frozen, pick_group, say_where

    step = frozen(algorithm)
    if step is not None:
        say_where(step)
        group = pick_group(step, key="g")
        st.text(f"{step.step} {group.number} {group.telling.sample}")
        st.session_state["stored"] = step


def test_without_a_run_the_page_says_what_to_do(open_page):
    at = open_page("how-ppo-works")
    assert "Open the lab" in at.info[0].value
    assert not at.exception


def test_a_frozen_step_is_the_linked_one_with_all_its_numbers(store):
    run_id = make_run(store, steps=4)
    at = run(batch, "ppo", run=run_id, step="3")
    step = at.session_state["stored"]
    assert (step.learner, step.step) == ("ppo", 2)
    tokens = store.tokens(run_id, "ppo", 2).to_pylist()
    for group in step.groups:
        for reply in group.replies:
            own = [x for x in tokens if x["sample"] == reply.sample]
            for number, table in enumerate(reply.passes):
                rows = sorted((x for x in own if x["pass"] == number), key=lambda x: x["position"])
                assert list(table["advantage"]) == [x["advantage"] for x in rows]
                assert list(table["ratio"]) == [x["ratio"] for x in rows]
                assert list(reply.tokens) == [x["token"] for x in rows]
    assert step.telling.mixed
    assert not step.telling.telling.success
    assert step.settings == step.run.config.learner("ppo")


def test_settings_changed_while_the_run_went_on_are_those_of_the_step(store):
    run_id = make_run(store, steps=4)
    store.add_event(run_id, "ppo", 2, "change", {"ppo.lam": 0.5})
    assert run(batch, "ppo", run=run_id, step="2").session_state["stored"].settings.lam == 0.95
    assert run(batch, "ppo", run=run_id, step="3").session_state["stored"].settings.lam == 0.5


def test_a_link_to_a_run_that_is_gone_says_so_and_shows_another(store):
    make_run(store, steps=2)
    at = run(batch, "grpo", run="gone`$x$")
    assert "There is no run" in at.warning[0].value
    assert "gone`$x$" not in at.warning[0].value
    assert at.text


def test_a_group_in_the_link_is_chosen(store):
    run_id = make_run(store, steps=2)
    at = run(batch, "ppo", run=run_id, step="2", group="3")
    assert at.text[0].value.split()[1] == "3"
    at.selectbox[0].set_value(1).run()
    assert at.text[0].value.split()[1] == "1"
    assert run(batch, "ppo", run=run_id, step="2", group="77").text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_run_name_is_not_interpreted(store, name):
    run_id = make_run(store, name=name)
    at = run(batch, "ppo", run=run_id)
    assert not [x.value for x in at.caption if name in x.value]


def test_a_function_is_shown_as_it_is():
    assert source("core/algorithms/advantages.py", "gae").text.strip() == inspect.getsource(gae).strip()
    shown = source("core/training/trainer.py", "Trainer.save")
    lines, first = inspect.getsourcelines(Trainer.save)
    assert (shown.first, shown.last) == (first, first + len(lines) - 1)
    with pytest.raises(LookupError, match="has no nothing"):
        source("core/algorithms/advantages.py", "nothing")


def test_the_worked_example_by_hand():
    """γ = 1, λ = 0.5, KL coefficient 0.1: small enough for pencil and paper."""
    numbers = work_out(FOUR, PPOSettings(gamma=1, lam=0.5, kl_coef=0.1, epsilon=0.2, whiten_advantages=False))
    assert numbers["kl"] == pytest.approx((0.1, 0, -0.2, 0))
    assert numbers["token_reward"] == pytest.approx((-0.01, 0, 0.02, 0))
    assert numbers["delta"] == pytest.approx((0.09, 0.1, -0.58, -0.1))
    assert numbers["advantage_raw"] == pytest.approx((-0.0175, -0.215, -0.63, -0.1))
    assert numbers["return"] == pytest.approx((0.4825, 0.385, 0.07, 0))
    assert numbers["ratio"] == pytest.approx((1.0202, 1.05127, 0.740818, 1.01005), abs=1e-4)
    assert numbers["objective"] == pytest.approx((-0.01785, -0.22602, -0.504, -0.1010), abs=1e-4)
    assert numbers["clipped"] == (0, 0, -1, 0)


def test_what_an_example_brings_is_said_to_be_made_up_and_nothing_else_is():
    lines = ppo_lines(PPOSettings())
    assert {x.key for x in lines if said_of(x).endswith(" (made up)")} == {
        "logprob_old",
        "logprob_ref",
        "value",
        "logprob",
    }
    assert said_of(Line("implicit_sum", "r", "its sum", given=True)) == "its sum (made up)"


def test_the_worked_example_for_grpo_has_no_critic():
    numbers = work_out(FOUR, GRPOSettings())
    assert len(set(numbers["advantage"])) == 1
    std = torch.tensor([0.0, 1, 1, 0]).std().item()
    assert numbers["advantage"][0] == pytest.approx(-0.5 / (std + 1e-4))
    assert "delta" not in numbers


@pytest.mark.parametrize(
    "settings",
    [
        PPOSettings(lam=0.5, kl_coef=0.1),
        PPOSettings(lam=0.5, kl_coef=0.1, kl_reward_estimator="k2", whiten_advantages=False, gamma=0.9),
        GRPOSettings(),
        GRPOSettings(baseline="leave-one-out", scale_rewards="none"),
    ],
)
def test_what_is_filled_into_the_worked_example_comes_to_its_result(settings):
    """The right-hand sides as printed, read back and evaluated."""
    import math

    numbers = work_out(FOUR, settings)
    filling = Filling(FOUR, settings, 5)
    ppo = settings.algorithm == "ppo"
    lines = ppo_lines(settings) if ppo else [Line("advantage_raw", "A", ""), Line("advantage", "A", "")]
    written = 0
    for place, line in enumerate(lines):
        for t in range(4):
            text = filling.line(line, t, [x.key for x in lines[:place]])
            if text is None:
                continue
            text = text.replace(r"\cdot", "*").replace(r"\min", "min").replace(r"\ ", " ")
            text = text.replace("^{2}", "**2")
            text = re.sub(r"10\^\{(-?\d+)\}", r"1e\1", text)
            text = re.sub(r"e\^\{(.*)\}", r"math.exp(\1)", text)
            assert eval(text, {"math": math, "min": min}) == pytest.approx(numbers[line.key][t], abs=4e-4), (text, t)
            written += 1
    assert written >= (32 if ppo else 8)
    assert num(-0.5) == "(-0.5)"
    assert num(-0.0001) == "0"


def drawn():
    import plotly.graph_objects as go

    from lessons.kit.lesson import figure, line_colour

    bars = go.Figure(go.Bar(x=[1, 2], y=[3, 4], marker_color=line_colour("blue")))
    figure(bars, key="f", alt="Two bars", table=[{"x": 1, "y": 3}, {"x": 2, "y": 4}])


def test_a_figure_has_a_description_and_its_numbers():
    at = run(drawn)
    assert sent_to_browser(at)["alt"] == "Two bars"
    numbers = at.get("html")[0].proto.body
    assert [re.sub("<.*?>", "", x) for x in re.findall("<td.*?</td>", numbers)] == ["1", "3", "2", "4"]


def test_torch_stays_out_until_a_page_computes():
    import subprocess
    import sys

    code = "import sys, lessons.kit.lesson; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_signs_are_written_in_html_and_nothing_else_is():
    from lessons.kit.lesson.worked_table import in_html, table

    assert in_html(r"\log\pi_{\text{old}}") == "log π<sub>old</sub>"
    assert in_html(r"\hat A_t") == "Â<sub>t</sub>"
    assert in_html("A^*_t") == "A<sup>*</sup><sub>t</sub>"
    shown = table(["<img src=x>", "1"], [(r"\delta_t", "<b>", (-0.5, 2.0))], 3)
    assert "<img" not in shown
    assert "<b>" not in shown
    assert "−0.500" in shown
