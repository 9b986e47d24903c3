"""Scores against the model's own numbers and closed forms; and the vocabulary's projection, never whole."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.distributions import Categorical, kl_divergence
from transformers import PreTrainedModel

from core.models import forward
from core.models.codec import Codec
from core.models.value import ValueModel
from core.training import scoring
from core.training.rollout import sample
from core.training.scoring import Sequences
from tests.tiny import chat_model, chat_tokenizer

TEMPERATURE = 0.7


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    built = chat_model()
    forward.prepare(built)
    return built


@pytest.fixture(scope="module")
def sequences(model: PreTrainedModel) -> Sequences:
    """Two prompts of different lengths × 4 responses of different lengths, two of them equal."""
    codec = Codec(chat_tokenizer(), end_ids=range(0, 288, 3))  # so that most end before the sixth token
    rollout = sample(
        model,
        codec,
        codec.encode(["What is 3 + 4?", "What is 31 + 44 + 5?"], "cpu"),
        num_generations=4,
        max_completion_length=6,
        temperature=3.0,
        generator=torch.Generator().manual_seed(1),
    )
    made = Sequences.of(rollout)
    made.ids[5], made.mask[5] = made.ids[4], made.mask[4]
    assert len(made.mask.sum(1).unique()) > 2
    assert made.attention is not None
    return made


def own_logits(model: PreTrainedModel, sequences: Sequences, row: int) -> Tensor:
    """The model's own logits before each token of one response, by itself and without padding: [T of it, V]."""
    assert sequences.attention is not None
    length = int(sequences.mask[row].sum())
    start = int((~sequences.attention[row, : sequences.prompt]).sum())
    ids = sequences.ids[row, start : sequences.prompt + length]
    return model(input_ids=ids[None]).logits[0, sequences.prompt - start - 1 : -1]


