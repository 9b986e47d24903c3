"""Start models: the ones shipped with the app, by name, or any local folder in Hugging Face's format."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from transformers import AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerFast

from core.config import ConfigError

BUNDLED = Path(__file__).parent / "bundled"


@dataclass(frozen=True)
class StartModel:
    """A policy as a run starts with it."""

    model: LlamaForCausalLM
    tokenizer: PreTrainedTokenizerFast
    hash: str  # of the weights: equal hashes are equal models


def names() -> list[str]:
    """The bundled models' names."""
    return sorted(p.name for p in BUNDLED.iterdir() if (p / "model.safetensors").is_file())


def load(name: str, device: torch.device | str = "cpu") -> StartModel:
    """Loads a bundled model by name, or a local folder, in fp32 and with dropout off.

    Raises ConfigError when there is neither. Weights are read from safetensors only: no pickle, no remote code.
    """
    folder = BUNDLED / name if (BUNDLED / name / "model.safetensors").is_file() else Path(name)
    if not (folder / "model.safetensors").is_file():
        raise ConfigError(
            f"model: there is no bundled model and no folder with a model.safetensors called {name!r}; "
            f"bundled are {', '.join(names())}"
        )
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True, use_safetensors=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if len({tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id}) < 3:
        raise ConfigError(f"model: the tokenizer of {name!r} must have three distinct tokens for pad, bos and eos")
    return StartModel(model.to(device).eval(), tokenizer, weights_hash(model))


def weights_hash(model: nn.Module) -> str:
    """SHA-256 over every parameter's name, shape and bytes, in the order of names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
