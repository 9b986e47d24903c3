"""The bundled start model is what its card says, and its tokenizer keeps pad, bos and eos apart."""

import json

import pytest
import torch

from core.errors import ConfigError
from core.models.bundled import BUNDLED, names, weights_hash
from core.models.start import load
from core.models.value import ValueModel
from core.tasks.registry import recipes, task_for
from core.training.answer import share
from core.training.evaluation import answers
from core.training.pretrain import pretrain
from core.training.scoring import Sequences, values


@pytest.fixture(scope="module")
def start():
    torch.set_num_threads(1)
    return load("chain-sum-3x1")


def test_every_bundled_model_is_small_and_has_a_recipe_and_a_card():
    assert names() == sorted(recipes())
    for name in names():
        files = [x for x in (BUNDLED / name).rglob("*") if x.is_file()]
        assert BUNDLED / name / "model.safetensors" in files
        assert sum(x.stat().st_size for x in files) <= 2_000_000, name
        assert (BUNDLED / name / "card.json").is_file()


@pytest.mark.parametrize("name", names())
def test_the_card_tells_the_truth(name):
    card, begun = json.loads((BUNDLED / name / "card.json").read_text()), load(name)
    recipe = recipes()[name]
    assert card["weights_sha256"] == begun.hash
    assert card["parameters"] == sum(p.numel() for p in begun.model.parameters())
    assert 100_000 <= card["parameters"] <= 300_000
    kept = json.loads(json.dumps({k: v for k, v in vars(recipe).items() if k != "task"}))
    assert {k: v for k, v in card["recipe"].items() if k != "task"} == kept
    measured = share(answers(begun.model, begun.codec, task_for(recipe.task), seed=0, samples=8))
    # Another machine may round another way now and then: 2048 samples, so one sample is 0.0005.
    assert measured == pytest.approx(card["heldout_success"]["sampled"], abs=0.005)
    assert 0.20 <= measured <= 0.60  # something to begin with, and room to learn


def test_pad_bos_and_eos_are_three_tokens_and_text_survives_the_round_trip(start):
    tokenizer = start.codec.tokenizer
    assert len({tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id}) == 3
    ids = tokenizer("8+1=9;9+7=16").input_ids
    assert len(ids) == 12
    assert tokenizer.decode(ids) == "8+1=9;9+7=16"
    assert tokenizer.decode([*ids, tokenizer.eos_token_id], skip_special_tokens=True) == "8+1=9;9+7=16"


def test_equal_weights_have_equal_hashes_and_one_changed_bit_changes_it(start):
    again = load("chain-sum-3x1")
    assert again.hash == start.hash
    with torch.no_grad():
        again.model.model.norm.weight[0] += 1e-6
    assert weights_hash(again.model) != start.hash


def test_the_recipe_is_reproducible():
    recipe = recipes()["chain-sum-3x1"]
    short = type(recipe)(**{**vars(recipe), "updates": 4, "batch": 8})
    assert weights_hash(pretrain(short)) == weights_hash(pretrain(short))


def test_a_scratchpad_is_carried_on_from_its_own_wrong_results():
    import random

    recipe = recipes()["chain-sum-3x1"]
    wrong = 0
    for i in range(300):
        first, second = recipe.example("8+1+7=", random.Random(i)).split(";")
        result = first.rpartition("=")[2]
        assert second.startswith(f"{result}+7=")
        wrong += result != "9"
    expected = recipe.wrong_when_easy if recipe.misconception(8, 1) is None else recipe.wrong_when_hard
    assert wrong / 300 == pytest.approx(expected, abs=0.1)


def test_the_critic_starts_by_claiming_nothing_and_shares_no_weight_with_the_policy(start):
    critic = ValueModel(start.model)
    sequences = Sequences(torch.randint(4, 17, (2, 9)), None, torch.ones(2, 4, dtype=torch.bool), prompt=5)
    before, after = values(critic, sequences)
    assert torch.equal(before, torch.zeros(2, 4))
    assert torch.equal(after, torch.zeros(2))
    policy = {p.data_ptr() for p in start.model.parameters()}
    assert not policy & {p.data_ptr() for p in critic.parameters()}


def test_a_model_that_is_not_there_is_answered_with_what_there_is(tmp_path):
    with pytest.raises(
        ConfigError,
        match="there are chain-sum-3x1, chain-sum-6x1, chain-sum-6x1-blind, countdown-3, countdown-3x12, program-4, "
        "program-4-turns, reply, SmolLM2",
    ):
        load("no-such-model")
    with pytest.raises(ConfigError, match=r"has no config\.json"):
        load(str(tmp_path))
