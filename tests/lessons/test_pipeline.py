"""What the pipeline is given: the same responses under both credits, against the functions that train; its words."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.given_config import change
from core.insight.bridge import bridge
from core.insight.whatif import stored_step
from core.learners.registry import learner
from core.runs import lifecycle
from core.runs.store import RunStore
from core.terms import Data, evaluate
from core.training.terms import terms_for
from lessons.board.assets import FOLDER
from lessons.i18n import LANGUAGES
from lessons.kit.pipeline.both import PLAIN
from lessons.kit.pipeline.distances import percent
from lessons.kit.pipeline.words import words
from tests.helpers import step_trace
from tests.lessons.conftest import Open, make_run

PAGES = {"how-ppo-works": "ppo_pipeline", "how-grpo-works": "hgw_pipeline"}


def given(at: AppTest) -> dict:
    """What the page's pipeline was given."""
    payloads = [json.loads(x.proto.bytes) for x in at.get("bidi_component") if x.proto.bytes.startswith(b"{")]
    [data] = [x["data"] for x in payloads if x.get("module") == "lesson_pipeline.js"]
    return data


def evaluated(sent: dict, mode: str) -> tuple[dict, Data]:
    """A learner's terms as the browser evaluates them: of its settings, on what was sent."""
    own = sent["learners"][mode]
    responses = own["responses"]
    columns = [{**x["once"], **x["passes"][0]} for x in responses]
    data = Data.from_json(
        {
            "settings": own["settings"],
            "step": own["of_step"],
            "whole": False,
            "lengths": [len(x["position"]) for x in responses],
            "responses": {
                "group": [sent["group"]] * len(responses),
                **{name: [x[name] for x in responses] for name in ("reward", "success", "truncated", "score")},
            },
            "tokens": {name: [x[name] for x in columns] for name in columns[0]},
        }
    )
    unset = {x for x, y in own["settings"].items() if y == "none" and x != "scale_rewards"} | {"clip_high", "algorithm"}
    settings = learner(mode, **{x: y for x, y in own["settings"].items() if x not in unset})
    return evaluate(terms_for(settings), data), data


@pytest.fixture
def run(store: RunStore) -> str:
    return make_run(store, steps=4)


@pytest.mark.parametrize("key", PAGES)
def test_both_credits_are_those_of_the_functions_that_train(
    open_page: Open, store: RunStore, run: str, key: str
) -> None:
    at = open_page(key, run=run, step="3")
    sent = given(at)
    assert sent["origin"] == "ppo"
    config = store.get(run).config
    step = 2 if key == "how-ppo-works" else int(re.search(r"PPO at step (\d+)", at.caption[1].value)[1]) - 1
    stored = stored_step(store.samples(run, "ppo", step), store.tokens(run, "ppo", step))
    stops = {x.stop: x.credit for x in bridge(stored, config.learner("ppo"), config.learner("grpo"))}
    rows = [stored.panel.samples.index(x["sample"]) for x in sent["learners"]["ppo"]["responses"]]
    for mode, stop in (("ppo", "raw"), ("grpo", "grpo")):
        terms, data = evaluated(sent, mode)
        name = "advantage_raw" if mode == "ppo" else "advantage"
        expected = stops[stop].advantages[rows][:, : data.mask.shape[1]].numpy()
        assert terms[name].numbers[data.mask] == pytest.approx(expected[data.mask], abs=2e-5)


def test_the_other_credit_follows_from_what_was_measured_alone(open_page: Open, run: str) -> None:
    sent = given(open_page("how-ppo-works", run=run, step="3"))
    own, other = sent["learners"]["ppo"], sent["learners"]["grpo"]
    assert {x: other["settings"][x] for x in PLAIN} == PLAIN
    assert "advantage" in own["responses"][0]["once"]
    assert not {"advantage", "advantage_raw", "delta", "return", "token_reward"} & other["responses"][0]["once"].keys()
    assert "objective" not in other["responses"][0]["passes"][0]
    assert other["responses"][0]["once"]["logprob_ref"] == own["responses"][0]["once"]["logprob_ref"]


