"""Models whose layers look back only so far: scored and sampled as transformers' own forward pass has it.

For every family there are a window shorter than the prompt, one between the prompt and the whole text, and one longer
than the text. Each is compared with the untouched model, text by text, without a mask or a packed row of ours.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from core.errors import ConfigError
from core.models import forward, masks, packed
from core.models.packed_decoder import PackedDecoder
from core.training import scoring
from core.training.scoring import Sequences
from tests.tiny import chat_trainer, saved

SIZE: dict[str, Any] = {
    "vocab_size": 60, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 6,
    "num_key_value_heads": 3, "head_dim": 8, "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 1,
    "eos_token_id": 2,
}  # fmt: skip
#: Full attention first and last, so that a window in the wrong layer shows.
MIXED = {"layer_types": ["full_attention", "sliding_attention", "full_attention"]}
SOME = {"use_sliding_window": True, "max_window_layers": 1}
EXPERTS = {"num_experts_per_tok": 2, "moe_intermediate_size": 32, "shared_expert_intermediate_size": 32}
FAMILIES: dict[str, dict[str, Any]] = {
    "cohere2": MIXED,
    "exaone4": MIXED,
    "gemma2": {"query_pre_attn_scalar": 8, "attn_logit_softcapping": 3.0, "final_logit_softcapping": 9.0},
    "gemma3_text": MIXED | {"query_pre_attn_scalar": 8},
    "gpt_oss": MIXED | {"num_local_experts": 4, "num_experts_per_tok": 2},
    "ministral": MIXED,
    "mistral": {},
    "mixtral": {"num_local_experts": 4, "num_experts_per_tok": 2},
    "olmo3": MIXED,
    "phi3": {},
    "qwen2": SOME,
    "qwen2_moe": SOME | EXPERTS | {"num_experts": 4},
    "qwen3": SOME,
    "smollm3": MIXED | {"use_sliding_window": True, "no_rope_layers": [1, 0, 1]},
    "starcoder2": {},
}
PROMPT, OWN = 9, 11
SHORT, BETWEEN, LONG = 5, 14, 40
#: Nats that a log-probability may be off.
ALLOWED = 1e-4


def built(kind: str, window: int, **more: Any) -> PreTrainedModel:
    if kind == "gpt_neo":
        config = AutoConfig.for_model(
            kind, vocab_size=60, hidden_size=48, num_layers=2, num_heads=6, attention_types=[[["global", "local"], 1]],
            window_size=window, max_position_embeddings=64,
        )  # fmt: skip
    else:
        size = {x: y for x, y in SIZE.items() if x != "head_dim" or kind not in ("phi3", "starcoder2")}
        config = AutoConfig.for_model(kind, **(size | FAMILIES[kind] | {"sliding_window": window} | more))
    torch.set_num_threads(1)
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(config).float().eval()
    with torch.no_grad():  # start weights are so small that a wrong window would hardly show
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4)
    return model


def batch(own: int = OWN) -> tuple[Sequences, Tensor]:
    """Two prompts, one of them padded; five responses, two of them equal, of several lengths; starts long [5]."""
    generator = torch.Generator().manual_seed(1)
    prompts = torch.randint(3, 60, (2, PROMPT), generator=generator)
    ids = torch.cat([prompts[[0, 0, 0, 1, 1]], torch.randint(3, 60, (5, own), generator=generator)], 1)
    ids[1] = ids[0]
    attention = torch.ones_like(ids, dtype=torch.bool)
    ids[3:, :3], attention[3:, :3] = 0, False
    mask = torch.arange(own) < torch.tensor([own, own, own - 3, own, 1])[:, None]
    return Sequences(ids, attention, mask, PROMPT), torch.tensor([0, 0, 0, 3, 3])


def own_logprobs(model: PreTrainedModel, sequences: Sequences, starts: Tensor) -> Tensor:
    """What an untouched model says of the response tokens, one text at a time [B, T]; 0 outside the mask."""
    rows = torch.zeros(sequences.mask.shape)
    for i, start in enumerate(starts.tolist()):
        length = int(sequences.mask[i].sum())
        text = sequences.ids[i, start : PROMPT + length]
        distribution = torch.log_softmax(model(input_ids=text[None]).logits[0].float(), -1)[PROMPT - start - 1 : -1]
        rows[i, :length] = distribution.gather(-1, text[PROMPT - start :, None])[:, 0]
    return rows


def sampled_logprobs(model: PreTrainedModel, sequences: Sequences) -> Tensor:
    """The same as sampling would have them, token by token with a cache."""
    counts = torch.tensor([3, 2])
    assert sequences.attention is not None
    prompts, attention = (x[[0, 3], :PROMPT] for x in (sequences.ids, sequences.attention))
    decoder = PackedDecoder(model, prompts, attention, counts)
    rows, every = torch.zeros(sequences.mask.shape), torch.ones(5, dtype=torch.bool)
    for t, token in enumerate(sequences.completion_ids.T):
        rows[:, t] = torch.log_softmax(decoder.logits, -1)[decoder.state, token]
        decoder.write(token, every)
    return rows * sequences.mask


@torch.no_grad()
@pytest.mark.parametrize("window", [SHORT, BETWEEN, LONG])
@pytest.mark.parametrize("kind", [*FAMILIES, "gpt_neo"])
def test_log_probabilities_are_those_of_the_models_own_forward_pass(kind: str, window: int) -> None:
    model = built(kind, window)
    sequences, starts = batch()
    expected = own_logprobs(copy.deepcopy(model), sequences, starts)
    forward.prepare(model)
    scored = scoring.score(model, sequences, 1.0).logprobs * sequences.mask
    assert float((scored - expected).abs().max()) < ALLOWED
    assert float((sampled_logprobs(model, sequences) - expected).abs().max()) < ALLOWED
    # The window is really in force: without it these texts would be far from what they are.
    if window == SHORT:
        wide = own_logprobs(built(kind, LONG), sequences, starts)
        assert float((wide - expected).abs().max()) > 100 * ALLOWED


@torch.no_grad()
def test_a_window_of_a_real_models_width_is_kept_in_texts_that_are_longer() -> None:
    """Gemma 3's 512 tokens, at 612: without the window log-probabilities were half a nat off."""
    model = built("gemma3_text", 512, max_position_embeddings=1024)
    ids = torch.randint(3, 60, (2, 612), generator=torch.Generator().manual_seed(1))
    ids[1, :600] = ids[0, :600]
    sequences = Sequences(ids, None, torch.ones(2, 12, dtype=torch.bool), 600)
    own = torch.log_softmax(copy.deepcopy(model)(input_ids=ids).logits[:, 599:-1].float(), -1)
    forward.prepare(model)
    off = scoring.score(model, sequences, 1.0).logprobs - own.gather(-1, ids[:, 600:, None])[..., 0]
    assert float(off.abs().max()) < ALLOWED


