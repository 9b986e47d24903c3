"""A Llama's forward pass over a step's responses: transformers' weights and numbers, far less work.

The responses of a step share their prompts, and a policy that has learnt something often answers alike. So here every
distinct prompt and every distinct response is computed once, and while sampling every distinct beginning; the results
are then given to all that share them, and their gradients add up as they would have. On the bundled model a
step of 128 responses has some 30 to 60 distinct ones. A test compares numbers and gradients with transformers' own
forward pass, which stays the reference for what a Llama is.

B responses, P distinct prompts, L prompt positions, S response positions, H query heads and K key heads of D numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import LlamaForCausalLM, LlamaModel
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaRMSNorm

from core.models.packed import States, distinct


def states(model: LlamaModel, ids: Tensor, prompt: int, attention: Tensor | None = None) -> States:
    """Hidden states after the prompt's last token and after each response token, of distinct responses.

    `ids` long [B, L + S] are prompt and response in one row, `prompt` is L; `attention` [B, L + S] is 0 on the padding
    left of a prompt (None: there is none). State 0 is what predicts a response's first token, state 1 its second.
    """
    rows, which = distinct(ids)
    if attention is not None:
        attention = torch.empty_like(rows).index_copy_(0, which, attention.long()).bool()
    return States(rows, which, _hidden_states(model, rows, prompt, attention))


def _hidden_states(model: LlamaModel, ids: Tensor, prompt: int, real: Tensor | None) -> Tensor:
    """[B, 1 + S, hidden size] of distinct rows; `real` bool [B, L + S] is False on padding."""
    (batch, length), device = ids.shape, ids.device
    prompts, group = distinct(ids[:, :prompt])
    count, own = len(prompts), length - prompt
    places, mask = _places(length, real, device)
    if real is None:
        place_prompt, mask_prompt, mask_own = places[:prompt].repeat(count), mask[:prompt, :prompt], mask[prompt:]
        places = torch.cat([place_prompt, places[prompt:].repeat(batch)])
    else:
        some = torch.empty(count, dtype=torch.long, device=device).index_copy_(0, group, torch.arange(batch).to(device))
        mask_prompt, mask_own = mask[some, :, :prompt, :prompt], mask[:, :, prompt:]
        places = torch.cat([places[some, :prompt].flatten(), places[:, prompt:].flatten()])

    hidden = F.embedding(torch.cat([prompts.flatten(), ids[:, prompt:].flatten()]), model.embed_tokens.weight)
    turn = _turns(model, hidden, length)[places]
    split = [count * prompt, batch * own]
    for layer in _folded(model):
        (q_p, q), (k_p, k), (v_p, v) = (x.split(split) for x in layer.projections(hidden, turn))
        k_p, v_p = _heads(k_p, count), _heads(v_p, count)
        k = torch.cat([k_p.index_select(0, group), _heads(k, batch)], 2)
        v = torch.cat([v_p.index_select(0, group), _heads(v, batch)], 2)
        seen = layer.attend(_heads(q_p, count), k_p, v_p, mask_prompt), layer.attend(_heads(q, batch), k, v, mask_own)
        hidden = layer.rest(hidden, torch.cat(seen))
    hidden = _norm(model.norm, hidden)
    before, after = hidden.split(split)
    last = before.view(count, prompt, -1)[:, -1].index_select(0, group)
    return torch.cat([last[:, None], after.view(batch, own, after.shape[1])], 1)


class Decoder:
    """Writes G responses to each of P prompts, token by token; equal beginnings share one state until they differ.

    `logits` [n, V] are what comes next for each state, `state` long [B] says which one a response is in; B = P · G, a
    prompt's responses one after another.
    """

    def __init__(
        self,
        model: LlamaForCausalLM,
        prompts: Tensor,
        attention: Tensor | None,
        num_generations: int | Tensor,
        most_tokens: int,
    ) -> None:
        """`prompts` long [P, L], left-padded where `attention` [P, L] is 0; at most `most_tokens` tokens are written.

        `num_generations` is G, or long [P] where prompts get different numbers of responses.
        """
        self._model, self._layers = model, _folded(model.model)
        (count, length), device = prompts.shape, prompts.device
        self._real = None if attention is None else attention.bool()
        places, mask = _places(length, self._real, device)
        hidden = model.model.embed_tokens(prompts.flatten())
        self._table = _turns(model.model, hidden, length + most_tokens)
        self._place = places.expand(count, length)[:, -1] + 1
        turn = self._table[places.expand(count, length).flatten()]
        self._cache: list[tuple[Tensor, Tensor]] = []
        for layer in self._layers:
            query, key, value = (_heads(x, count) for x in layer.projections(hidden, turn))
            self._cache.append((key, value))
            hidden = layer.rest(hidden, layer.attend(query, key, value, mask))
        self.state = torch.arange(count, device=device).repeat_interleave(num_generations)
        self._predict(hidden.view(count, length, -1)[:, -1])

    def write(self, token: Tensor, running: Tensor, most_states: int | None = None) -> bool:
        """Appends `token` [B] where `running` [B]; a response that has ended keeps a state, which means nothing.

        False, and nothing is appended, where there would be more than `most_states`.
        """
        vocabulary = self._model.config.vocab_size
        pairs, state = torch.unique((self.state * vocabulary + token)[running], return_inverse=True)
        if most_states is not None and len(pairs) > most_states:
            return False
        parent, written = pairs // vocabulary, pairs % vocabulary
        self.state = torch.zeros_like(self.state).masked_scatter(running, state)
        mask = None
        if self._real is not None:
            self._real = F.pad(self._real[parent], (0, 1), value=True)
            mask = self._real[:, None, None]
        hidden = self._model.model.embed_tokens(written)
        self._place = self._place[parent]
        turn = self._table[self._place]
        for i, layer in enumerate(self._layers):
            query, key, value = (x[:, :, None] for x in layer.projections(hidden, turn))
            past_key, past_value = self._cache[i]
            key = torch.cat([past_key.index_select(0, parent), key], 2)
            value = torch.cat([past_value.index_select(0, parent), value], 2)
            self._cache[i] = key, value
            hidden = layer.rest(hidden, layer.attend(query, key, value, mask))
        self._place = self._place + 1
        self._predict(hidden)
        return True

    def _predict(self, hidden: Tensor) -> None:
        self.logits = self._model.lm_head(_norm(self._model.model.norm, hidden))


class _Product(NamedTuple):
    weight: Tensor
    bias: Tensor | None


@dataclass(frozen=True)
class _Layer:
    """One layer with its norms' scales folded into the weights that follow them."""

    module: LlamaDecoderLayer
    query: _Product
    key: _Product
    value: _Product
    gate: _Product
    up: _Product

    def projections(self, hidden: Tensor, turn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query [N, H, D], key and value [N, K, D] of tokens [N, hidden size]; query and key turned by position."""
        x = _Normalize.apply(hidden, self.module.input_layernorm.variance_epsilon)
        query, key = (_turned(F.linear(x, *product), turn) for product in (self.query, self.key))
        return query, key, F.linear(x, *self.value).unflatten(-1, (-1, self.module.self_attn.head_dim))

    def attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
        """Attention of [rows, H, T, D], as tokens in a row [rows · T, H · D]."""
        many = query.shape[1] != key.shape[1]
        scale = self.module.self_attn.scaling
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale, enable_gqa=many)
        return seen.transpose(1, 2).reshape(-1, query.shape[1] * query.shape[3])

    def rest(self, hidden: Tensor, seen: Tensor) -> Tensor:
        """What the layer does after its attention."""
        mlp = self.module.mlp
        hidden = hidden + self.module.self_attn.o_proj(seen)
        x = _Normalize.apply(hidden, self.module.post_attention_layernorm.variance_epsilon)
        return hidden + mlp.down_proj(mlp.act_fn(F.linear(x, *self.gate)) * F.linear(x, *self.up))


def _folded(model: LlamaModel) -> list[_Layer]:
    layers = []
    for layer in model.layers:
        attention, size = layer.self_attn, layer.self_attn.head_dim
        before, after = layer.input_layernorm.weight, layer.post_attention_layernorm.weight
        layers.append(
            _Layer(
                layer,
                _fold(attention.q_proj, before, size),
                _fold(attention.k_proj, before, size),
                _fold(attention.v_proj, before),
                _fold(layer.mlp.gate_proj, after),
                _fold(layer.mlp.up_proj, after),
            )
        )
    return layers


def _fold(part: nn.Linear, scale: Tensor, head: int = 0) -> _Product:
    """part(x · scale) as one product. With `head`, its size D, numbers i and i + D/2 of each head come out side by
    side: rotary embedding turns them together, and attention does not mind the order."""
    weight, bias = part.weight * scale, part.bias
    if head:
        weight = weight.unflatten(0, (-1, 2, head // 2)).transpose(1, 2).flatten(0, 2)
        bias = None if bias is None else bias.unflatten(0, (-1, 2, head // 2)).transpose(1, 2).flatten()
    return _Product(weight, bias)


def _places(length: int, real: Tensor | None, device: torch.device) -> tuple[Tensor, Tensor]:
    """Each token's position, [length] or [rows, length], and who may look at whom, [length, length] or with rows."""
    causal = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    if real is None:
        return torch.arange(length, device=device), causal
    # Padding looks at itself, or its softmax would be over nothing; no real token ever looks at it.
    alone = torch.eye(length, dtype=torch.bool, device=device)
    return (real.long().cumsum(-1) - 1).clamp(min=0), ((causal & real[:, None]) | alone)[:, None]


def _turns(model: LlamaModel, like: Tensor, length: int) -> Tensor:
    """e^(i · angle) of each position for every pair of numbers, complex [length, 1, D / 2], from the model's table."""
    every = torch.arange(length, device=like.device)[None]
    half = model.layers[0].self_attn.head_dim // 2
    cos, sin = (x[0, :, None, :half] for x in model.rotary_emb(like, every))
    return torch.complex(cos, sin)


def _turned(x: Tensor, turn: Tensor) -> Tensor:
    """Pairs of numbers turned by their token's angle; [N, heads · D] -> [N, heads, D]."""
    numbers = torch.view_as_complex(x.float().view(len(x), -1, turn.shape[-1], 2))
    return torch.view_as_real(numbers * turn).flatten(-2)


def _heads(x: Tensor, rows: int) -> Tensor:
    """Tokens in a row [rows · T, H, D] as attention takes them, [rows, H, T, D]."""
    return x.view(rows, len(x) // rows, *x.shape[1:]).transpose(1, 2)


def _norm(norm: LlamaRMSNorm, x: Tensor) -> Tensor:
    return _Normalize.apply(x, norm.variance_epsilon) * norm.weight


class _Normalize(torch.autograd.Function):
    """x / sqrt(mean(x²) + eps) over the last dimension, with a backward pass of four sweeps instead of nine."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, eps: float) -> Tensor:
        scale = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        y = x * scale
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        y, scale = ctx.saved_tensors
        along = (grad * y).mean(-1, keepdim=True).neg_()
        return torch.addcmul(grad, y, along).mul_(scale), None
