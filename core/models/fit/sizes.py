"""How large a model is, from its config.json alone: parameters, and which of them every token passes through.

Exact for GPT-2 and the families below; a test counts each against transformers. Of any other nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Decoders with RMS norms, rotary embeddings and a gated MLP; what differs between them is below.
GATED = ("llama", "mistral", "qwen2", "qwen3", "phi3", "smollm3", "gemma", "gemma2", "gemma3_text")


@dataclass(frozen=True)
class Size:
    """A causal language model's measures."""

    parameters: int  # shared ones once
    layers: int
    hidden: int
    inner: int  # of the MLP
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool  # the output is the embedding
    gated: bool
    head_norms: bool  # queries and keys have norms of their own
    linears: tuple[tuple[int, int], ...]  # (out, in) of a layer's linear maps: where adapters go

    @property
    def output(self) -> int:
        """Parameters of the output projection, where it is not the embedding."""
        return 0 if self.tied else self.vocabulary * self.hidden

    def adapters(self, rank: int) -> int:
        """Parameters of low-rank adapters beside every linear map: rank × (out + in) each."""
        return self.layers * sum(rank * (rows + columns) for rows, columns in self.linears)


def size_of(config: dict[str, Any]) -> Size | None:
    """The measures of the model that a config.json describes; None for an architecture that is not known here."""
    config = {**config, **(config.get("text_config") or {})}
    kind = config.get("model_type")
    try:
        if kind == "gpt2":
            return _gpt2(config)
        return _gated(str(kind), config) if kind in GATED else None
    except (KeyError, TypeError, ValueError):
        return None


def _gated(kind: str, config: dict[str, Any]) -> Size:
    hidden, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    heads, vocabulary = config["num_attention_heads"], config["vocab_size"]
    own = config.get("num_key_value_heads") or heads
    wide = config.get("head_dim") or hidden // heads
    tied = bool(config.get("tie_word_embeddings", kind in ("gemma", "gemma2", "gemma3_text", "smollm3")))
    linears = [(heads * wide, hidden), (own * wide, hidden), (own * wide, hidden), (hidden, heads * wide)]
    linears += [(inner, hidden), (inner, hidden), (hidden, inner)]
    if kind == "phi3":  # one product for queries, keys and values, one for gate and up
        linears = [((heads + 2 * own) * wide, hidden), (hidden, heads * wide), (2 * inner, hidden), (hidden, inner)]
    head_norms = kind in ("qwen3", "gemma3_text")
    biases = 0
    if kind == "qwen2":
        biases = (heads + 2 * own) * wide
    elif config.get("attention_bias"):
        biases = (heads + 2 * own) * wide + hidden
    if config.get("mlp_bias"):
        biases += 2 * inner + hidden
    norms = (4 if kind in ("gemma2", "gemma3_text") else 2) * hidden + 2 * wide * head_norms
    layer = sum(rows * columns for rows, columns in linears) + biases + norms
    parameters = vocabulary * hidden * (1 if tied else 2) + layers * layer + hidden
    return Size(parameters, layers, hidden, inner, heads, own, wide, vocabulary, tied, True, head_norms, tuple(linears))


def _gpt2(config: dict[str, Any]) -> Size:
    hidden, layers, heads = config["n_embd"], config["n_layer"], config["n_head"]
    inner, vocabulary = config.get("n_inner") or 4 * hidden, config["vocab_size"]
    linears = ((3 * hidden, hidden), (hidden, hidden), (inner, hidden), (hidden, inner))
    layer = sum(rows * columns + rows for rows, columns in linears) + 4 * hidden
    tied = bool(config.get("tie_word_embeddings", True))
    parameters = (vocabulary * (1 if tied else 2) + config["n_positions"]) * hidden + layers * layer + 2 * hidden
    return Size(
        parameters, layers, hidden, inner, heads, heads, hidden // heads, vocabulary, tied, False, False, linears
    )
