"""A Llama in a GGUF file becomes a folder in Hugging Face's format: config, tokenizer, weights as safetensors.

transformers can read GGUF files, too, but reads the file three times over and says nothing meanwhile: 17 s for a model
of 135M parameters, against 5 s here, where every tensor moves the progress bar. A test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ConfigError, Message
from core.models.fetching import Progress

#: What a GGUF file says of its model, by key; called, it is read.
Fields = Mapping[str, Callable[[], Any]]

#: llama.cpp's names of a layer's weights and transformers'.
_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_CONTROL = 3  # llama.cpp's token type of special tokens


def convert(source: Path, folder: Path, name: str, progress: Progress) -> None:
    """Writes the model of the GGUF file `source` into the existing folder `folder`.

    Weights are stored in bfloat16. The file's own numbers are 4-bit ones, so the rounding (a relative 2⁻⁹) is far below
    what they lost before; and weights that bfloat16 can hold are the same weights whether a run computes in 16 or in 32
    bits, so a start model is one defined thing. Raises ConfigError where the file is no Llama with byte-level BPE.
    """
    import torch
    from gguf import GGUFReader, dequantize
    from safetensors.torch import save_file

    progress(Message("Reading {name}.", name=name), None)
    reader = GGUFReader(source)
    fields: Fields = {key: field.contents for key, field in reader.fields.items()}
    if fields["general.architecture"]() != "llama" or fields["tokenizer.ggml.model"]() != "gpt2":
        raise ConfigError("{name} holds no Llama with a byte-level tokenizer", name=source.name)
    config = _config(fields, tied=all(x.name != "output.weight" for x in reader.tensors))
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    weights = {}
    total, done = sum(int(x.n_elements) for x in reader.tensors), 0
    for tensor in reader.tensors:
        progress(Message("Converting {name}.", name=name), done / total)
        if tensor.name != "rope_freqs.weight":  # follows from the config
            values = dequantize(tensor.data, tensor.tensor_type)
            kind = tensor.name.split(".")[2] if tensor.name.startswith("blk.") else ""
            values = _unwoven(values, heads[kind]) if kind in heads else values
            weights[_name(tensor.name)] = torch.from_numpy(np.array(values)).to(torch.bfloat16)
        done += int(tensor.n_elements)
    progress(Message("Writing {name}.", name=name), None)
    config.save_pretrained(folder)
    _tokenizer(fields).save_pretrained(folder)
    _endings(config).save_pretrained(folder)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _name(name: str) -> str:
    block, _, rest = name.removeprefix("blk.").partition(".")
    if name.startswith("blk."):
        part, _, kind = rest.rpartition(".")
        return f"model.layers.{block}.{_LAYER[part]}.{kind}"
    part, _, kind = name.rpartition(".")
    return f"{_OUTSIDE[part]}.{kind}"


def _unwoven(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of queries or keys in transformers' order. llama.cpp keeps the two numbers that rotary embedding turns
    together side by side, transformers keeps them half a head apart."""
    rows = weight.shape[0] // heads
    return weight.reshape(heads, rows // 2, 2, -1).swapaxes(1, 2).reshape(weight.shape)


def _config(fields: Fields, *, tied: bool) -> Any:
    from transformers import LlamaConfig

    def of(key: str) -> Any:
        return fields[f"llama.{key}"]()

    return LlamaConfig(
        architectures=["LlamaForCausalLM"],
        dtype="bfloat16",
        vocab_size=len(fields["tokenizer.ggml.tokens"]()),
        hidden_size=of("embedding_length"),
        intermediate_size=of("feed_forward_length"),
        num_hidden_layers=of("block_count"),
        num_attention_heads=of("attention.head_count"),
        num_key_value_heads=of("attention.head_count_kv"),
        max_position_embeddings=of("context_length"),
        rms_norm_eps=float(f"{of('attention.layer_norm_rms_epsilon'):.6g}"),  # 1e-5, which float32 cannot write
        rope_parameters={"rope_type": "default", "rope_theta": of("rope.freq_base")},
        tie_word_embeddings=tied,
        bos_token_id=_id(fields, "bos"),
        eos_token_id=_id(fields, "eos"),
        pad_token_id=_id(fields, "padding"),
    )


def _id(fields: Fields, kind: str) -> int | None:
    key = f"tokenizer.ggml.{kind}_token_id"
    return int(fields[key]()) if key in fields else None


def _endings(config: Any) -> Any:
    from transformers import GenerationConfig

    return GenerationConfig(
        bos_token_id=config.bos_token_id, eos_token_id=config.eos_token_id, pad_token_id=config.pad_token_id
    )


def _tokenizer(fields: Fields) -> Any:
    """Byte-level BPE from the file's tokens and merges."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokens: list[str] = fields["tokenizer.ggml.tokens"]()
    merges = [(left, right) for left, right in (x.split(" ") for x in fields["tokenizer.ggml.merges"]())]
    inner = Tokenizer(models.BPE(vocab={x: i for i, x in enumerate(tokens)}, merges=merges))
    words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    # llama.cpp's name for digits that are each a token, as in SmolLM's own tokenizer.
    digits = "tokenizer.ggml.pre" in fields and fields["tokenizer.ggml.pre"]() == "smollm"
    inner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(True), words]) if digits else words
    inner.decoder = decoders.ByteLevel()
    kinds = fields["tokenizer.ggml.token_type"]()
    special = [x for x, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL]
    inner.add_special_tokens([AddedToken(x, normalized=False, special=True) for x in special])
    named = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
    ids = {f"{ours}_token": _id(fields, theirs) for ours, theirs in named.items()}
    chosen = {kind: tokens[number] for kind, number in ids.items() if number is not None}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, clean_up_tokenization_spaces=False, **chosen)
    if "tokenizer.chat_template" in fields:
        tokenizer.chat_template = fields["tokenizer.chat_template"]()
    return tokenizer
