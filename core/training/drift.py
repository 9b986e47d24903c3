"""How far sampled and scored log-probabilities may differ by rounding, and what it means where they differ further.

The two are computed in another order, so float32 alone leaves them some 1e-6 apart. Where matrix products round their
inputs to bfloat16 (core/models/precision.py), a difference of 1e-6 flips some of the roundings, those flip others, and
after some layers the two are as far apart as if they had been rounded independently:

- A number rounded to bfloat16's 8 binary digits is off by up to 2⁻⁸ of itself just above a power of 2 and by half of
  that just below: about r = 2⁻⁸ / √6 in the root mean square, as the error is uniform.
- Per layer some 3 such errors come into the residual stream (what attention, the MLP's first and its second product
  read), independent of one another; with L layers and the head the state is off by √(3 · (L + 1)) · r of itself, two
  passes are √2 times that apart (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 2.8, for the
  statistical rule), and a logit by that times s, the spread of a state's logits. A log-probability is the difference
  of two such: √2 more.

That makes one unit, u = 2 · √(3 · (L + 1)) · r · s nats. Measured on made-up models of 2 to 30 layers and 64 to 576
wide with s = 3, 768 tokens each: the root mean square was 0.2 to 1.7 u, the largest difference 0.9 to 10 u (attention
that is nearly one-hot has the most). On SmolLM2-135M (30 layers) .5 nats were seen in 150 steps on a GPU, some 5 u.
So up to 20 u can be rounding; more is something else. And whether it is rounding at all is measured, not assumed: the
same text is sampled and scored in float32, where rounding leaves nothing of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.config import RunConfig
from core.errors import ConfigError
from core.models import forward, precision
from core.training import scoring
from core.training.rollout import Rollout
from core.training.scoring import Scored, Sequences

#: Sampled and re-scored log-probabilities may differ so much by the order of float32 sums; more is told.
DRIFT_ALLOWED = 1e-3
#: In float32 more than this is no rounding: the run is stopped. Between the two it is told.
MOST_IN_FLOAT32 = 0.05
#: What float32 may leave of a difference that is put down to rounding.
_LEFT = 1e-2
#: So many units, see above, rounding to bfloat16 can reach.
_UNITS = 20
#: Responses that are sampled and scored again, to one question.
_LOOKED_AT = 4


def by_bfloat16(layers: int, spread: float) -> float:
    """The largest difference, in nats, that rounding to bfloat16 can make; `spread` is of a state's logits (their
    standard deviation over the vocabulary, at the temperature)."""
    return _UNITS * 2 * math.sqrt(3 * (layers + 1)) * 2**-8 / math.sqrt(6) * spread


class Computing(Protocol):
    """Whose log-probabilities are compared: a trainer."""

    config: RunConfig
    policy: PreTrainedModel
    rounds: bool  # whether products are rounded to bfloat16


@dataclass
class Drift:
    """How far a learner's sampled and scored log-probabilities were apart, from step to step."""

    last: float | None = None  # in the step before, over all its tokens; None: not compared
    reported: float = 0.0  # the largest that was reported so far

    def compare(self, learner: Computing, rollout: Rollout, first: Scored, *, sampled: bool) -> list[dict[str, Any]]:
        """Compares a step's sampled log-probabilities [B, T] with those of its first scoring.

        Returns the event on it, where there is anything to report. `sampled`: whether the policy sampled the responses;
        given ones are not compared. Raises ConfigError where the difference is no rounding.
        """
        self.last = None
        if not sampled:
            return []
        off = ((rollout.logprobs - first.logprobs.detach()) * rollout.mask).abs()
        self.last = float(off.max())
        if self.last <= max(DRIFT_ALLOWED, 2 * self.reported):
            return []
        about = learner.policy, learner.config.model, rollout, off, learner.config.temperature
        refuse_what_is_no_rounding(*about, rounds=learner.rounds)
        self.reported = self.last
        return [{"kind": "drift", "value": self.last}]