def test_log_probabilities_and_entropies_are_those_of_the_models_own_pass(model, sequences) -> None:
    scored = scoring.score(model, sequences, TEMPERATURE)
    for row, length in enumerate(sequences.mask.sum(1).tolist()):
        own = Categorical(logits=own_logits(model, sequences, row) / TEMPERATURE)
        ids = sequences.completion_ids[row, :length]
        torch.testing.assert_close(scored.logprobs[row, :length], own.log_prob(ids), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(scored.entropy[row, :length], own.entropy(), rtol=1e-4, atol=1e-4)
    assert scored.logprobs.dtype == scored.entropy.dtype == torch.float32
    assert (scored.logprobs[~sequences.mask] == 0).all()


def scores_and_gradient(model: PreTrainedModel, sequences: Sequences) -> tuple[Tensor, Tensor, Tensor]:
    model.zero_grad()
    scored = scoring.score(model, sequences, TEMPERATURE, entropy_gradient=True)
    weight = torch.randn(2, *scored.logprobs.shape, generator=torch.Generator().manual_seed(2)) * sequences.mask
    (weight[0] * scored.logprobs + weight[1] * scored.entropy).sum().backward()
    gradient = torch.cat([x.grad.flatten() for x in model.parameters() if x.grad is not None])
    return scored.logprobs.detach(), scored.entropy.detach(), gradient


@pytest.mark.parametrize("rows", [1, 5])
def test_in_chunks_numbers_and_gradients_are_those_of_the_whole(model, sequences, monkeypatch, rows: int) -> None:
    whole = scores_and_gradient(model, sequences)
    assert whole[2].abs().max() > 0.1
    monkeypatch.setattr(scoring, "_LOGITS", rows * model.config.vocab_size)
    for ours, theirs in zip(scores_and_gradient(model, sequences), whole, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * float(theirs.abs().max()))


def test_the_whole_vocabulary_is_projected_at_real_positions_only_and_never_whole(model, sequences, monkeypatch):
    """Neither computed nor kept for the backward pass in more than a chunk's size."""
    vocabulary, chunk = model.config.vocab_size, 5
    monkeypatch.setattr(scoring, "_LOGITS", chunk * vocabulary)
    computed, kept = [], []
    hook = model.get_output_embeddings().register_forward_hook(lambda _m, _x, out: computed.append(out.shape))

    def keep(x: Tensor) -> Tensor:
        if x.shape[-1:] == (vocabulary,):
            kept.append(x.numel())
        return x

    with saved_tensors_hooks(keep, lambda x: x):
        scored = scoring.score(model, sequences, TEMPERATURE)
        forward_calls = len(computed)
        scored.logprobs.sum().backward()
    hook.remove()
    rows = {tuple(row.tolist()): int(n) for row, n in zip(sequences.ids, sequences.mask.sum(1), strict=True)}
    real = sum(rows.values())  # of distinct responses
    assert real < int(sequences.mask.sum())
    assert sum(shape[0] for shape in computed[:forward_calls]) == real
    assert len(computed) == 2 * forward_calls  # once more each on the way back, instead of being kept
    assert max(shape.numel() for shape in computed) == chunk * vocabulary < sequences.mask.numel() * vocabulary
    assert max(kept, default=0) <= chunk * vocabulary


def test_without_an_entropy_bonus_the_entropy_has_no_gradient(model, sequences) -> None:
    assert not scoring.score(model, sequences, TEMPERATURE).entropy.requires_grad
    assert scoring.score(model, sequences, TEMPERATURE, entropy_gradient=True).entropy.requires_grad


class Certain(torch.nn.Module):
    """A head whose logits are the hidden states themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(3, 3))

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden


def test_a_token_of_no_probability_adds_nothing_to_the_exact_kl_at_any_temperature() -> None:
    """Impossible to both, to the policy alone (it adds nothing), to the reference alone (infinitely far apart)."""
    model, never = chat_model(), -torch.inf
    model.set_output_embeddings(Certain())
    mine = torch.tensor([[[0.0, 0.3, never], [0.0, 0.3, never]], [[0.0, 0.3, -0.2], [1.0, -1.0, never]]])
    theirs = torch.tensor([[[0.4, 0.0, never], [0.4, 0.0, 0.1]], [[0.4, 0.0, never], [1.0, -1.0, never]]])
    for temperature in (1.0, 0.25, 2.0):
        exact = scoring.kl_exact(model, mine, model, theirs, temperature)
        p, q = ((x.double() / temperature).softmax(-1).numpy() for x in (mine, theirs))
        for at in ((0, 0), (0, 1)):
            expected = sum(a * math.log(a / b) for a, b in zip(p[at], q[at], strict=True) if a > 0)
            assert exact[at].item() == pytest.approx(expected, rel=1e-5)
        assert exact[1].tolist() == [math.inf, 0.0]


def test_the_exact_kl_has_no_gradient() -> None:
    model = chat_model()
    model.set_output_embeddings(Certain())
    hidden = torch.zeros(1, 1, 3, requires_grad=True)
    assert not scoring.kl_exact(model, hidden, model, hidden + 1, 1.0).requires_grad


def test_a_token_of_no_probability_makes_no_entropy_that_is_no_number() -> None:
    model = chat_model()
    model.set_output_embeddings(Certain())
    hidden = torch.tensor([[0.0, 0.0, -torch.inf]], requires_grad=True)
    _, entropy = scoring._of_tokens(model, hidden, torch.tensor([1]), 1.0, True)
    torch.testing.assert_close(entropy, torch.tensor([2.0]).log())
    entropy.sum().backward()
    assert bool(hidden.grad[0, :2].isfinite().all())


@pytest.mark.parametrize("rows", [1, 1000])
def test_the_exact_kl_is_the_closed_form_over_the_whole_vocabulary(model, sequences, monkeypatch, rows: int) -> None:
    monkeypatch.setattr(scoring, "_LOGITS", rows * model.config.vocab_size)
    other = chat_model(seed=1)
    forward.prepare(other)
    with torch.no_grad():
        mine, theirs = (scoring.score(x, sequences, TEMPERATURE, keep=8) for x in (model, other))
        exact = scoring.kl_exact(model, mine.hidden, other, theirs.hidden, TEMPERATURE)
        for row, length in enumerate(sequences.mask.sum(1).tolist()):
            p, q = (Categorical(logits=own_logits(x, sequences, row) / TEMPERATURE) for x in (model, other))
            torch.testing.assert_close(exact[row, :length], kl_divergence(p, q), rtol=1e-3, atol=1e-4)
    assert float(exact[sequences.mask].min()) > 0.01


def test_hidden_states_are_kept_of_the_first_responses_only_and_without_gradient(model, sequences) -> None:
    scored = scoring.score(model, sequences, TEMPERATURE, keep=3)
    assert scored.hidden.shape == (3, sequences.mask.shape[1], 32)
    assert not scored.hidden.requires_grad
    assert scored.logprobs.requires_grad
    few = scored.rows(2)
    assert not few.logprobs.requires_grad
    assert len(few.logprobs) == len(few.entropy) == len(few.hidden) == 2


def test_values_are_the_heads_of_the_critics_own_hidden_states(model, sequences) -> None:
    """Before each token, and after each response's own end."""
    critic = ValueModel(model)
    assert (scoring.values(critic, sequences)[0] == 0).all()
    torch.nn.init.normal_(critic.head.weight, generator=torch.Generator().manual_seed(3))
    before, after = scoring.values(critic, sequences)
    for row, length in enumerate(sequences.mask.sum(1).tolist()):
        start = int((~sequences.attention[row, : sequences.prompt]).sum())
        ids = sequences.ids[row, start : sequences.prompt + length]
        own = critic.head(critic.backbone(input_ids=ids[None]).last_hidden_state)[0, -1 - length :, 0]
        torch.testing.assert_close(before[row, :length], own[:-1], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(after[row], own[-1], rtol=1e-4, atol=1e-4)


def test_whole_distributions_are_those_that_tokens_are_scored_by(model, sequences) -> None:
    whole = scoring.distributions(model, sequences, TEMPERATURE)
    torch.testing.assert_close(whole.exp().sum(-1), torch.ones(sequences.mask.shape), rtol=1e-4, atol=1e-4)
    picked = whole.gather(-1, sequences.completion_ids[..., None])[..., 0]
    scored = scoring.score(model, sequences, TEMPERATURE).logprobs
    torch.testing.assert_close(picked[sequences.mask], scored[sequences.mask])


@pytest.mark.parametrize("index", [slice(2, 7), torch.tensor([7, 0, 4])], ids=["slice", "numbers"])
def test_some_of_the_responses_are_scored_as_among_all(model, sequences, index) -> None:
    """Also behind a prompt that is padded."""
    some = sequences.rows(index)
    assert not some.attention.all()
    assert some.prompt == sequences.prompt
    own, whole = scoring.score(model, some, TEMPERATURE), scoring.score(model, sequences, TEMPERATURE)
    torch.testing.assert_close(own.logprobs, whole.logprobs[index], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(own.entropy, whole.entropy[index], rtol=1e-4, atol=1e-4)


def test_no_hidden_state_is_kept_unless_asked_for(model, sequences) -> None:
    assert len(scoring.score(model, sequences, TEMPERATURE).hidden) == 0


def test_what_fits_into_one_chunk_is_computed_once(model, sequences, monkeypatch) -> None:
    """And is not computed again on the way back."""
    rows = {tuple(row.tolist()): int(n) for row, n in zip(sequences.ids, sequences.mask.sum(1), strict=True)}
    computed = []
    hook = model.get_output_embeddings().register_forward_hook(lambda _m, _x, out: computed.append(len(out)))
    monkeypatch.setattr(scoring, "_LOGITS", sum(rows.values()) * model.config.vocab_size)
    scoring.score(model, sequences, TEMPERATURE).logprobs.sum().backward()
    hook.remove()
    assert computed == [sum(rows.values())]
