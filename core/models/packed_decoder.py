"""Sampling with any Hugging Face causal language model: G responses to each prompt, equal beginnings computed once."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.cache_utils import Cache, DynamicLayer

from core.models.head import logits, output_head


class _GrowingLayer(DynamicLayer):
    """A layer's keys and values with free places to write into, so that a token's step does not copy all of them."""

    is_sliding = False
    _length = 0

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.keys, self.values = (x.new_empty(0) for x in (key_states, value_states))
        new = key_states.shape[-2]
        if self._length + new > (self.keys.shape[-2] if self.keys.numel() else 0):
            self._grow(key_states, value_states, max(64, (self._length + new) * 3 // 2))
        self.keys[..., self._length : self._length + new, :] = key_states
        self.values[..., self._length : self._length + new, :] = value_states
        self._length += new
        return self.keys[..., : self._length, :], self.values[..., : self._length, :]

    def _grow(self, keys: Tensor, values: Tensor, capacity: int) -> None:
        for name, like in (("keys", keys), ("values", values)):
            grown = like.new_empty(*like.shape[:-2], capacity, like.shape[-1])
            if self._length:
                grown[..., : self._length, :] = getattr(self, name)[..., : self._length, :]
            setattr(self, name, grown)

    def get_seq_length(self) -> int:
        return self._length

    def choose(self, rows: Tensor) -> None:
        """Keeps these rows, in this order; a row may be kept more than once."""
        self.keys, self.values = self.keys[rows], self.values[rows]


class PackedDecoder:
    """Writes G responses to each of P prompts, token by token; equal beginnings share one state until they differ.

    `logits` [n, V] are what comes next for each state, `state` long [B] says which one a response is in. Responses that
    have ended leave the batch.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        prompts: Tensor,
        attention: Tensor | None,
        num_generations: int | Tensor,
    ) -> None:
        """`prompts` long [P, L], left-padded where `attention` [P, L] is 0; G is a number or long [P]."""
        self._model, self._head = model, output_head(model)
        count = len(prompts)
        self._real = torch.ones_like(prompts) if attention is None else attention.long()
        self._padded = attention is not None
        self._place = self._real.sum(-1)
        self._cache = Cache(layer_class_to_replicate=_GrowingLayer)
        places = (self._real.cumsum(-1) - 1).clamp(min=0)
        self.state = torch.arange(count, device=prompts.device).repeat_interleave(num_generations)
        self._forward(prompts, places)

    def write(self, token: Tensor, running: Tensor, most_states: int | None = None) -> bool:
        """Appends `token` [B] where `running` [B]; a response that has ended keeps a state, which means nothing.

        False, and nothing is appended, where there would be more than `most_states`.
        """
        vocabulary = self.logits.shape[-1]
        pairs, state = torch.unique((self.state * vocabulary + token)[running], return_inverse=True)
        if most_states is not None and len(pairs) > most_states:
            return False
        parent, written = pairs // vocabulary, pairs % vocabulary
        self.state = torch.zeros_like(self.state).masked_scatter(running, state)
        if not torch.equal(parent, torch.arange(len(self._real), device=parent.device)):
            for layer in self._cache.layers:
                layer.choose(parent)
            self._real, self._place = self._real[parent], self._place[parent]
        self._real = torch.cat([self._real, torch.ones_like(written)[:, None]], 1)
        place, self._place = self._place, self._place + 1
        self._forward(written[:, None], place[:, None])
        return True

    def _forward(self, ids: Tensor, places: Tensor) -> None:
        output = self._model.base_model(
            input_ids=ids,
            attention_mask=self._real if self._padded else None,
            position_ids=places,
            past_key_values=self._cache,
            use_cache=True,
        )
        self.logits = logits(self._head, output.last_hidden_state[:, -1])
