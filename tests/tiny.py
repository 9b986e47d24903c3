"""Made-up chat models for tests: some thousand weights, a byte-level tokenizer with a chat template, nothing learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast, Qwen2Config

from core.config import RunConfig
from core.given_config import parse_config
from core.rewards.verdict import Verdict
from core.training.trainer import Trainer

#: As SmolLM2's: a system turn of its own unless there is one.
TEMPLATE = (
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe kind.<|im_end|>\n' }}{% endif %}"
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TEXTS = ("What is 3 + 4? The answer is 7.\n", "the user asks, the assistant answers")


def chat_tokenizer() -> PreTrainedTokenizerFast:
    """Every byte and some longer pieces; pad and the end of a turn are the same token, as SmolLM2 has it."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.train_from_iterator(
        TEXTS * 4,
        trainers.BpeTrainer(
            vocab_size=290,
            special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        unk_token="<|endoftext|>",
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def chat_model(seed: int = 0, **settings: Any) -> PreTrainedModel:
    """Of a kind that core/models/packed.py runs. Its weights are so large that no two tokens are alike to it."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    sizes = {
        "vocab_size": len(chat_tokenizer()), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512, "tie_word_embeddings": True,
    }  # fmt: skip
    model = AutoModelForCausalLM.from_config(Qwen2Config(**(sizes | settings))).float().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(6)
    return model


def saved(folder: Path, **settings: Any) -> str:
    """The path of a folder with such a model and its tokenizer, as a run's config names it."""
    chat_model(**settings).save_pretrained(folder)
    chat_tokenizer().save_pretrained(folder)
    return str(folder)


def chat_config(model: str, **settings: Any) -> RunConfig:
    """A small run: 2 sums × 4 responses of at most 6 tokens, two passes, everything kept in the trace."""
    small: dict[str, Any] = {
        "model": model,
        "task": {"kind": "reasoning-gym", "options": {"min_terms": 2, "max_terms": 2, "max_digits": 2}, "heldout": 8},
        "prompts_per_step": 2,
        "num_generations": 4,
        "max_completion_length": 6,
        "steps": 2,
        "eval_every": 0,
        "trace": "all",
        "device": "cpu",
        "dtype": "float32",
    }
    return parse_config(small | settings)


def points(prompt: str, response: str, *, finished: bool = True) -> Verdict:
    """Made up, as an untrained model answers nothing right: some points for each character, half a one for ending."""
    return Verdict(sum(ord(c) % 5 for c in response) / 9 + finished / 2, False, None)


def chat_trainer(model: str, learner: dict[str, Any], **settings: Any) -> Trainer:
    """A trainer of one learner that is paid in `points`."""
    learner = {"learning_rate": 3e-3, **learner}
    trainer = Trainer(chat_config(model, learners=[learner], **settings), learner.get("name", learner["algorithm"]))
    trainer.task.verify = points  # type: ignore[method-assign]
    return trainer
