"""What pages cite: the recorded measurements, in sentences that the numbers choose."""

from __future__ import annotations

import json

import pytest

from core.presets import preset
from lessons.i18n import use_language
from lessons.kit import critic, records
from lessons.kit.numbers import number
from lessons.kit.records import FOLDER, efficiency_words, steps_to_target
from tests.lessons.texts import every_message


def written(rows: dict[str, list[int | None]]) -> dict:
    about = {"seeds": [0, 1], "steps": 100, "target": 0.9, "window": 5, "responses_per_step": {"chain-sum": 128}}
    return {
        "about": about,
        "rows": [
            {"preset": "chain-sum", "learner": name, "seed": seed, "steps": steps}
            for name, own in rows.items()
            for seed, steps in enumerate(own)
        ],
    }


@pytest.mark.parametrize(
    ("ppo", "grpo", "end"),
    [
        ([30, 31], [40, 41], "PPO was quicker with every seed."),
        ([50, None], [40, 41], "GRPO was quicker with every seed."),
        ([30, 42], [40, 41], "do not show that either needs fewer samples."),
        (
            [None, None],
            [None, None],
            "PPO was quicker with 0 of them and GRPO with 0: so few seeds do not show that either",
        ),
    ],
)
def test_who_was_quicker_is_said_by_the_numbers(monkeypatch, ppo, grpo, end) -> None:
    monkeypatch.setattr(records, "record", lambda name: written({"ppo": ppo, "grpo": grpo}))
    shown_text = efficiency_words("chain-sum")
    assert end in shown_text
    assert "PPO took " + ", ".join("more than 100" if x is None else str(x) for x in ppo) + " steps" in shown_text


def test_without_a_record_it_says_how_to_measure(monkeypatch) -> None:
    monkeypatch.setattr(records, "record", lambda name: None)
    assert "python -m core.insight.sample_efficiency" in efficiency_words("chain-sum")
    assert records.study() is None


def test_the_recorded_steps_are_those_of_the_file() -> None:
    read = json.loads((FOLDER / "sample-efficiency.json").read_text(encoding="utf-8"))
    for name in ("chain-sum", "chain-sum-only-credit"):
        steps = steps_to_target(name)
        assert steps == {
            learner.name: [x["steps"] for x in read["rows"] if (x["preset"], x["learner"]) == (name, learner.name)]
            for learner in preset(name).learners
        }
        assert all(str(x) in efficiency_words(name) for own in steps.values() for x in own)


def test_no_page_says_that_grpo_needs_more_samples_or_that_below_zero_is_common() -> None:
    texts = [x if isinstance(x, str) else x[0] for x, _place in every_message()]
    texts += [x.read_text(encoding="utf-8") for x in FOLDER.parents[2].glob("lessons/*/*.md")]
    for claim in ("needs more samples", "common early on", "They differ in one thing", "expectation should fall"):
        assert not [x for x in texts if claim in x], claim


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_whether_the_features_were_taught_is_said_of_models_that_were_made_here(monkeypatch, lang) -> None:
    shown_text: list[str] = []
    monkeypatch.setattr(critic.st, "info", lambda text, **_more: shown_text.append(text))
    with use_language(lang):
        critic.taught(preset("smollm2-sums"))
        assert shown_text == []
        critic.taught(preset("chain-sum"))
        critic.taught(preset("long-sums-blind"))
    taught, blind = shown_text
    assert "0.3" in taught
    assert "core/training/pretrain.py" in taught
    assert "0.3" not in blind.split("`")[0]
    assert taught.split("**")[1] != blind.split("**")[1]


def test_what_the_features_are_worth_is_as_it_was_measured() -> None:
    without = json.loads((FOLDER / "credit-study-blind.json").read_text(encoding="utf-8"))
    beside = json.loads((FOLDER / "credit-study.json").read_text(encoding="utf-8"))
    assert without["about"]["config"]["model"] == "chain-sum-6x1-blind"
    assert beside["about"]["config"]["model"] == "chain-sum-6x1"
    assert without["about"]["seeds"] == beside["about"]["seeds"] == [0, 1, 2, 3, 4]
    steps = sorted({x["step"] for x in without["summary"]} & {x["step"] for x in beside["summary"]})
    for text in (critic._taught_words(0.3), critic._blind_words()):
        assert f"before steps {', '.join(str(x + 1) for x in steps)} with 5 seeds" in text
        for study in (beside, without):
            shares = [
                x["explained_variance"]["mean"] for x in study["summary"] if x["credit"] == "ppo" and x["step"] in steps
            ]
            assert f"{number(min(shares), 2)} to {number(max(shares), 2)}" in text
        assert records.STUDY in text
        assert records.BLIND_STUDY in text
