"""Texts longer than a model has positions for: refused before a run where it could not go on, else said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from core.errors import ConfigError, RequestError
from core.models import forward, positions
from core.models.positions import Limit
from core.tasks.readable import READS_TEXT
from core.training.rollout import sample
from core.training.scoring import Sequences
from core.training.trainer import Trainer
from tests.tiny import chat_config, chat_tokenizer, chat_trainer, saved

SMALL: dict[str, Any] = {"vocab_size": 290, "hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2}
GATED = SMALL | {"intermediate_size": 48, "num_key_value_heads": 2, "max_position_embeddings": 24}
LONG_ROPE = {
    "rope_type": "longrope", "short_factor": [1.0] * 4, "long_factor": [4.0] * 4, "factor": 4.0,
    "original_max_position_embeddings": 24, "rope_theta": 10000.0,
}  # fmt: skip
DYNAMIC = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}
FAMILIES: dict[str, tuple[str, dict[str, Any], Limit]] = {
    "gpt2": ("gpt2", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 24}, Limit(24, "table")),
    "opt": (
        "opt", SMALL | {"ffn_dim": 48, "word_embed_proj_dim": 32, "max_position_embeddings": 24}, Limit(24, "table"),
    ),
    "gpt_neo": (
        "gpt_neo",
        {"hidden_size": 32, "num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]],
         "max_position_embeddings": 24},
        Limit(24, "table"),
    ),
    "gptj": ("gptj", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 24, "rotary_dim": 4}, Limit(24, "table")),
    "llama": ("llama", GATED, Limit(24, "learnt")),
    "gemma2": ("gemma2", GATED | {"head_dim": 8}, Limit(24, "learnt")),
    "dynamic": ("qwen2", GATED | {"rope_parameters": DYNAMIC}, Limit(24, "angles")),
    "longrope": ("phi3", GATED | {"max_position_embeddings": 96, "rope_parameters": LONG_ROPE,
                                  "original_max_position_embeddings": 24}, Limit(24, "angles")),
}  # fmt: skip


def built(name: str) -> tuple[PreTrainedModel, Limit]:
    kind, settings, limit = FAMILIES[name]
    torch.manual_seed(0)
    about = {"vocab_size": 290, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **(about | settings))).float().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4)
    return model, limit


@pytest.mark.parametrize("name", FAMILIES)
def test_where_a_models_positions_end(name: str) -> None:
    model, limit = built(name)
    assert positions.limit_of(model) == limit
    assert positions.check(model, name, 20, 4) is None
    if limit.ends == "learnt":
        assert str(positions.check(model, name, 20, 5)).startswith(
            f"{name} was made for texts of up to 24 tokens; a question of 20 and a response of up to 5 tokens reach 25,"
        )
    else:
        with pytest.raises(ConfigError, match=r"a question of 20 .*up to 5.* 25; a max_completion_length of at most 4"):
            positions.check(model, name, 20, 5)


@torch.no_grad()
@pytest.mark.parametrize("name", FAMILIES)
def test_what_a_limit_says_is_what_the_model_does_there(name: str) -> None:
    """Up to the limit sampling and scoring agree; past it tables end, and changing angles make them differ."""
    model, limit = built(name)
    forward.prepare(model)

    def apart(length: int) -> float:
        ids = torch.randint(3, 290, (1, length), generator=torch.Generator().manual_seed(1))
        sequences = Sequences(ids, None, torch.ones(1, length - 8, dtype=torch.bool), 8)
        scored = forward.logits(model, sequences.states(model.base_model).hidden)[0]
        decoder = forward.decoder(model, ids[:, :8], None, 1, length - 8)
        off = 0.0
        for t in range(8, length):
            decoder.write(ids[:, t], torch.ones(1, dtype=torch.bool))
            off = max(off, float((decoder.logits[0] - scored[t - 7]).abs().max()))
        return off

    assert apart(24) < 1e-3
    if limit.ends == "table":
        with pytest.raises((IndexError, RuntimeError)):
            apart(26)
    else:
        assert (apart(30) > 1e-2) is (limit.ends == "angles")


def test_a_run_past_the_table_is_refused_before_it_begins_with_both_numbers(tmp_path: Path) -> None:
    model, _ = built("gpt2")
    model.save_pretrained(tmp_path)
    chat_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ConfigError) as refused:
        Trainer(chat_config(str(tmp_path), max_completion_length=20), "ppo")
    assert "has places for 24 tokens, but a question of " in str(refused.value)
    assert " and a response of up to 20 need " in str(refused.value)


def test_every_question_of_a_file_is_read_before_a_run(tmp_path: Path) -> None:
    """The longest is one of some hundred that are trained on."""
    model, _ = built("gpt2")
    model.config.n_positions = model.config.max_position_embeddings
    model.save_pretrained(tmp_path)
    tokenizer = chat_tokenizer()
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path)
    questions = [{"question": str(i), "answer": "1"} for i in range(100, 400)]
    task = {"kind": "questions", "questions": questions, "extraction": "whole", "instruction": ""}
    fits = chat_config(str(tmp_path), task=task)
    assert Trainer(fits, "ppo").warning is None
    task["questions"] = [*questions, {"question": "9" * 40, "answer": "1"}]
    with pytest.raises(ConfigError, match="has places for 24 tokens, but a question of 41 and"):
        Trainer(chat_config(str(tmp_path), task=task), "ppo")


def test_a_longer_prompt_that_comes_later_is_refused_in_words(tmp_path: Path) -> None:
    model, _ = built("gpt2")
    model.save_pretrained(tmp_path)
    learning = chat_trainer(saved(tmp_path / "chat"), {"algorithm": "grpo"})
    prompts = learning.codec.encode(["What is 3 + 4?"], "cpu")
    with pytest.raises(ConfigError, match="GPT2LMHeadModel has places for 24 tokens"):
        sample(
            model,
            learning.codec,
            prompts,
            num_generations=1,
            max_completion_length=6,
            temperature=1.0,
            generator=None,
        )


def test_a_run_past_what_was_learnt_says_so(tmp_path: Path) -> None:
    learning = chat_trainer(saved(tmp_path, max_position_embeddings=16), {"algorithm": "grpo"})
    assert learning.warning is not None
    assert "was made for texts of up to 16 tokens" in str(learning.warning)
    assert len(list(learning.steps())) == 2


def test_a_question_that_the_model_cannot_read_is_refused_before_a_run() -> None:
    with pytest.raises(RequestError, match="is no character of this model"):
        # A config of its own making: what a person gives is refused by name (core/tasks/readable.py).
        Trainer(chat_config(READS_TEXT).model_copy(update={"model": "chain-sum-3x1"}), "ppo")