def test_a_spread_of_the_whole_step_is_of_all_its_rewards(open_page: Open, store: RunStore) -> None:
    """The browser has one group; by what `scale_rewards=batch` divides comes with the data."""
    config = change(RunConfig(), {"num_generations": 4, "steps": 3, "grpo.scale_rewards": "batch"})
    made = store.create(config)
    for name in ("ppo", "grpo"):
        store.append(made, step_trace(config, name, 0))
        lifecycle.mark(store, made, name, "finished")
    sent = given(open_page("how-ppo-works", run=made, step="1"))
    rewards = np.array(store.samples(made, "ppo", 0)["reward"].to_pylist())
    assert sent["learners"]["grpo"]["of_step"]["score_std"] == pytest.approx(rewards.std(ddof=1), rel=1e-6)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_page_opens_its_own_learner(open_page: Open, run: str, lang: str) -> None:
    ppo = given(open_page("how-ppo-works", run=run, step="3", lang=lang))
    grpo = given(open_page("how-grpo-works", run=run, step="3", lang=lang))
    assert (ppo["start"], grpo["start"]) == ("ppo", "grpo")
    assert (ppo["pickable"], grpo["pickable"]) == (True, False)
    assert [x["key"] for x in ppo["boxes"]] == [x["key"] for x in grpo["boxes"]]


def test_without_a_ppo_learner_grpos_own_responses_flow_and_no_critic_is_made_up(
    open_page: Open, store: RunStore
) -> None:
    config = RunConfig(learners=(learner("grpo"),), num_generations=4, steps=3)
    made = store.create(config)
    for step in range(3):
        store.append(made, step_trace(config, "grpo", step))
    lifecycle.mark(store, made, "grpo", "finished")
    at = open_page("how-grpo-works", run=made, step="2")
    assert not at.exception
    sent = given(at)
    assert (sent["origin"], sent["start"]) == ("grpo", "grpo")
    assert {x for r in sent["learners"]["ppo"]["responses"] for x in r["once"]["value"]} == {None}
    terms, data = evaluated(sent, "ppo")
    assert terms["advantage_raw"].null[data.mask].all()


def test_the_telling_token_is_where_no_right_response_goes_along(open_page: Open, run: str) -> None:
    sent = given(open_page("how-ppo-works", run=run, step="3"))
    responses = {x["sample"]: x for x in sent["learners"]["ppo"]["responses"]}
    followed = responses[sent["focus"]]
    if sent["at"] is None:
        assert followed["success"]
        return
    begun = followed["token"][: sent["at"] + 1]
    others = [x["token"][: len(begun)] for x in responses.values() if x["success"]]
    assert begun not in others
    assert begun[:-1] in [x[:-1] for x in others]


def test_every_word_that_the_modules_ask_for_is_there() -> None:
    text = "\n".join(x.read_text(encoding="utf-8") for x in (FOLDER / "pipeline").glob("*.js"))
    asked = set(re.findall(r"\bwords\.(\w+)", text)) | set(re.findall(r'return "(\w+)";', text))
    stations = re.findall(r'key: "(\w+)"', (FOLDER / "pipeline" / "stations.js").read_text(encoding="utf-8"))
    assert len(stations) == 9
    asked |= {f"station_{key}_{mode}" for key in stations for mode in ("ppo", "grpo")}
    asked |= {f"row_{name}" for name in re.findall(r'name: "(\w+)", kind', text)}
    asked |= {f"whose_{mode}" for mode in ("ppo", "grpo")} | {"trained_long", "frozen_long", "right", "wrong"}
    handed = words()
    assert asked - handed.keys() == set()
    plain = {
        x for x in handed if re.fullmatch(r"(query|policy|outputs|reward|baseline|credit|advantage)_(ppo|grpo)", x)
    }
    assert len(plain) == 14


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0, "0 %"), (0.01234, "1.2 %"), (1.5, "150 %"), (12.34, "1200 %"), (3e-6, "< 0.001 %"), (0.00012, "0.012 %")],
)
def test_a_distance_is_a_share_of_two_digits_and_no_power_of_ten(share: float, shown: str) -> None:
    assert percent(share) == shown
