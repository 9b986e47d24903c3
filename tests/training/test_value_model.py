"""A critic that begins as one that comes with the app: which weights it has, what is refused, what counts."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change, parse_config
from core.insight import fit_critic
from core.models import critics
from core.models.bundled import BUNDLED, weights_hash
from core.presets import preset
from core.training import scoring
from core.training.continuations import Oracle, Responses
from core.training.gather import Asker
from core.training.scoring import Sequences
from core.training.trainer import Trainer


def trainer(name: str = "long-sums", **settings: object) -> Trainer:
    torch.set_num_threads(1)
    return Trainer(change(preset(name), {"eval_every": 0, **settings}), "ppo")


@pytest.mark.parametrize("name", critics.names())
def test_a_card_is_true_of_its_weights_and_its_start_model(name: str) -> None:
    card = json.loads((critics.FOLDER / name / critics.CARD).read_text())
    made = trainer(**{"model": card["model"], "ppo.value_model": name})
    assert made.value_model is not None
    assert made.start_hash == card["start_sha256"]
    assert weights_hash(made.value_model) == card["weights_sha256"]
    assert fit_critic.critic_name(card["model"]) == name == card["name"]
    assert card["model"] in {x.name for x in BUNDLED.iterdir()}
    assert card["responses"] == 38_400
    assert (critics.FOLDER / name / critics.WEIGHTS).stat().st_size < 2_000_000
    assert card["weights_sha256"] in (critics.FOLDER / name / "README.md").read_text()


def test_all_weights_are_the_files_own_and_what_it_had_seen_counts() -> None:
    made = trainer(prompts_per_step=2, num_generations=2)
    stored = load_file(critics.FOLDER / "chain-sum-6x1-critic" / critics.WEIGHTS)
    assert made.value_model is not None
    own = made.value_model.state_dict()
    assert own.keys() == stored.keys()
    assert all(torch.equal(own[x], stored[x]) for x in own)
    assert next(made.steps()).scalars["samples_seen"] == 38_400 + 4


def explained(made: Trainer) -> float:
    """Share of the true values' variance that the critic explains at the first step, on 32 answers of seed 7."""
    asker = Asker(made.policy, made.codec, made.task, made.config, made.settings, made.max_length)
    gathered = asker.gather(0, made._generator)
    rollout, rewards = gathered.rollout, torch.tensor(gathered.answers.rewards)
    responses = Responses(gathered.answers.prompts, rollout.completion_ids, rollout.mask, rewards)
    truth = Oracle.of(made).estimate(responses, continuations=32).values[rollout.mask]
    assert made.value_model is not None
    with torch.no_grad():
        says = scoring.values(made.value_model, Sequences.of(rollout))[0][rollout.mask]
    return float(1 - (truth - says).var() / truth.var())


def test_a_critic_knows_the_true_values_where_the_start_model_was_taught_to_tell_and_not_where_it_was_not() -> None:
    small = {"prompts_per_step": 8, "num_generations": 4, "seed": 7}
    assert explained(trainer(**small)) > 0.4
    assert explained(trainer("long-sums-blind", **small)) < 0.2


def test_it_is_for_its_own_start_model_alone() -> None:
    with pytest.raises(ConfigError, match=r"fitted to the responses of chain-sum-6x1, which is not the start model"):
        trainer("chain-sum", **{"ppo.value_model": "chain-sum-6x1-critic"})
    with pytest.raises(
        ConfigError, match=r"no fitted critic called 'other'; there are chain-sum-6x1-blind-critic, chain"
    ):
        trainer(**{"ppo.value_model": "other"})


def test_what_does_not_go_with_it_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"value_pretrain_updates must be 0, but is 8"):
        change(preset("long-sums"), {"value_pretrain_updates": 8})
    with pytest.raises(ConfigError, match=r"oracle_continuations=4 there is no critic, so value_model cannot be set"):
        change(preset("long-sums"), {"oracle_continuations": 4})
    with pytest.raises(ConfigError, match=r"value_model: 'chain-sum-6x1-critic' has all weights of its own"):
        trainer(lora_rank=2)
    for path in ("../chain-sum-6x1-critic", "/etc", "", ".hidden"):
        with pytest.raises(ConfigError, match="value_model"):
            change(preset("long-sums"), {"value_model": path})


def test_it_cannot_change_while_a_run_goes_on() -> None:
    made = trainer(prompts_per_step=2, num_generations=2)
    with pytest.raises(ConfigError, match=r"ppo\.value_model.*cannot change while a run goes on"):
        made.change({"value_model": None})


def test_a_resumed_run_goes_on_from_its_own_critic(tmp_path) -> None:  # type: ignore[no-untyped-def]
    made = trainer(prompts_per_step=2, num_generations=2)
    steps = made.steps()
    next(steps)
    made.save(tmp_path / "1.pt")
    straight = next(steps)
    resumed = next(Trainer.load(tmp_path / "1.pt").steps())
    assert resumed.tokens.equals(straight.tokens)
    assert resumed.scalars["samples_seen"] == straight.scalars["samples_seen"]


def test_without_it_nothing_changed() -> None:
    assert parse_config(RunConfig().model_dump()).learner("ppo").model_dump()["value_model"] is None


def test_the_command_fits_measures_and_writes_what_a_run_begins_with(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """A short fitting: the card's numbers are those of the weights beside it, and the next run reads them."""
    monkeypatch.setattr(fit_critic, "RESPONSES", 16)
    made, seen = fit_critic.fit("chain-sum-3x1", updates=8)
    card = fit_critic.write(tmp_path / "chain-sum-3x1-critic", "chain-sum-3x1", made, seen, updates=8)
    assert seen == card["responses"] == 2 * 16
    monkeypatch.setattr(critics, "FOLDER", tmp_path)
    again = trainer("chain-sum", **{"ppo.value_model": "chain-sum-3x1-critic", "seed": made.config.seed})
    assert made.value_model is not None
    assert again.value_model is not None
    assert weights_hash(again.value_model) == weights_hash(made.value_model) == card["weights_sha256"]
    assert fit_critic.measured(again)["error"] == pytest.approx(card["measured"]["error"])
    assert 0 < card["measured"]["ceiling"] < 1
