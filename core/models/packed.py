"""Any Hugging Face causal language model's forward pass over a step's responses, each prompt computed once.

A row of the packed batch holds a prompt and several responses to it, one after another; a mask lets each response see
the prompt and itself only, and its positions count on from the prompt's end. So the model runs as it is, and what G
responses share is computed once instead of G times, with gradients that add up as they would have. Equal responses are
computed once, padding never. Architectures whose layers cannot take such a mask are found out by `check`.

B responses, U distinct ones, S response positions, R packed rows of W tokens.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from core.errors import ConfigError, cause_of
from core.models.embedding import embedded
from core.models.head import output_head
from core.models.limits import WIDEST as _WIDEST
from core.models.packed_decoder import PackedDecoder

#: What `check` allows between a model's own numbers and the packed ones, as a share of the largest.
_TOLERANCE = 1e-2


class States(NamedTuple):
    """Hidden states of distinct responses, and which of them each response is."""

    rows: Tensor  # long [U, L + S]
    which: Tensor  # long [B]
    hidden: Tensor  # [U, 1 + S, hidden size]: after the prompt, after each response token


def states(
    backbone: PreTrainedModel, ids: Tensor, prompt: int, attention: Tensor | None = None, lengths: Tensor | None = None
) -> States:
    """Hidden states after the prompt and after each response token.

    `ids` long [B, L + S] are prompt and response in one row, `prompt` is L; `attention` bool [B, L + S] is False on the
    padding left of a prompt; `lengths` long [B] says how many response tokens are real (None: all). Past a response's
    end the state of its last token is repeated.
    """
    rows, which = distinct(ids)
    starts = torch.zeros(len(rows), dtype=torch.long)
    ends = torch.full((len(rows),), ids.shape[1], dtype=torch.long)
    if attention is not None:
        starts[which.cpu()] = (~attention[:, :prompt]).sum(1).cpu()
    if lengths is not None:
        ends[which.cpu()] = prompt + lengths.cpu()
    plan = _plan(rows.cpu(), prompt, starts.tolist(), ends.tolist())
    device = ids.device
    with _recomputing(backbone):
        output = backbone(
            inputs_embeds=embedded(backbone.get_input_embeddings(), plan.ids.to(device)),
            attention_mask=_as_taken(plan.mask.to(device), backbone),
            position_ids=plan.positions.to(device),
            use_cache=False,
        ).last_hidden_state
    return States(rows, which, output.flatten(0, 1)[plan.places.to(device)])


def distinct(rows: Tensor) -> tuple[Tensor, Tensor]:
    """The distinct rows of long [n, ...], sorted, and the index of each row among them, long [n].

    Computed on the CPU: not every device can do it (MPS), and the result is needed there in any case.
    """
    unique, which = torch.unique(rows.cpu(), dim=0, return_inverse=True)
    return unique.to(rows.device), which.to(rows.device)


@contextlib.contextmanager
def _recomputing(backbone: nn.Module) -> Iterator[None]:
    """Lets layers keep less for the backward pass within it, and nowhere else.

    transformers lets them in training mode only, and then takes their cache away: sampling would see one token.
    """
    layers = []
    if torch.is_grad_enabled():
        layers = [x for x in backbone.modules() if getattr(x, "gradient_checkpointing", False)]
    for layer in layers:
        layer.training = True
    try:
        yield
    finally:
        for layer in layers:
            layer.training = False


def _as_taken(mask: Tensor, backbone: PreTrainedModel) -> Tensor:
    """The mask as the attention takes it: plain attention adds it to the scores, all others take it as bool."""
    if backbone.config._attn_implementation != "eager":
        return mask
    dtype = next(backbone.parameters()).dtype
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, torch.finfo(dtype).min)


class _Plan(NamedTuple):
    ids: Tensor  # long [R, W]
    positions: Tensor  # long [R, W]
    mask: Tensor  # bool [R, 1, W, W]
    places: Tensor  # long [U, 1 + S], where in the flattened batch each state stands


def _plan(rows: Tensor, prompt: int, starts: list[int], ends: list[int]) -> _Plan:
    """Which token goes where. Rows with the same prompt stand together already: they are sorted."""
    count, length = rows.shape
    ids: list[list[int]] = []
    positions: list[list[int]] = []
    owners: list[list[int]] = []  # 0 is the prompt, then a number per response
    places = torch.empty(count, 1 + length - prompt, dtype=torch.long)
    where: list[tuple[int, int, int]] = []  # (packed row, first column of the response, last column of the prompt)
    packed = -1
    before: bytes | None = None
    for i in range(count):
        start, end = starts[i], ends[i]
        question, answer = rows[i, start:prompt], rows[i, prompt:end]
        key = question.numpy().tobytes()
        if key != before or len(ids[packed]) + len(answer) > _WIDEST:
            before = key
            packed += 1
            ids.append(question.tolist())
            positions.append(list(range(len(question))))
            owners.append([0] * len(question))
        first = len(ids[packed])
        number = owners[packed][-1] + 1
        ids[packed] += answer.tolist()
        positions[packed] += range(len(question), len(question) + len(answer))
        owners[packed] += [number] * len(answer)
        where.append((packed, first, len(question) - 1))
    width = max(len(x) for x in ids)
    for i, (row, first, last) in enumerate(where):
        answer_length = ends[i] - prompt
        columns = torch.arange(first - 1, first + length - prompt).clamp(max=first + answer_length - 1)
        columns[0] = last
        if not answer_length:
            columns[:] = last
        places[i] = row * width + columns
    return _Plan(_filled(ids, width, 0), _filled(positions, width, 0), _mask(owners, width), places)


def _filled(rows: list[list[int]], width: int, value: int) -> Tensor:
    return torch.tensor([row + [value] * (width - len(row)) for row in rows])


def _mask(owners: list[list[int]], width: int) -> Tensor:
    """Who sees whom: a token sees the prompt's and its own response's tokens up to itself; padding sees itself."""
    owner = _filled(owners, width, -1)
    seen, sees = owner[:, None, :], owner[:, :, None]
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    own = (seen == sees) | ((seen == 0) & (sees > 0))
    alone = torch.eye(width, dtype=torch.bool)
    return ((causal & own & (sees >= 0)) | alone)[:, None]


@torch.no_grad()
def check(model: PreTrainedModel) -> None:
    """Compares packed numbers and a decoder's with the model's own on two short responses to one prompt.

    Raises ConfigError if this architecture cannot be run this way (it has no cache, or ignores such masks).
    """
    device = next(model.parameters()).device
    vocabulary = model.get_input_embeddings().weight.shape[0]
    rows = (torch.arange(22, device=device).view(2, 11) * 7 + 3) % vocabulary
    rows[1, :7] = rows[0, :7]
    kind = type(model).__name__
    try:
        own = model(input_ids=rows).logits[:, 6:].float()
        once = states(model.base_model, rows, 7)
        packed = output_head(model)(once.hidden)[once.which].float()
        decoder = PackedDecoder(model, rows[:1, :7], None, 2)
        decoder.write(rows[:, 7], torch.ones(2, dtype=torch.bool, device=device))
        written = decoder.logits[decoder.state].float()
    except (TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError, IndexError) as error:
        raise ConfigError(
            "model: {kind} cannot be trained here, as its layers do not take a mask of their own ({cause})",
            kind=kind,
            cause=cause_of(error),
        ) from error
    off = max(float((packed - own).abs().max()), float((written - own[:, 1]).abs().max())) / float(own.abs().max())
    if not off < _TOLERANCE:
        raise ConfigError(
            "model: {kind} cannot be trained here: with shared prompts its numbers differ by {off:.1%} from its own",
            kind=kind,
            off=off,
        )
