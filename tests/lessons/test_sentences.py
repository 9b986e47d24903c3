"""What core says reaches the viewer in their language. The sentences are core's own, so a reworded one is noticed."""

from __future__ import annotations

import pytest

from core.config import ConfigError, change
from core.presets import preset
from core.runs.errors import StoreError
from core.runs.store import RunStore
from lessons.parts.i18n import use_language
from lessons.parts.sentences import matches, translate

BAD = [
    {"gamma": 2},
    {"learning_rate": 0},
    {"epsilon": 1},
    {"steps": 0},
    {"seed": -1},
    {"epsilon": "much"},
    {"seed": "seven"},
    {"seed": 1.5},
    {"num_generations": 1},
    {"num_generations": 256, "prompts_per_step": 512},
    {"ppo.num_mini_batches": 7},
    {"aggregation": "median"},
    {"gama": 0.5},
    {"xyzzy": 1},
    {"whiten_advantages": "perhaps"},
    {"learning_rate": None},
]


@pytest.mark.parametrize("assignments", BAD, ids=str)
def test_every_sentence_about_a_setting_is_translated_with_its_numbers(assignments):
    with pytest.raises(ConfigError) as caught:
        change(preset("chain-sum"), assignments)
    for sentence in str(caught.value).splitlines():
        assert matches(sentence), sentence
        with use_language("zh-TW"):
            shown = translate(sentence)
        assert shown != sentence
        name, given = next(iter(assignments.items()))
        assert name.rpartition(".")[2] in shown
        assert str(given) in shown or given is None or name in ("xyzzy", "gama", "num_generations", "num_mini_batches")


def test_a_store_that_cannot_be_opened_says_so_in_the_viewers_language(tmp_path):
    (tmp_path / "store.sqlite").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreError) as caught:
        RunStore(f"sqlite:///{tmp_path / 'store.sqlite'}").runs()
    assert matches(str(caught.value))
    with use_language("zh-TW"):
        shown = translate(str(caught.value))
    assert "store.sqlite" in shown
    assert "damaged" not in shown


def test_an_unknown_sentence_stays_as_it_is():
    with use_language("zh-TW"):
        assert translate("The moon is in the way.") == "The moon is in the way."
