"""What core says reaches the viewer in their language. The sentences are core's own, so a reworded one is noticed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import core
from core.config import change, parse_config
from core.errors import ConfigError
from core.insight.replay import _ids
from core.models.start import load
from core.presets import preset
from core.runs.errors import StoreError
from core.runs.store import RunStore
from core.tasks.kinds.chain_sum import ChainSum, ChainSumSettings
from lessons.i18n import use_language
from lessons.kit.sentences import matches, translate

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
    {"model": 3},
    {"ppo.dual_clip": 3, "ppo.surrogate": "cispo"},
    {"grpo.baseline": "none"},
]
#: The assigned value is not what these sentences name.
UNNAMED = ("xyzzy", "gama", "num_generations", "num_mini_batches", "ppo.dual_clip", "grpo.baseline")


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
        assert name.rpartition(".")[2] in shown or name == "grpo.baseline"
        assert str(given) in shown or given is None or name in UNNAMED


SMALL = SimpleNamespace(codec=SimpleNamespace(tokenizer=SimpleNamespace(get_vocab=lambda: {"1": 3})), max_length=5)
WRONG = {
    "two learners of one name": lambda: parse_config({"learners": [{"algorithm": "ppo", "name": "a"}] * 2}),
    "an unknown preset": lambda: preset("nothing"),
    "too much kept apart": lambda: ChainSum(ChainSumSettings(terms=2, digits=1, heldout=256)),
    "an unknown model": lambda: load("no/such/model"),
    "an empty response": lambda: _ids(SMALL, ""),
    "a long response": lambda: _ids(SMALL, "11111"),
    "a strange response": lambda: _ids(SMALL, "<"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_sentence_of_tasks_models_and_insight_is_translated(wrong):
    with pytest.raises(ValueError, match=r"\w") as caught:  # what it says is looked at below
        wrong()
    sentence = str(caught.value)
    assert matches(sentence), sentence
    with use_language("zh-TW"):
        assert re.search("[一-鿿]", translate(sentence))


ERRORS = ("ConfigError", "ImportFailed", "SaveError", "LauncherError", "StoreError", "RunNotFound", "StepNotFound")
#: What is only said on the command line or in somebody's notebook.
ELSEWHERE = ("commands.py", "trl_callback.py", "trl_check.py", "trl_keeper.py")
CORE = Path(core.__file__).parent


def written(node: ast.expr, constants: dict[str, ast.expr]) -> str | None:
    """A sentence as the source has it, constants filled in and a 7 for all else; None where it is made elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.FormattedValue):
        return written(node.value, constants) or "7"
    if isinstance(node, ast.JoinedStr):
        return "".join(written(x, constants) or "7" for x in node.values)
    if isinstance(node, ast.Name) and node.id in constants:
        return written(constants[node.id], constants)
    return None


def raised() -> Iterator[tuple[str, str]]:
    """Where core raises an error with a sentence, and the sentence."""
    for path in sorted(CORE.rglob("*.py")):
        if path.name in ELSEWHERE:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        simple = [x for x in tree.body if isinstance(x, ast.Assign) and isinstance(x.targets[0], ast.Name)]
        constants = {x.targets[0].id: x.value for x in simple}
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and call.args and getattr(call.func, "id", "") in ERRORS:
                said = written(call.args[0], constants)
                if said and re.search("[a-z]", said):
                    yield f"{path.relative_to(CORE)}:{call.lineno}", said


@pytest.mark.parametrize("sentence", [pytest.param(said, id=place) for place, said in raised()])
def test_every_sentence_that_core_raises_has_a_translation(sentence):
    # What was filled in at the end may be words: which names are near the one that was given.
    assert matches(sentence) or matches(re.sub("7$", "did you mean 7?", sentence)), sentence


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
