"""The Bradley-Terry log-likelihood of a label: of two responses, the preferred one is to get the larger score.

    margin    = r_j - r_k        the preferred response's score less the other one's
    objective = log sigma(margin)        the same at every token of both responses

Bradley and Terry (1952); as a reward model's loss: Christiano et al. 2017 (arXiv:1706.03741), Stiennon et al. 2020
(arXiv:2009.01325). A reward model has no log-probabilities. What stands in their place here is what it says of each
prefix: its score after each token, of which the last one, after the end-of-sequence token, is the response's. Averaged
over each response first and then over responses (aggregation=seq-mean-token-mean), the loss is the mean of
-log sigma(margin) over the pairs: core/algorithms/preferences.py, which trains, where every label weighs 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.algorithms.surrogates.base import Surrogate, Update
from core.errors import N_
from core.lazy import lazy
from core.settings import Settings
from core.terms import Term

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")

_CODE = "core/algorithms/surrogates/bradley_terry.py:objective"


def objective(update: Update, _settings: Any) -> Tensor:
    """log σ(margin) at each token [B, T], of whole pairs; `update.logprob` [B, T] are the scores of the prefixes.

    The preferred response of a pair is the one whose advantages are positive.
    """
    assert update.group is not None
    ends = update.mask & ~torch.nn.functional.pad(update.mask[:, 1:], (0, 1))
    score = torch.where(ends, update.logprob, 0).sum(1)
    side = torch.where(update.mask, update.advantages.sign(), 0).sum(1).sign()
    _, pair = update.group.unique(return_inverse=True)
    margin = torch.zeros(int(pair.max()) + 1, dtype=score.dtype, device=score.device).index_add(0, pair, side * score)
    return torch.nn.functional.logsigmoid(margin[pair])[:, None].expand_as(update.mask)


def _terms(_settings: Any) -> tuple[Term, ...]:
    return (
        Term(
            "surrogate_value",
            "per_token(-pair_loss_of)",
            title="log σ(m)",
            help=N_("The log-probability of the label; the loss is its negative mean over the pairs."),
            tex="J_t",
            source=_CODE,
            given=("surrogate",),
        ),
    )


SURROGATE = Surrogate(
    name="bradley-terry",
    title=N_("Bradley–Terry: the log-probability of the label"),
    settings=Settings,
    objective=objective,
    side=lambda update, _settings: torch.zeros_like(update.mask, dtype=torch.int8),
    terms=_terms,
    regions=lambda _settings: (),
    line=lambda _settings: r"J_t = \log \sigma(r_j - r_k)",
    source=_CODE,
    paper="Bradley and Terry 1952",
    whole=True,
    has_ratio=False,
    general=False,
)
