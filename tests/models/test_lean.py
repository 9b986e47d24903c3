"""The lean forward pass against transformers' own, for several kinds of Llama: numbers, gradients, sampling."""

from __future__ import annotations

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from core.models import lean
from core.models.lean import Decoder

PROMPT, OWN, GENERATIONS = 5, 6, 4

#: Plain; grouped-query attention with biases; stretched rotary embeddings and untied output.
VARIANTS = {
    "plain": {},
    "grouped": {"num_key_value_heads": 2, "attention_bias": True, "mlp_bias": True},
    "stretched": {
        "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0},
        "tie_word_embeddings": False,
        "head_dim": 10,
    },
}


@pytest.fixture(params=VARIANTS)
def model(request: pytest.FixtureRequest) -> LlamaForCausalLM:
    torch.manual_seed(0)
    settings = {
        "vocab_size": 11, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
        "num_key_value_heads": 4, "max_position_embeddings": 32, "tie_word_embeddings": True,
    }  # fmt: skip
    llama = LlamaForCausalLM(LlamaConfig(**(settings | VARIANTS[request.param])))
    for parameter in llama.parameters():  # scales other than 1 and biases other than 0, or they would not be tested
        torch.nn.init.normal_(parameter, 0.1, 0.3)
    return llama.eval()


def prompts(padded: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Three prompts; padded, the second lacks one token and the third three."""
    ids = torch.randint(1, 11, (3, PROMPT), generator=torch.Generator().manual_seed(1))
    if not padded:
        return ids, None
    real = torch.arange(PROMPT) >= torch.tensor([[0], [1], [3]])
    return ids * real, real


def responses() -> torch.Tensor:
    """Twelve, several of them equal and several beginning alike: [12, OWN]."""
    ids = torch.randint(1, 11, (12, OWN), generator=torch.Generator().manual_seed(2))
    ids[1] = ids[0]
    ids[3, :3] = ids[2, :3]
    ids[6] = ids[5]
    return ids


def by_transformers(model: LlamaForCausalLM, ids: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
    positions = None if real is None else (real.long().cumsum(-1) - 1).clamp(min=0)
    return model(input_ids=ids, attention_mask=real, position_ids=positions, use_cache=False).logits[:, PROMPT - 1 :]


def in_rows(padded: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
    ids, real = prompts(padded)
    rows = torch.cat([ids.repeat_interleave(GENERATIONS, 0), responses()], 1)
    if real is None:
        return rows, None
    return rows, torch.cat([real.repeat_interleave(GENERATIONS, 0), torch.ones(12, OWN, dtype=torch.bool)], 1)


def by_lean(model: LlamaForCausalLM, ids: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
    states = lean.states(model.model, ids, PROMPT, real)
    assert len(states.hidden) == len(ids.unique(dim=0))  # equal responses are computed once
    return model.lm_head(states.hidden)[states.which]


@pytest.mark.parametrize("padded", [False, True], ids=["even", "padded"])
def test_numbers_and_gradients_are_transformers(model: LlamaForCausalLM, padded: bool) -> None:
    shuffled = torch.randperm(12, generator=torch.Generator().manual_seed(3))  # as in a mini-batch
    ids, real = (None if x is None else x[shuffled] for x in in_rows(padded))
    assert ids is not None
    ours = by_lean(model, ids, real)
    theirs = by_transformers(model, ids, real)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)

    direction = torch.randn(ours.shape, generator=torch.Generator().manual_seed(4))
    parameters = list(model.parameters())
    for mine, reference in zip(
        torch.autograd.grad((ours * direction).sum(), parameters),
        torch.autograd.grad((theirs * direction).sum(), parameters),
        strict=True,
    ):
        assert reference.abs().max() > 0
        torch.testing.assert_close(mine, reference, rtol=1e-3, atol=1e-4 * float(reference.abs().max()))


@pytest.mark.parametrize("padded", [False, True], ids=["even", "padded"])
def test_sampling_sees_what_a_full_pass_sees(model: LlamaForCausalLM, padded: bool) -> None:
    """Also after some responses have ended, each at its own length."""
    ids, real = prompts(padded)
    own = responses()
    lengths = torch.randint(1, OWN + 1, (12,), generator=torch.Generator().manual_seed(5))
    running = torch.arange(OWN) < lengths[:, None]
    with torch.no_grad():
        decoder = Decoder(model, ids, real, GENERATIONS, OWN)
        seen = [decoder.logits[decoder.state]]
        for t in range(OWN - 1):
            decoder.write(own[:, t], running[:, t + 1])
            seen.append(decoder.logits[decoder.state])
        expected = by_transformers(model, *in_rows(padded))[:, :-1]
    torch.testing.assert_close(torch.stack(seen, 1)[running], expected[running], rtol=1e-4, atol=1e-4)


def test_equal_beginnings_are_computed_once(model: LlamaForCausalLM) -> None:
    ids, _ = prompts(False)
    decoder = Decoder(model, ids, None, GENERATIONS, OWN)
    everyone = torch.ones(12, dtype=torch.bool)
    decoder.write(torch.tensor([1, 1, 1, 2, 3, 3, 3, 3, 4, 5, 6, 7]), everyone)
    assert len(decoder.logits) == 2 + 1 + 4
    assert len(decoder.logits.unique(dim=0)) == 2 + 1 + 4
    assert decoder.state[:3].unique().numel() == decoder.state[4:8].unique().numel() == 1
    assert decoder.state.unique().numel() == 2 + 1 + 4


def test_a_response_of_one_token_needs_the_prompt_alone(model: LlamaForCausalLM) -> None:
    ids, _ = prompts(False)
    ours = by_lean(model, ids, None)
    torch.testing.assert_close(ours, by_transformers(model, ids, None), rtol=1e-4, atol=1e-4)