@pytest.mark.parametrize("kind", ["gemma3_text", "gpt_neo"])
def test_gradients_are_the_models_own(kind: str) -> None:
    model = built(kind, SHORT)
    sequences, starts = batch()
    untouched = copy.deepcopy(model)
    forward.prepare(model)
    (scoring.score(model, sequences, 1.0).logprobs * sequences.mask).sum().backward()
    own_logprobs(untouched, sequences, starts).sum().backward()
    for (name, mine), theirs in zip(model.named_parameters(), untouched.parameters(), strict=True):
        assert mine.grad is not None, name
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-3, atol=1e-4 * float(theirs.grad.abs().max()))


def test_layers_that_count_columns_get_rows_of_one_response_each() -> None:
    """GPT-Neo's; all others share a prompt's row. A copy, as the reference and the critic are, keeps to it."""
    sequences, _ = batch()
    for kind, rows in (("gpt_neo", 4), ("mistral", 2)):
        model = built(kind, SHORT)
        forward.prepare(model)
        model = forward.frozen_copy(model)
        sizes = []
        model.base_model.register_forward_pre_hook(
            lambda _m, _a, given, sizes=sizes: sizes.append(len(given["inputs_embeds"])), with_kwargs=True
        )
        scoring.score(model, sequences, 1.0)
        assert sizes == [rows]


@pytest.mark.parametrize(
    ("kind", "settings", "named"),
    [
        ("llama4_text", {"num_hidden_layers": 2, "num_local_experts": 2}, "layer_types=chunked_attention"),
        ("modernbert-decoder", {"num_hidden_layers": 1}, "local_attention=128"),
        ("mistral", {"num_hidden_layers": 1, "sliding_window": 0}, "sliding_window=0"),
    ],
)
def test_a_window_that_nothing_here_follows_is_refused_by_name(kind, settings, named) -> None:
    small = {**SIZE, **settings, "head_dim": 8}
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **small))
    with pytest.raises(ConfigError, match=rf"{type(model).__name__} cannot be trained here: its config names {named},"):
        packed.check(model)


def test_a_mask_that_leaves_the_window_out_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the texts that the check compares are shorter than the window."""
    model = built("mistral", LONG)
    full = masks._packed

    def without(here: masks.Packing, _pattern: object) -> Tensor:
        return full(here, lambda _row, _head, query, key: key <= query)

    monkeypatch.setattr(masks, "_packed", without)
    packed.check(model)
    assert model.base_model._one_response_a_row  # nothing packed is right then
    assert model.config.sliding_window == LONG


def test_a_run_on_a_windowed_model_scores_what_it_samples(tmp_path) -> None:
    window = {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 0}
    learning = chat_trainer(saved(tmp_path, **window), {"algorithm": "ppo"}, max_completion_length=12)
    for _ in learning.steps():
        assert learning._drift.last < ALLOWED