@torch.no_grad()
def refuse_what_is_no_rounding(
    model: PreTrainedModel, name: str, rollout: Rollout, off: Tensor, temperature: float, *, rounds: bool
) -> None:
    """Raises ConfigError, with the numbers, where rounding cannot make sampled and scored log-probabilities differ so.

    `off` [B, T] is by how much they do; `rounds` says whether the run's products are rounded to bfloat16. The model may
    have been trained on since: what is compared is how it samples and scores now.
    """
    given = float(off.max())
    if not rounds:
        if given > MOST_IN_FLOAT32:
            raise ConfigError(
                "model: sampled and scored log-probabilities of {name} differ by up to {given:.2g} nats; rounding "
                "in float32 reaches {bound:.2g} at most: one of the two is wrong, so the run is stopped",
                key="drift-in-float32",
                name=name,
                given=given,
                bound=MOST_IN_FLOAT32,
            )
        return
    worst = int(off.amax(-1).argmax())
    same = (rollout.prompt_ids == rollout.prompt_ids[worst]).all(-1).nonzero()[:, 0]
    rows = torch.cat([same.new_tensor([worst]), same[same != worst]])[:_LOOKED_AT]
    exact, spread = _in_float32(model, rollout, rows, temperature)
    if exact > _LEFT:
        raise ConfigError(
            "model: sampled and scored log-probabilities of {name} differ by up to {given:.2g} nats, in float32 "
            "still by {exact:.2g}, so rounding to bfloat16 is not the cause: one of the two is wrong, and the run is "
            "stopped",
            key="drift-that-is-no-rounding",
            name=name,
            given=given,
            exact=exact,
        )
    bound = max(MOST_IN_FLOAT32, by_bfloat16(model.config.get_text_config().num_hidden_layers, spread))
    if given > bound and not _has_experts(model):
        raise ConfigError(
            "model: sampled and scored log-probabilities of {name} differ by up to {given:.2g} nats, and rounding to "
            "bfloat16 reaches {bound:.2g} at most in this model: the run is stopped; dtype=float32 leaves rounding out",
            key="drift-past-bfloat16",
            name=name,
            given=given,
            bound=bound,
        )


def _in_float32(model: PreTrainedModel, rollout: Rollout, rows: Tensor, temperature: float) -> tuple[float, float]:
    """(the largest difference between sampling and scoring these rows without rounding, the spread of their logits)."""
    all_ = Sequences.of(rollout)
    sequences = Sequences(
        all_.ids[rows], None if all_.attention is None else all_.attention[rows], all_.mask[rows], all_.prompt
    )
    tokens, mask = sequences.completion_ids, sequences.mask
    with precision.exact(tokens.device):
        scored = scoring.score(model, sequences, temperature, keep=1)
        spread = float((forward.logits(model, scored.hidden[0]) / temperature)[mask[0]].std(-1).mean())
        prompt = sequences.ids[:1, : sequences.prompt]
        attention = None if sequences.attention is None else sequences.attention[:1, : sequences.prompt]
        decoder = forward.decoder(model, prompt, attention, len(rows), tokens.shape[1])
        off, last = 0.0, tokens.shape[1] - 1
        running = torch.ones(len(rows), dtype=torch.bool, device=tokens.device)
        for t, token in enumerate(tokens.T):
            sampled = torch.log_softmax(decoder.logits.float() / temperature, -1)[decoder.state, token]
            off = max(off, float(((sampled - scored.logprobs[:, t]).abs() * mask[:, t]).max()))
            if t < last:
                decoder.write(token, running)
    return off, spread


def _has_experts(model: PreTrainedModel) -> bool:
    """Whether a router chooses experts: a rounded score can choose another one, which no such bound covers."""
    config = model.config.get_text_config()
    names = ("num_experts", "num_local_experts", "n_routed_experts")
    return any((getattr(config, name, None) or 0) > 1 for name in names)
