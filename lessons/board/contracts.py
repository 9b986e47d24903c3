"""What a run's fairness contract means, and what it does not allow one to conclude (core/contracts.py)."""

from __future__ import annotations

from core.contracts import Contract
from lessons.i18n import N_, _

NAMES: dict[Contract, str] = {"same-questions": N_("Same questions"), "same-budget": N_("Same budget")}
MEANS: dict[Contract, str] = {
    "same-questions": N_(
        "at each step all learners answer the same questions, equally often, so their credit can be laid side by side, "
        "token by token. It does not tell who would lead if each learner asked as many questions as suits it."
    ),
    "same-budget": N_(
        "at each step all learners train on equally many responses, each in groups of its own size, so this tells "
        "which learner makes more of them. It does not tell whether a lead comes from the credit or from asking more "
        "questions."
    ),
}


def contract_words(contract: Contract) -> str:
    """Its name and its sentence, as one text."""
    return _("{name}: {means}").format(name=_(NAMES[contract]), means=_(MEANS[contract]))
