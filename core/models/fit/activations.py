"""What autograd keeps of a part of a mini-batch until its backward pass, in bytes (core/models/fit/memory.py).

Activations of one token and layer in a gated decoder, as autograd saves them (H hidden, A = heads × head size, I the
MLP's width): per norm its input, the normalised input and the result, 3H; gate, activated gate, up and their product,
4I; queries, keys, values and what attention makes of them, and where attention is computed plainly (short rows on a
CPU, core/models/attention.py) a number per head and token that is looked at. Fused attention repeats keys and values
for every head, 4A in all.
"""

from __future__ import annotations

from core.config import RunConfig
from core.learners.registry import AnyLearner
from core.models.fit.sizes import Size
from core.models.limits import SHORT, WIDEST


def batches(config: RunConfig, learner: AnyLearner) -> tuple[int, int, int]:
    """How many responses a step has, a mini-batch of it, and the part of a mini-batch that is run at once."""
    responses = config.prompts_per_step * config.num_generations
    in_batch = responses // learner.num_mini_batches
    return responses, in_batch, min(config.micro_batch_size or in_batch, in_batch)


def activations_of(
    size: Size,
    config: RunConfig,
    learner: AnyLearner,
    prompt: int,
    completion: int,
    device: str,
    *,
    narrow: bool,
    lean: bool,
) -> int:
    """Bytes that one part of a mini-batch keeps until its backward pass."""
    _, _, rows = batches(config, learner)
    group = config.group_size(learner)
    if lean:  # every response by itself, if all differ, and no scores are kept
        tokens, wide = rows * completion + -(-rows // group) * prompt, 0
    else:
        tokens = packed_tokens(rows, group, prompt, completion)
        wide = tokens_wide(group, prompt, completion, rows)
    return tokens * token_bytes(size, config, wide, narrow=narrow, plain=device == "cpu" and 0 < wide <= SHORT)


def packed_tokens(rows: int, group: int, prompt: int, completion: int) -> int:
    """Tokens that pass through the model for `rows` responses: each prompt once in a row (core/models/packed.py).

    A packed row takes responses up to WIDEST tokens; all rows are as wide as the widest.
    """
    in_row = max(1, min(group, rows, (WIDEST - prompt) // completion))
    packed = -(-rows // in_row)
    return packed * (prompt + in_row * completion)


def tokens_wide(group: int, prompt: int, completion: int, rows: int) -> int:
    """How many tokens a packed row is wide."""
    return prompt + max(1, min(group, rows, (WIDEST - prompt) // completion)) * completion


def token_bytes(size: Size, config: RunConfig, wide: int, *, narrow: bool, plain: bool) -> int:
    """Bytes of activations that one token, in a packed row `wide` tokens wide, keeps until the backward pass."""
    attention, own = size.heads * size.head_dim, size.kv_heads * size.head_dim
    full, half = 4, 2 if narrow else 4
    layer = 2 * size.hidden * (2 * full + half) + 4 * (size.heads + 2)
    if plain:
        layer += 2 * (attention + own) * half + size.heads * wide * half + wide
    else:
        layer += 4 * attention * half + wide * half
    layer += (4 if size.gated else 3) * size.inner * half
    if size.head_norms:
        layer += 2 * (attention + own) * full
    if config.lora_rank:
        layer += config.lora_rank * len(size.linears) * half
    rest = 4 * size.hidden * full  # the embedding's output, the last norm, what is picked from it
    if config.gradient_checkpointing:  # each layer's input is kept, and one layer's activations at a time
        return size.layers * size.hidden * full + layer + rest
    return size.layers * layer + rest
