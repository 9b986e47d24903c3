"""Every term of the course: its name and full name, what it is, its sign, and the page that shows it.

Nothing but data. Texts are message ids; both languages come from the catalogue (`lessons/kit/glossary.py` reads them).
"""

from __future__ import annotations

from dataclasses import dataclass

from lessons.i18n import N_


@dataclass(frozen=True)
class GlossaryTerm:
    """A word of the field. `name` is how it stands in texts; `full` is its full name where that is another one."""

    key: str  # its address on the glossary page
    name: str
    meaning: str
    lesson: str  # the key of the page that shows it
    full: str = ""
    symbol: str = ""  # LaTeX
    also: tuple[str, ...] = ()  # other ways in which it stands in English texts; plurals with s are known
    marked: bool = True  # False: the word has other senses too, so it is explained on the glossary page only


@dataclass(frozen=True)
class Chapter:
    """Terms that belong together, under one heading."""

    title: str
    terms: tuple[GlossaryTerm, ...]


GLOSSARY = (
    Chapter(
        N_("The loop"),
        (
            GlossaryTerm(
                "policy",
                N_("policy"),
                N_("The language model that is trained: it gives every possible next token a probability."),
                "how-ppo-works",
                symbol=r"\pi_\theta",
                also=("policies",),
            ),
            GlossaryTerm(
                "token",
                N_("token"),
                N_("The unit in which a model reads and writes: a character, a piece of a word or a word."),
                "lab",
                symbol="o_t",
            ),
            GlossaryTerm("prompt", N_("prompt"), N_("The text that the policy answers."), "lab", symbol="q"),
            GlossaryTerm(
                "response",
                N_("response"),
                N_("What the policy writes to a prompt, token by token until its end-of-sequence token or the limit."),
                "lab",
                symbol="o",
            ),
            GlossaryTerm(
                "rollout",
                N_("rollout"),
                N_("The responses of one step, sampled from the policy as it was before that step's updates."),
                "how-ppo-works",
            ),
            GlossaryTerm(
                "reward",
                N_("reward"),
                N_("One number for a whole response: how good it is. Here mostly 1 for right and 0 for wrong."),
                "how-ppo-works",
                symbol="r",
            ),
            GlossaryTerm(
                "online",
                N_("online reinforcement learning"),
                N_("The policy writes fresh responses while it learns; they are scored, and the scores update it."),
                "online-or-offline",
                also=("online learning", "learns online"),
            ),
            GlossaryTerm(
                "offline",
                N_("offline learning"),
                N_("Learning from (prompt, response, reward) tuples collected beforehand; nothing fresh is written."),
                "online-or-offline",
                also=("offline learner",),
            ),
            GlossaryTerm(
                "verifier",
                N_("verifier"),
                N_("A program that compares the answer in a response with the right one; no model is asked."),
                "verifiable-rewards",
            ),
            GlossaryTerm(
                "verifiable-reward",
                N_("verifiable reward"),
                N_("A reward that a program works out: it compares with the ground truth, or runs unit tests."),
                "verifiable-rewards",
            ),
            GlossaryTerm(
                "ground-truth",
                N_("ground truth"),
                N_("The right answer to a question, known beforehand and never shown to the model."),
                "verifiable-rewards",
            ),
            GlossaryTerm(
                "unit-test",
                N_("unit test"),
                N_("An input to a program and the output that it has to give. Hidden ones are never shown."),
                "verifiable-rewards",
            ),
            GlossaryTerm(
                "sandbox",
                N_("sandbox"),
                N_("Where a program that nobody has read is run: limited in time and memory, with nothing in reach."),
                "verifiable-rewards",
            ),
            GlossaryTerm(
                "held-out",
                N_("held-out questions"),
                N_("Questions that are never trained on. Only they tell what was learnt rather than memorised."),
                "a-real-instruct-model",
                also=("held-out",),
            ),
            GlossaryTerm(
                "learner",
                N_("learner"),
                N_("One policy with its way of giving credit and its settings, trained in a process of its own."),
                "lab",
            ),
            GlossaryTerm(
                "run",
                N_("run"),
                N_("One training from start to end: one or more learners with the same start and the same task."),
                "runs",
                marked=False,
            ),
            GlossaryTerm(
                "step",
                N_("step"),
                N_("Once around the loop: sample responses, score them, give credit, update the policy."),
                "lab",
                marked=False,
            ),
        ),
    ),
    Chapter(
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
    ),
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
                N_("What the proxy stands for. In experiments a hidden taste takes the place of people’s judgement."),
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
