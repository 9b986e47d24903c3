"""The glossary's terms of updates and of measuring, nothing but data."""

from __future__ import annotations

from lessons.i18n import N_
from lessons.kit.glossary_term import Chapter, GlossaryTerm

UPDATES = (
    Chapter(
        N_("How far an update may go"),
        (
            GlossaryTerm(
                "ratio",
                N_("importance sampling ratio"),
                N_(
                    "A token's probability now divided by its probability when it was sampled. It starts at 1 and "
                    "moves with each pass."
                ),
                "ratio-and-clip",
                symbol=r"\rho_t",
                also=("importance ratio", N_("ratio")),
            ),
            GlossaryTerm(
                "clip",
                N_("clip"),
                N_(
                    "Holds the ratio within 1 − ε and 1 + ε in the objective, so a token that has moved far enough "
                    "in its direction gets no further push."
                ),
                "ratio-and-clip",
                full=N_("clipping"),
                symbol=r"\varepsilon",
            ),
            GlossaryTerm(
                "pass",
                N_("pass"),
                N_("Going once over all responses of a rollout to update the policy."),
                "ratio-and-clip",
                symbol=r"\mu",
                also=("passes",),
            ),
            GlossaryTerm(
                "mini-batch",
                N_("mini-batch"),
                N_("The part of a rollout that one optimiser step sees."),
                "ratio-and-clip",
                also=("mini-batches",),
            ),
            GlossaryTerm(
                "reference",
                N_("reference model"),
                N_("A frozen copy of the start model. The KL divergence from it keeps the policy near where it began."),
                "how-ppo-works",
                symbol=r"\pi_{\text{ref}}",
                also=("frozen reference", "reference policy"),
            ),
            GlossaryTerm(
                "kl",
                N_("KL divergence"),
                N_("How far one distribution over next tokens is from another; 0 where they are the same."),
                "kl",
                full=N_("Kullback–Leibler divergence"),
                symbol=r"\mathrm{KL}",
                also=("KL",),
            ),
            GlossaryTerm(
                "entropy",
                N_("entropy"),
                N_("How undecided the policy is about the next token; 0 where it is certain."),
                "lab",
                symbol="H",
            ),
            GlossaryTerm(
                "surrogate",
                N_("surrogate objective"),
                N_(
                    "What is maximised instead of the expected reward: it is worked out from the stored rollout, "
                    "and near the policy that wrote it, it points the same way."
                ),
                "algorithms",
                also=("surrogate",),
            ),
            GlossaryTerm(
                "aggregation",
                N_("aggregation"),
                N_("How the tokens of long and short responses are weighed when they are added up to one loss."),
                "how-grpo-works",
            ),
        ),
    ),
    Chapter(
        N_("How it is measured"),
        (
            GlossaryTerm(
                "true-value",
                N_("true value"),
                N_(
                    "The share of right answers when the same policy finishes a response many times from the same "
                    "token on: a Monte Carlo estimate with a known error."
                ),
                "what-is-true",
                also=("true values",),
            ),
            GlossaryTerm(
                "pass-at-k",
                N_("pass@k"),
                N_("The probability that at least one of k sampled responses is right."),
                "a-real-instruct-model",
            ),
            GlossaryTerm(
                "greedy",
                N_("greedy decoding"),
                N_("Taking the likeliest token at every position instead of sampling one."),
                "a-real-instruct-model",
                also=("greedy",),
            ),
            GlossaryTerm(
                "sample-efficiency",
                N_("sample efficiency"),
                N_("How much is learnt from a given number of scored responses."),
                "the-critic",
            ),
            GlossaryTerm(
                "proxy-reward",
                N_("proxy reward"),
                N_("What a policy is paid by in place of what is wanted: here what a trained reward model says."),
                "when-the-proxy-breaks",
                also=("proxy",),
            ),
            GlossaryTerm(
                "gold-reward",
                N_("gold reward"),
                N_("What the proxy stands for. In experiments a hidden taste takes the place of people's judgement."),
                "when-the-proxy-breaks",
                also=("gold",),
            ),
            GlossaryTerm(
                "over-optimisation",
                N_("over-optimisation"),
                N_("The proxy reward still rises while the gold reward falls: the policy has gone too far."),
                "when-the-proxy-breaks",
            ),
            GlossaryTerm(
                "best-of-n",
                N_("best of n"),
                N_(
                    "Sampling n responses and taking the one that scores highest. Nothing is trained; the distance "
                    "from the start policy follows from n."
                ),
                "when-the-proxy-breaks",
                symbol=r"\log n - \tfrac{n-1}{n}",
                also=("best-of-n",),
            ),
            GlossaryTerm(
                "coverage",
                N_("coverage"),
                N_("How likely a fixed data set is under a policy that moves, against what the policy writes itself."),
                "online-or-offline",
            ),
            GlossaryTerm(
                "trace",
                N_("trace"),
                N_(
                    "What a run writes down of each step: every response, every token, every number that credit is "
                    "made of."
                ),
                "runs",
            ),
        ),
    ),
)
