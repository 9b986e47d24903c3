"""Any Hugging Face causal language model's forward pass over a step's responses, each prompt computed once.

A row of the packed batch holds a prompt and several responses to it, one after another; a mask lets each response see
the prompt and itself only, as far as the model's own windows reach (masks.py), and its positions count on from the
prompt's end. So the model runs as it is, and what G responses share is computed once instead of G times, with gradients
that add up as they would have. Equal responses are computed once, padding never.

Architectures that make their masks by themselves cannot be packed (GPT-Neo's local layers count columns): of those each
row is one response behind its prompt, as the model would read it. Which way is right for a model, or whether there is
one at all, `check` finds out.

B responses, U distinct ones, S response positions, R packed rows of W tokens.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from core.errors import ConfigError, cause_of
from core.models import masks
from core.models.embedding import embedded
from core.models.head import output_head
from core.models.limits import WIDEST as _WIDEST
from core.models.packed_decoder import PackedDecoder

#: What `check` allows between a model's own numbers and the packed ones, as a share of the largest. It is made in
#: float32, where rounding reaches some 1e-6 of it.
_TOLERANCE = 1e-3
#: How many tokens a window lets see while `check` compares texts of 11.
_NARROW = 4
#: The mark of a backbone whose rows are one response each.
_APART = "_one_response_a_row"
#: Settings that may limit what a layer looks at.
_WINDOW = re.compile(r"window|chunk|local(?!_expert)|block_size")
#: Those of them that are followed: by masks.py, or by a table of the layer's own that rows apart leave right; and one
#: that limits nothing.
_KNOWN_WINDOWS = {"sliding_window", "window_size", "chunk_size_feed_forward"}
#: Kinds of layers that look at nothing but what the masks let them.
_KNOWN_LAYERS = {"full_attention", "sliding_attention"}


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
    end the state of its last token is repeated. Raises NotImplementedError for a model that asks for no mask.
    """
    rows, which = distinct(ids)
    starts = torch.zeros(len(rows), dtype=torch.long)
    ends = torch.full((len(rows),), ids.shape[1], dtype=torch.long)
    if attention is not None:
        starts[which.cpu()] = (~attention[:, :prompt]).sum(1).cpu()
    if lengths is not None:
        ends[which.cpu()] = prompt + lengths.cpu()
    apart = getattr(backbone, _APART, False)
    plan = _plan(rows.cpu(), prompt, starts.tolist(), ends.tolist(), together=not apart)
    token_ids, positions, owners, places = (x.to(ids.device) for x in plan)
    with _recomputing(backbone), masks.packing(positions, owners, used=not apart) as here:
        output = backbone(
            inputs_embeds=embedded(backbone.get_input_embeddings(), token_ids),
            # All of a packed row is real: what a token does not see, the mask says that masks.py makes. Of a row that
            # is one text nothing has to be said, as what pads it stands on its right, where nothing looks.
            attention_mask=None if apart else torch.ones_like(token_ids),
            position_ids=positions,
            use_cache=False,
        ).last_hidden_state
    if not apart and not here.asked:
        raise NotImplementedError(f"{type(backbone).__name__} asks for no mask")
    return States(rows, which, output.flatten(0, 1)[places])


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


class _Placement(NamedTuple):
    ids: Tensor  # long [R, W]
    positions: Tensor  # long [R, W]
    owners: Tensor  # long [R, W], see masks.Packing
    places: Tensor  # long [U, 1 + S], where in the flattened batch each state stands


def _plan(rows: Tensor, prompt: int, starts: list[int], ends: list[int], *, together: bool) -> _Placement:
    """Which token goes where. Rows with the same prompt stand together already: they are sorted.

    Without `together` every response has a row of its own.
    """
    count, length = rows.shape
    ids: list[list[int]] = []
    positions: list[list[int]] = []
    owners: list[list[int]] = []
    places = torch.empty(count, 1 + length - prompt, dtype=torch.long)
    where: list[tuple[int, int, int]] = []  # (packed row, first column of the response, last column of the prompt)
    packed = -1
    before: bytes | None = None
    for i in range(count):
        start, end = starts[i], ends[i]
        question, answer = rows[i, start:prompt], rows[i, prompt:end]
        key = question.numpy().tobytes()
        if not together or key != before or len(ids[packed]) + len(answer) > _WIDEST:
            before = key
            packed += 1
            ids.append(question.tolist())
            positions.append(list(range(len(question))))
            owners.append([masks.PROMPT] * len(question))
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
    standing = _filled(positions, width, 0) if together else torch.arange(width).expand(len(ids), width)
    return _Placement(_filled(ids, width, 0), standing, _filled(owners, width, masks.PADDING), places)


