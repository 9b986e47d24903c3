"""The gradients of the KL's estimators, against closed forms at the logits that are sent back response by response."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace

import pyarrow as pa
import pytest
import torch
from torch import Tensor, nn

from core.config import RunConfig
from core.errors import RequestError
from core.insight.kl_gradient import Directions, directions
from core.insight.replay import ReplayedModels
from core.models.start import StartModel, load
from core.training.trainer import Trainer

TEMPERATURE = 0.7
#: By sample: its prompt and response. Prompts of two lengths, and samples that are no counting from 0.
RESPONSES = {4: ("1+2=", "3"), 9: ("1+2+3=", "1+2=3"), 2: ("4+5=", "8;")}


def noisy(start: StartModel, seed: int, size: float = 0.03) -> nn.Module:
    """The start model, moved a little in every weight."""
    model = load(RunConfig().model).model
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for own, was in zip(model.parameters(), start.model.parameters(), strict=True):
            own.copy_(was + size * torch.randn(was.shape, generator=draw))
    return model


@pytest.fixture(scope="module")
def start() -> StartModel:
    torch.set_num_threads(1)
    return load(RunConfig().model)


def learner(start: StartModel, policy: nn.Module, reference: nn.Module | None) -> Trainer:
    """What of a trainer is needed."""

    @contextlib.contextmanager
    def as_reference() -> Iterator[nn.Module | None]:
        yield reference

    config, models = SimpleNamespace(temperature=TEMPERATURE), SimpleNamespace(as_reference=as_reference)
    return SimpleNamespace(policy=policy, codec=start.codec, config=config, models=models)  # type: ignore[return-value]


def tables(start: StartModel, *kept: int) -> tuple[pa.Table, pa.Table]:
    """(tokens, samples) of those, out of order, with a later pass that must not be read and one sample too many."""
    rows = []
    for sample in kept:
        for position, token in enumerate(start.codec.response_ids(RESPONSES[sample][1])):
            rows.append({"pass": 0, "sample": sample, "position": position, "token_id": token})
            rows.append({"pass": 1, "sample": sample, "position": position, "token_id": 0})
    rows.reverse()
    prompts = [{"sample": sample, "prompt": prompt} for sample, (prompt, _) in RESPONSES.items()]
    return pa.Table.from_pylist(rows), pa.Table.from_pylist([{"sample": 3, "prompt": "9+9="}, *prompts])


def measured(learner: Trainer, start: StartModel, *kept: int) -> Directions:
    return directions(ReplayedModels(learner, 2, "training again", 0.125), *tables(start, *(kept or RESPONSES)))


def by_hand(start: StartModel, policy: nn.Module, reference: nn.Module, weights: list[Tensor]) -> dict[str, Tensor]:
    """d log pi(x)/d logit(j) = (1[x = j] - pi(j)) / temperature, so a token's d loss / d logits is in closed form."""
    total = {x: torch.zeros(sum(w.numel() for w in weights)).double() for x in ("kl", "k1", "k2", "k3", "reverse")}
    total |= {f"sampled {x}": torch.zeros_like(total["kl"]) for x in ("k1", "k2", "k3")}
    count = 0
    for prompt, text in RESPONSES.values():
        before, answer = start.codec.ids(prompt), start.codec.response_ids(text)
        span = slice(len(before) - 1, len(before) + len(answer) - 1)
        logits = policy(input_ids=torch.tensor([before + answer])).logits[0, span]
        with torch.no_grad():
            log_p = (logits / TEMPERATURE).log_softmax(-1)
            log_q = (reference(input_ids=torch.tensor([before + answer])).logits[0, span] / TEMPERATURE).log_softmax(-1)
        p, q, gap = log_p.exp(), log_q.exp(), log_p - log_q
        chosen = nn.functional.one_hot(torch.tensor(answer), p.shape[1]) * 1.0
        slope = {"k1": torch.ones_like(gap), "k2": gap, "k3": 1 - q / p}  # of each estimator in log pi
        at = {"kl": p * (gap - (p * gap).sum(-1, keepdim=True)), "reverse": p - q}
        for name, x in slope.items():
            at[name] = p * (x - (p * x).sum(-1, keepdim=True))
            at[f"sampled {name}"] = (chosen * x).sum(-1, keepdim=True) * (chosen - p)
        for name, x in at.items():
            parts = torch.autograd.grad((logits * x / TEMPERATURE).sum(), weights, retain_graph=True)
            total[name] += torch.cat([y.flatten() for y in parts]).double()
        count += len(answer)
    return {name: x / count for name, x in total.items()}


def test_directions_are_those_of_the_closed_forms(start: StartModel) -> None:
    policy, reference = noisy(start, 0), noisy(start, 1)
    frozen, *trained = policy.parameters()
    frozen.requires_grad_(False)
    policy.register_parameter("unused", nn.Parameter(torch.ones(5)))
    found = measured(learner(start, policy, reference), start)
    weights = sum(x.numel() for x in trained)
    assert (found.tokens, found.weights, found.drift) == (2 + 6 + 3, weights, 0.125)  # with the end of each response
    expected = by_hand(start, policy, reference, trained)
    assert (set(found.expected), set(found.sampled)) == ({"k1", "k2", "k3", "reverse"}, {"k1", "k2", "k3"})
    truth = expected["kl"]
    for name, direction in [*found.expected.items(), *((f"sampled {x}", y) for x, y in found.sampled.items())]:
        length = float(expected[name].norm() / truth.norm())
        assert direction.length == pytest.approx(length, rel=1e-3, abs=1e-5), name
        if name == "k1":
            assert direction.cosine is None
        else:
            cosine = float(expected[name] @ truth / expected[name].norm() / truth.norm())
            assert direction.cosine == pytest.approx(cosine, abs=1e-4), name


def test_a_policy_that_has_hardly_moved_has_a_direction(start: StartModel) -> None:
    """Also where no prompt is padded."""
    found = measured(learner(start, noisy(start, 0, size=1e-5), start.model), start, 4, 2)
    assert found.tokens == 2 + 3
    assert found.expected["k2"].cosine == pytest.approx(1, abs=1e-4)
    assert found.expected["k2"].length == pytest.approx(1, rel=1e-3)


def test_without_a_reference_or_without_a_difference_there_is_no_direction(start: StartModel) -> None:
    with pytest.raises(RequestError, match=r"^the run keeps no reference"):
        measured(learner(start, start.model, None), start)
    with pytest.raises(RequestError, match=r"^the policy still is the reference"):
        measured(learner(start, start.model, start.model), start)
