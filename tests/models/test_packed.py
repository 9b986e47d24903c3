"""The packed forward pass against each model's own, for several architectures: numbers, gradients, sampling."""

from __future__ import annotations

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GPT2Config,
    LlamaConfig,
    MambaConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
)

from core.errors import ConfigError
from core.models import forward, packed
from core.models.packed_decoder import PackedDecoder

SIZE = {
    "vocab_size": 60, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 6,
    "num_key_value_heads": 3, "head_dim": 8, "max_position_embeddings": 64,
}  # fmt: skip
CONFIGS = {
    "llama, tied": LlamaConfig(**SIZE, tie_word_embeddings=True),
    "llama": LlamaConfig(**SIZE, tie_word_embeddings=False),
    "qwen2": Qwen2Config(**SIZE, tie_word_embeddings=True),
    "qwen3": Qwen3Config(**SIZE),
    "gemma2": Gemma2Config(**SIZE, query_pre_attn_scalar=8, final_logit_softcapping=5.0),
    "gpt2": GPT2Config(vocab_size=60, n_positions=64, n_embd=48, n_layer=2, n_head=6, resid_pdrop=0, embd_pdrop=0),
}
PROMPT, OWN = 7, 5


@pytest.fixture(scope="module", params=CONFIGS)
def model(request: pytest.FixtureRequest) -> PreTrainedModel:
    torch.manual_seed(3)
    torch.set_num_threads(1)
    built = AutoModelForCausalLM.from_config(CONFIGS[request.param]).float().eval()
    with torch.no_grad():  # start weights are so small that wrong attention would hardly show
        for parameter in built.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4)
    forward.prepare(built)
    return built


def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(ids [6, 12], attention, lengths): two prompts, one of them padded; equal responses; one of a single token."""
    generator = torch.Generator().manual_seed(1)
    prompts = torch.randint(1, 60, (2, PROMPT), generator=generator)
    own = torch.randint(1, 60, (6, OWN), generator=generator)
    own[1] = own[0]
    ids = torch.cat([prompts.repeat_interleave(3, 0), own], 1)
    real = torch.ones_like(ids, dtype=torch.bool)
    ids[3:, :2], real[3:, :2] = 0, False
    lengths = torch.tensor([5, 5, 3, 1, 5, 4])
    for row, length in enumerate(lengths.tolist()):
        ids[row, PROMPT + length :] = 0
    return ids, real, lengths


def by_itself(model: PreTrainedModel, row: torch.Tensor, start: int, length: int) -> torch.Tensor:
    """The model's own logits after the prompt and after each of its response's tokens [1 + length, V]."""
    return model(input_ids=row[None, start : PROMPT + length]).logits[0, PROMPT - start - 1 :]


@pytest.mark.parametrize("widest", [1024, 16], ids=["together", "apart"])
def test_numbers_and_gradients_are_the_models_own(model, monkeypatch, widest: int) -> None:
    monkeypatch.setattr(packed, "_WIDEST", widest)
    ids, real, lengths = batch()
    states = packed.states(model.base_model, ids, PROMPT, real, lengths)
    ours = forward.logits(model, states.hidden)[states.which]
    weight = torch.randn(ours.shape, generator=torch.Generator().manual_seed(2))
    own_loss, our_loss = torch.zeros(()), torch.zeros(())
    for row, length in enumerate(lengths.tolist()):
        own = by_itself(model, ids[row], 0 if bool(real[row, 0]) else 2, length)
        torch.testing.assert_close(ours[row, : 1 + length], own, rtol=1e-4, atol=1e-4)
        own_loss = own_loss + (own * weight[row, : 1 + length]).sum()
        our_loss = our_loss + (ours[row, : 1 + length] * weight[row, : 1 + length]).sum()
    model.zero_grad()
    own_loss.backward()
    expected = {name: x.grad.clone() for name, x in model.named_parameters() if x.grad is not None}
    model.zero_grad()
    our_loss.backward()
    assert len(expected) > 10
    for name, parameter in model.named_parameters():
        if name in expected:
            scale = float(expected[name].abs().max())
            torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-3, atol=1e-4 * scale)
    model.zero_grad()


def test_sampling_sees_what_a_full_pass_sees(model) -> None:
    """Also after some responses have ended, each at its own length, and have left the batch."""
    ids, real, lengths = batch()
    running = torch.arange(OWN) < lengths[:, None]
    with torch.no_grad():
        decoder = PackedDecoder(model, ids[::3, :PROMPT], real[::3, :PROMPT], 3)
        seen = [decoder.logits[decoder.state]]
        for t in range(OWN - 1):
            decoder.write(ids[:, PROMPT + t], running[:, t + 1])
            seen.append(decoder.logits[decoder.state])
        for row, length in enumerate(lengths.tolist()):
            own = by_itself(model, ids[row], 0 if bool(real[row, 0]) else 2, length)
            ours = torch.stack([x[row] for x in seen[:length]])
            torch.testing.assert_close(ours, own[:length], rtol=1e-4, atol=1e-4)


def test_a_prompt_is_computed_once_and_so_are_equal_responses(model) -> None:
    ids, real, lengths = batch()
    computed = []
    hook = model.get_input_embeddings().register_forward_hook(lambda _m, args, _out: computed.append(args[0].numel()))
    with torch.no_grad():
        packed.states(model.base_model, ids, PROMPT, real, lengths)
    hook.remove()
    first, second = PROMPT + 5 + 3, (PROMPT - 2) + 1 + 5 + 4
    assert computed == [2 * max(first, second)]


def test_finished_responses_leave_the_batch(model) -> None:
    ids, _, _ = batch()
    sizes = []
    hook = model.get_input_embeddings().register_forward_hook(lambda _m, args, _out: sizes.append(len(args[0])))
    running = torch.tensor([True, True, True, False, False, True])
    with torch.no_grad():
        decoder = PackedDecoder(model, ids[::3, :PROMPT], None, 3)
        decoder.write(ids[:, PROMPT], running)
    hook.remove()
    assert sizes == [2, 3]  # two prompts; then two equal beginnings as one, and the two others that go on


def test_a_model_that_cannot_be_packed_is_refused() -> None:
    model = AutoModelForCausalLM.from_config(MambaConfig(vocab_size=60, hidden_size=32, num_hidden_layers=1)).eval()
    with pytest.raises(ConfigError, match="MambaForCausalLM cannot be trained here"):
        forward.prepare(model)


def test_checkpointing_changes_no_number() -> None:
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(CONFIGS["llama, tied"]).eval()
    forward.prepare(model)
    ids, real, lengths = batch()

    def gradient() -> torch.Tensor:
        model.zero_grad()
        packed.states(model.base_model, ids, PROMPT, real, lengths).hidden.square().mean().backward()
        return torch.cat([x.grad.flatten() for x in model.parameters()])

    before = gradient()
    forward.checkpointed(model)
    calls = []
    hook = model.model.layers[0].input_layernorm.register_forward_hook(lambda *_: calls.append(1))
    torch.testing.assert_close(gradient(), before)
    hook.remove()
    assert len(calls) == 2  # once forward, once again on the way back
