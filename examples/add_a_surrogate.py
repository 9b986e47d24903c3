"""Add a surrogate, GMPO's, and race it against the clip: `python -m examples.add_a_surrogate [NAME=VALUE …]`.

All above `main` is what would be the file core/algorithms/surrogates/gmpo.py, which is found by being there. Here it is
entered by hand. Texts that pages show are message templates in N_; `python -m lessons.i18n.update` collects them.

    objective_t = A_t (Π_s kept_s)^(1/|o|),   kept_s = min(ρ_s, 1 + ε_high) where A_s > 0, else max(ρ_s, 1 - ε)

Zhao et al. 2025, "Geometric-Mean Policy Optimization" (arXiv:2507.20673): the geometric mean of a response's ratios in
the place of the arithmetic one, so that one token's large ratio moves the response little. Each token's ratio is
clipped by itself. The paper's range is exp(-0.4) … exp(0.4).
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from core.algorithms.masked import masked_mean
from core.algorithms.surrogates import SURROGATES, Surrogate, Update
from core.algorithms.surrogates.base import ClipRange
from core.algorithms.surrogates.clip import clipped_side
from core.errors import N_
from core.given_config import change
from core.lazy import lazy
from core.learners.registry import learner, lines
from core.presets import preset
from core.terms import Region, Term, evaluate
from core.training.terms import data_of, known_values, terms_for
from core.training.trainer import Trainer

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:  # knowing which there are must not take the seconds that importing torch takes
    torch = lazy("torch")

_CODE = "examples/add_a_surrogate.py:gmpo_surrogate"


def gmpo_surrogate(ratio: Tensor, advantage: Tensor, mask: Tensor, epsilon: float, epsilon_high: float) -> Tensor:
    """What is maximised, per token; all [B, T]. What stands where the mask is False is never read."""
    kept = torch.where(advantage > 0, ratio.clamp(max=1 + epsilon_high), ratio.clamp(min=1 - epsilon))
    return advantage * masked_mean(torch.where(mask, kept, 1).log(), mask, dim=1).exp()[:, None]


def _objective(update: Update, settings: ClipRange) -> Tensor:
    return gmpo_surrogate(update.ratio, update.advantages, update.mask, settings.epsilon, settings.clip_high)


def _terms(_settings: ClipRange) -> tuple[Term, ...]:
    return (
        Term(
            "kept_ratio",
            "min(ratio, 1 + clip_high) if advantage > 0 else max(ratio, 1 - epsilon)",
            title=N_("kept ratio"),
            help=N_("The ratio, held in the range on the side on which its advantage pushes it."),
            tex=r"\tilde\rho_t",
            source=_CODE,
        ),
        Term(
            "geometric_mean",
            "exp(mean_response(log(kept_ratio)))",
            title=N_("geometric mean"),
            help=N_("Of the kept ratios of all tokens of the response."),
            tex=r"\bar\rho_i",
            source=_CODE,
        ),
        # The last one is always called so; `given` names the setting that chose this form.
        Term(
            "surrogate_value",
            "geometric_mean * advantage",
            title=N_("mean · Â"),
            help=N_("The advantage, weighted by how much likelier the whole response has become."),
            tex="J_t",
            given=("surrogate",),
        ),
    )


def _regions(_settings: ClipRange) -> tuple[Region, ...]:
    above, below = N_("cut at the high side (Â > 0 and ρ > {bound})"), N_("cut at the low side (Â < 0 and ρ < {bound})")
    return (
        Region(1, "1 + clip_high", None, "positive", cuts=True, says=above, values={"bound": "1 + clip_high"}),
        Region(-1, None, "1 - epsilon", "negative", cuts=True, says=below, values={"bound": "1 - epsilon"}),
    )


def _line(settings: ClipRange) -> str:
    kept = rf"\operatorname{{clip}}_{{A}}(\rho_t,\, {1 - settings.epsilon:.3g},\, {1 + settings.clip_high:.3g})"
    return rf"J_t = \Bigl(\textstyle\prod_t {kept}\Bigr)^{{1/|o_i|}} A_t"


SURROGATE = Surrogate(
    name="gmpo",
    title=N_("GMPO: the geometric mean of a response's ratios, each clipped by itself"),
    settings=ClipRange,  # the settings that it reads: any of its own would be a field with a range and a description
    objective=_objective,
    side=lambda x, settings: clipped_side(x.ratio.detach(), x.advantages, settings.epsilon, settings.clip_high),
    terms=_terms,
    regions=_regions,
    line=_line,
    source=_CODE,
    paper="Zhao et al. 2025, arXiv:2507.20673",
    whole=True,  # a token's term moves the whole response
)


def main(assignments: list[str]) -> None:
    SURROGATES[SURROGATE.name] = SURROGATE
    settings: dict[str, Any] = {"steps": 20, "eval_every": 0, "trace": "all"}
    for name, _, value in (x.partition("=") for x in assignments):
        settings[name] = json.loads(value)
    config = change(preset("chain-sum"), settings)
    paper = {"surrogate": "gmpo", "epsilon": 1 - np.exp(-0.4), "epsilon_high": np.exp(0.4) - 1}
    for mine in (learner("grpo"), learner("grpo").model_copy(update={"name": "gmpo", **paper})):
        print(f"{mine.name}: {lines(mine)['surrogate']}")
        trainer = Trainer(config.model_copy(update={"learners": (mine,)}), mine.name)
        gap, cut = 0.0, []
        for trace in trainer.steps():
            # The card's numbers are worked out from the terms: they have to be those that trained.
            data = data_of(known_values(mine), trace.samples, trace.tokens, trace.scalars, number=1)
            trained = data.tokens["objective"][data.mask]
            computed = evaluate(terms_for(mine), data, recompute=True)["objective"].numbers[data.mask]
            gap = max(gap, float(np.abs(computed - trained).max()))
            cut.append(float(trace.scalars["clip_ratio_high"] or 0))
        success = trainer.final_evaluation()["sampled"]
        print(f"  terms and training differ by {gap:.0e}; cut above {sum(cut) / len(cut):.3f} of tokens")
        print(f"  held-out success {success:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
