"""The glossary's terms of giving credit, nothing but data."""

from __future__ import annotations

from lessons.i18n import N_
from lessons.kit.glossary_term import Chapter, GlossaryTerm

CREDIT = Chapter(
    N_("Who gets the credit"),
    (
        GlossaryTerm(
            "ppo",
            N_("PPO"),
            N_(
                "Trains a critic beside the policy, so every token gets an advantage of its own. It keeps each "
                "update small by clipping the ratio."
            ),
            "how-ppo-works",
            full=N_("proximal policy optimisation"),
        ),
        GlossaryTerm(
            "grpo",
            N_("GRPO"),
            N_(
                "Has no critic: it compares each response with the others of its group, and all tokens of a "
                "response get the same advantage."
            ),
            "how-grpo-works",
            full=N_("group relative policy optimisation"),
        ),
        GlossaryTerm(
            "sft",
            N_("SFT"),
            N_("Makes given responses likelier, each token alike; here the right ones of a frozen set."),
            "online-or-offline",
            full=N_("supervised fine-tuning"),
        ),
        GlossaryTerm(
            "dpo",
            N_("DPO"),
            N_("Of pairs of responses makes the better one the likelier one, against the start model; no critic."),
            "online-or-offline",
            full=N_("direct preference optimisation"),
        ),
        GlossaryTerm(
            "credit",
            N_("credit assignment"),
            N_("Saying which tokens of a response earned, or cost, its reward."),
            "same-answers",
            also=("credit",),
        ),
        GlossaryTerm(
            "advantage",
            N_("advantage"),
            N_(
                "How much better a token was than what was expected before it. Above 0 it is made likelier, "
                "below 0 less likely."
            ),
            "same-answers",
            symbol="A_t",
        ),
        GlossaryTerm(
            "baseline",
            N_("baseline"),
            N_(
                "What a reward is compared with, so that an update has less noise: the critic's value in PPO, the "
                "group's mean in GRPO."
            ),
            "same-answers",
        ),
        GlossaryTerm(
            "critic",
            N_("critic"),
            N_("A second, trained model that says before each token which reward it expects."),
            "the-critic",
            full=N_("value model"),
            symbol="V",
        ),
        GlossaryTerm(
            "group",
            N_("group"),
            N_("Several responses to the same prompt."),
            "how-grpo-works",
            symbol="G",
        ),
        GlossaryTerm(
            "no-signal",
            N_("group without a signal"),
            N_("A group whose rewards are all equal: every difference from its mean is 0, so GRPO learns nothing."),
            "how-grpo-works",
            also=("no-signal group", "groups without a signal"),
        ),
        GlossaryTerm(
            "return",
            N_("return"),
            N_(
                "What the critic is taught to predict at a token: the discounted rewards from there on; with λ "
                "below 1, in part its own later values instead."
            ),
            "how-ppo-works",
            symbol="R_t",
            marked=False,
        ),
        GlossaryTerm(
            "delta",
            N_("TD error"),
            N_("A token's own surprise: its reward plus the discounted value after it, minus the value before it."),
            "how-ppo-works",
            full=N_("temporal-difference error"),
            symbol=r"\delta_t",
        ),
        GlossaryTerm(
            "gae",
            N_("GAE"),
            N_("Adds up the surprises from a token on, each one token later faded by γλ."),
            "how-ppo-works",
            full=N_("generalised advantage estimation"),
        ),
        GlossaryTerm(
            "gamma",
            N_("discount"),
            N_("How much a reward one token later counts; 1: as much."),
            "how-ppo-works",
            symbol=r"\gamma",
            marked=False,
        ),
        GlossaryTerm(
            "lambda",
            N_("GAE's lambda"),
            N_("How far credit reaches back. At 0 the critic is trusted at every token, at 1 only the outcome is."),
            "how-ppo-works",
            symbol=r"\lambda",
        ),
        GlossaryTerm(
            "whitening",
            N_("whitening"),
            N_("Subtracting the mean of all advantages of a batch and dividing by their standard deviation."),
            "how-ppo-works",
            also=("whitened", "whiten"),
        ),
        GlossaryTerm(
            "explained-variance",
            N_("explained variance"),
            N_(
                "How well the critic predicts returns: 1 is perfect, 0 is no better than their mean, below 0 is"
                " worse than that."
            ),
            "the-critic",
        ),
    ),
)
