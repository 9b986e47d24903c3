"""Direct preference optimisation: of two responses to a prompt, the better one is to become the likelier one.

    margin    = sum over the pair of s_i r_i        s = +1 for the chosen response, -1 for the rejected one
    r_i       = dpo_beta * sum_t (log pi_theta(o_t) - log pi_ref(o_t))        the implicit reward
    objective = log sigma(margin)                   the same at every token of both responses

Rafailov et al. 2023, "Direct Preference Optimization" (arXiv:2305.18290), eq. 7. Averaged over each response first and
then over responses (aggregation=seq-mean-token-mean), the loss is the mean of -log sigma(margin) over the pairs, to the
letter. Its gradient at a token is s * dpo_beta * sigma(-margin) times that of log pi: the credit of the kind that uses
it (core/learners/kinds/dpo.py) is that weight before the step's first update, of which only the sign is read here, so
that the weight of a later pass is that pass's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

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

_CODE = "core/algorithms/surrogates/dpo.py"


class DPOBeta(Settings):
    """What the objective reads."""

    # TRL's is 0.1, at a learning rate of 1e-6 and models of billions of parameters. On the bundled model (chain-sum,
    # seed 0, held-out success .41 at the start) 60 steps led to .58 with 1 at 1e-4, with .1 to .52 at 2e-5 and, as the
    # policy ran away from its data, to .26 at 5e-5.
    dpo_beta: float = Field(
        1.0, gt=0, le=100, description="β of DPO: how far the policy may leave the start model to tell a pair apart."
    )


def margins(log_ratio: Tensor, side: Tensor, group: Tensor, beta: float) -> Tensor:
    """For each response the margin of its pair [B]: chosen less rejected implicit reward.

    `log_ratio` [B]: log π_θ(o) − log π_ref(o) of whole responses; `side` [B]: +1 chosen, −1 rejected; `group` long [B].
    """
    _, pair = group.unique(return_inverse=True)
    total = torch.zeros(int(pair.max()) + 1, dtype=log_ratio.dtype, device=log_ratio.device)
    return beta * total.index_add(0, pair, side * log_ratio)[pair]


def objective(update: Update, settings: Any) -> Tensor:
    """log σ(margin) at each token [B, T], of whole pairs; a response whose advantage is 0 is on no side."""
    assert update.logprob_ref is not None
    assert update.group is not None
    log_ratio = torch.where(update.mask, update.logprob - update.logprob_ref, 0).sum(1)
    side = torch.where(update.mask, update.advantages.sign(), 0).sum(1).sign()  # the same at all of a response's tokens
    margin = margins(log_ratio, side, update.group, settings.dpo_beta)
    return torch.nn.functional.logsigmoid(margin)[:, None].expand_as(update.mask)


def _terms(_settings: Any) -> tuple[Term, ...]:
    return (
        Term(
            "margin_now",
            "dpo_beta * sum_group(sum_response(sign(advantage) * (logprob - logprob_ref)))",
            title=N_("margin at this pass"),
            help=N_("Implicit reward of the chosen response less that of the rejected one, under the policy as it is."),
            tex="m",
            source=f"{_CODE}:margins",
        ),
        Term(
            "weight_now",
            "dpo_beta / (1 + exp(margin_now))",
            title=N_("weight at this pass"),
            help=N_("β · σ(−margin): how strongly the pair pulls. A pair that is told apart well pulls no more."),
            tex="w",
            source=f"{_CODE}:objective",
        ),
        Term(
            "surrogate_value",
            "per_token(-log(1 + exp(-margin_now)))",
            title="log σ(m)",
            help=N_("The pair's log-probability of being told apart rightly; the loss is its negative mean."),
            tex="J_t",
            source=f"{_CODE}:objective",
            given=("surrogate",),
        ),
    )


def _line(settings: Any) -> str:
    ratio = r"\frac{\pi_\theta(o_{j,t} \mid s_t)}{\pi_{\text{ref}}(o_{j,t} \mid s_t)}"
    return rf"J_t = \log \sigma\Bigl(\textstyle\sum_j s_j\,{settings.dpo_beta:g} \sum_t \log {ratio}\Bigr)"


SURROGATE = Surrogate(
    name="dpo",
    title=N_("DPO: the log-probability that the pair is told apart rightly"),
    settings=DPOBeta,
    objective=objective,
    terms=_terms,
    line=_line,
    source=f"{_CODE}:objective",
    paper="Rafailov et al. 2023, arXiv:2305.18290",
    whole=True,
    has_ratio=False,
    general=False,
)
