"""Sentences of core.insight: what cannot be computed about a run."""

from __future__ import annotations

from lessons.i18n import N_

SENTENCES = (
    N_(
        "the models of step {step} are not kept, and training up to it again would take {again} responses; at most "
        "{bound} are allowed, so choose an earlier step"
    ),
    N_("a response needs at least one character"),
    N_("a response may have at most {bound} characters, but this has {given}"),
    N_("{given} is no character of this model; it knows {names}"),
    N_("the policy still is the reference, so the KL has no gradient"),
    N_("this learner has no values to start from"),
    N_("responses of up to {bound} tokens are allowed, not {given}"),
    N_("the run keeps no reference, so there is no KL to compare with"),
    N_("the evaluation of the held-out questions is incomplete"),
    N_("the evaluation of the held-out questions cannot be read"),
    N_("before and after training, different questions were asked: they cannot be compared"),
)