def _filled(rows: list[list[int]], width: int, value: int) -> Tensor:
    return torch.tensor([row + [value] * (width - len(row)) for row in rows])


@torch.no_grad()
def check(model: PreTrainedModel) -> None:
    """Finds out how rows are laid out for this model: its numbers and a decoder's must be the model's own.

    They are compared on three short texts of two prompts, one of them padded, with the model's windows narrowed so far
    that these texts are longer. Raises ConfigError if neither way gives the model's numbers (it has no
    cache, mixes tokens without a mask), and if it has a window of a kind that is not known here.
    """
    kind, cause, off = type(model).__name__, None, math.inf
    if strange := _strange_window(model):
        raise ConfigError(
            "model: {kind} cannot be trained here: its config names {setting}={given}, and which tokens its layers "
            "then look at is not known here",
            kind=kind,
            setting=strange[0],
            given=strange[1],
        )
    for apart in (True,) if _counts_columns(model) else (False, True):
        setattr(model.base_model, _APART, apart)
        try:
            with masks.narrowed(model, _NARROW):
                off = _difference(model)
        except (TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError, IndexError) as error:
            cause = error
            continue
        if off < _TOLERANCE:
            return
    if off < math.inf:
        raise ConfigError(
            "model: {kind} cannot be trained here: with shared prompts its numbers differ by {off:.1%} from its own",
            kind=kind,
            off=off,
        )
    assert cause is not None  # nothing was measured, so something was raised
    raise ConfigError(
        "model: {kind} cannot be trained here, as its layers do not take a mask of their own ({cause})",
        kind=kind,
        cause=cause_of(cause),
    ) from cause


def _difference(model: PreTrainedModel) -> float:
    """The largest difference between the model's own logits and those here, as a share of the largest logit."""
    device = next(model.parameters()).device
    vocabulary = model.get_input_embeddings().weight.shape[0]
    prompt, responses, padding = 7, 4, 2
    rows = (torch.arange(33, device=device).view(3, 11) * 7 + 3) % vocabulary
    rows[1, :prompt] = rows[0, :prompt]
    real = torch.ones_like(rows, dtype=torch.bool)
    real[2, :padding] = False
    own = [model(input_ids=row[None, start:]).logits[0, -1 - responses :].float() for row, start in
           zip(rows, (0, 0, padding), strict=True)]  # fmt: skip
    once = states(model.base_model, rows, prompt, real)
    ours = output_head(model)(once.hidden)[once.which].float()
    every = torch.ones(3, dtype=torch.bool, device=device)
    decoder = PackedDecoder(model, rows[1:, :prompt], real[1:, :prompt], torch.tensor([2, 1], device=device))
    written = [decoder.logits[decoder.state]]
    for column in range(prompt, prompt + responses):
        decoder.write(rows[:, column], every)
        written.append(decoder.logits[decoder.state])
    expected = torch.stack(own)
    off = max(float((x.float() - expected).abs().max()) for x in (ours, torch.stack(written, 1)))
    return off / float(expected.abs().max())


def _counts_columns(model: PreTrainedModel) -> bool:
    """Whether layers keep a table of their own of which column looks at which, as GPT-Neo's do."""
    tables = (x for x in model.base_model.buffers() if x.dtype == torch.bool and x.ndim > 1)
    return any(x.shape[-1] == x.shape[-2] > 1 for x in tables)


def _strange_window(model: PreTrainedModel) -> tuple[str, str] | None:
    """A setting of the model's config, and its value, that limits what layers look at in a way not followed here."""
    config = model.config.get_text_config()
    for kind in getattr(config, "layer_types", None) or ():
        if kind not in _KNOWN_LAYERS:
            return "layer_types", str(kind)
    if getattr(config, "sliding_window", None) == 0:  # nothing is looked at, not even the token itself
        return "sliding_window", "0"
    for name, value in config.to_dict().items():
        limits = isinstance(value, int) and not isinstance(value, bool) and value > 1
        which = name.endswith(("pattern", "layers"))  # says which layers are limited, not how far they look
        if limits and not which and _WINDOW.search(name) and name not in _KNOWN_WINDOWS:
            return str(name), str(value)
    return None
