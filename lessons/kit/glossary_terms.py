"""Every term of the course: its name and full name, what it is, its sign, and the page that shows it.

Nothing but data: the first chapter here, the others in modules of their own. Texts are message ids; both languages come
from the catalogue (`lessons/kit/glossary.py` reads them).
"""

from __future__ import annotations

from lessons.i18n import N_
from lessons.kit.glossary_credit import CREDIT
from lessons.kit.glossary_term import Chapter, GlossaryTerm
from lessons.kit.glossary_updates import UPDATES

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
                "gaming-tests",
                N_("gaming the tests"),
                N_("Doing what the tests look at and nothing else, such as a table of the visible examples."),
                "verifiable-rewards",
                also=("games the tests",),
            ),
            GlossaryTerm(
                "turn",
                N_("turn"),
                N_(
                    "One answer within a response. What a task says between two turns is read and not written by the "
                    "policy: it has no credit and no loss."
                ),
                "verifiable-rewards",
                also=("turns",),
            ),
            GlossaryTerm(
                "sandbox",
                N_("sandbox"),
                N_("Where a program that nobody has read is run: limited in time and memory, with nothing in reach."),
                "verifiable-rewards",
            ),
            GlossaryTerm(
                "placebo",
                N_("placebo"),
                N_("Random rewards, as often as its learner is right: what training does without a signal."),
                "verifiable-rewards",
            ),
            GlossaryTerm(
                "taste",
                N_("taste"),
                N_("What a judge likes in a reply, as a score from 0 to 1, where no answer is the right one."),
                "a-trained-reward-model",
            ),
            GlossaryTerm(
                "reward-model",
                N_("reward model"),
                N_("A language model with a scalar head, trained on preferences: it scores a whole response."),
                "a-trained-reward-model",
                symbol=r"r_\phi",
            ),
            GlossaryTerm(
                "preference",
                N_("preference"),
                N_("A label that says which of two responses to a prompt somebody likes better (j over k)."),
                "a-trained-reward-model",
            ),
            GlossaryTerm(
                "calibration",
                N_("calibration"),
                N_("Whether a model is right as often as it is sure: of what it gives 0.8, about 80 % come true."),
                "a-trained-reward-model",
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
    CREDIT,
    *UPDATES,
)
