"""The course in order. Navigation, the course map and the page tests are built from this list.

A new lesson is one entry here and one folder `lessons/<key>/` (with underscores for hyphens): its script page.py, its
sections, and its prose in `<language>.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lessons.i18n import N_

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Lesson:
    """One page. `title` and `summary` are message ids: translate them where they are shown."""

    key: str  # the page's address; with underscores for hyphens the folder's name
    title: str
    icon: str  # Material symbol
    summary: str
    part: str = ""  # heading on the course map that begins with this page; a message id
    minutes: int | None = None  # how long it takes; None for a workbench page
    check: str = ""  # the key of its quiz
    default: bool = False  # the page at the bare address

    @property
    def path(self) -> Path:
        return HERE / self.key.replace("-", "_") / "page.py"


LESSONS: tuple[Lesson, ...] = (
    Lesson(
        key="home",
        title=N_("Home"),
        icon=":material/home:",
        summary=N_("What this is, and one picture of the difference between PPO and GRPO."),
        minutes=2,
        default=True,
    ),
    Lesson(
        key="lab",
        part=N_("Watch it train"),
        title=N_("Lab"),
        icon=":material/science:",
        summary=N_("Train PPO and GRPO side by side, stop, rewind, and take any token's credit apart."),
        minutes=10,
    ),
    Lesson(
        key="the-loop",
        part=N_("Where rewards come from"),
        title=N_("The loop"),
        icon=":material/autorenew:",
        summary=N_("Prompts, responses, rewards, an update, and again: sampled live, and let run while you watch."),
        minutes=8,
        check="loop_quiz",
    ),
    Lesson(
        key="online-or-offline",
        title=N_("Online or offline"),
        icon=":material/cloud_sync:",
        summary=N_("Fresh responses or a fixed set of them: five learners, one start, as many scored responses."),
        minutes=10,
        check="online_quiz",
    ),
    Lesson(
        key="verifiable-rewards",
        title=N_("Verifiable rewards"),
        icon=":material/fact_check:",
        summary=N_(
            "Ground truth, unit tests, sandbox: try to fool a verifier, and to break out of what it runs code in."
        ),
        minutes=10,
        check="vr_quiz",
    ),
    Lesson(
        key="a-trained-reward-model",
        title=N_("A trained reward model"),
        icon=":material/thumbs_up_down:",
        summary=N_(
            "No right answer, only preferences: label pairs, train a reward model on them, train a policy on it."
        ),
        minutes=10,
        check="rm_quiz",
    ),
    Lesson(
        key="when-the-proxy-breaks",
        title=N_("When the proxy breaks"),
        icon=":material/trending_down:",
        summary=N_("A reward model is pushed too far: what it says rises, what it stands for bends and falls."),
        minutes=10,
        check="proxy_quiz",
    ),
    Lesson(
        key="data-that-teaches",
        title=N_("Data that teach"),
        icon=":material/dataset:",
        summary=N_("Wrong truths, few questions, too hard, too easy, leaked: the same run on data of your choice."),
        minutes=10,
        check="data_quiz",
    ),
    Lesson(
        key="how-ppo-works",
        part=N_("Who gets the credit: seven lessons"),
        title=N_("How PPO works"),
        icon=":material/account_tree:",
        summary=N_("One real training step, taken apart: from a question to the update, number by number."),
        minutes=10,
        check="ppo_quiz",
    ),
    Lesson(
        key="ratio-and-clip",
        title=N_("Ratio and clip"),
        icon=":material/content_cut:",
        summary=N_("What holds each update back: drag a token's ratio, and see where its gradient is cut."),
        minutes=8,
        check="ratio_quiz",
    ),
    Lesson(
        key="kl",
        title=N_("KL"),
        icon=":material/straighten:",
        summary=N_("What holds the whole run back: what an estimate of the KL is worth, and what it does as a loss."),
        minutes=8,
        check="kl_quiz",
    ),
    Lesson(
        key="how-grpo-works",
        title=N_("How GRPO works"),
        icon=":material/groups:",
        summary=N_("A group's arithmetic on real rewards: what a lone success counts, and when a group says nothing."),
        minutes=10,
        check="hgw_quiz",
    ),
    Lesson(
        key="same-answers",
        title=N_("One response, two credits"),
        icon=":material/compare_arrows:",
        summary=N_("One set of responses, both methods' credit, and the bridge that leads from one to the other."),
        minutes=10,
        check="same_quiz",
    ),
    Lesson(
        key="what-is-true",
        title=N_("What is true?"),
        icon=":material/gavel:",
        summary=N_("Measure what every token really changed, then see which method knew."),
        minutes=10,
        check="truth_quiz",
    ),
    Lesson(
        key="the-critic",
        title=N_("What is a critic worth?"),
        icon=":material/psychology_alt:",
        summary=N_("One that knows, one that cannot, one that is trusted too far: measured on sums of six numbers."),
        minutes=10,
        check="critic_quiz",
    ),
    Lesson(
        key="a-real-instruct-model",
        part=N_("Now for real"),
        title=N_("A real instruct model"),
        icon=":material/model_training:",
        summary=N_("The same trainer on SmolLM2: its responses to held-out questions before and after, side by side."),
        minutes=10,
        check="real_quiz",
    ),
    Lesson(
        key="algorithms",
        part=N_("To compare and to come back to"),
        title=N_("Algorithms, side by side"),
        icon=":material/difference:",
        summary=N_("Pick any two: where their formulas differ, and what each makes of the same responses."),
    ),
    Lesson(
        key="runs",
        title=N_("Runs"),
        icon=":material/history:",
        summary=N_("Every run so far: open, rename, export or delete it."),
    ),
    Lesson(
        key="glossary",
        title=N_("Glossary"),
        icon=":material/dictionary:",
        summary=N_("Every term in both languages: its full name, what it is, and where to see it."),
    ),
    Lesson(
        key="for-teachers",
        title=N_("For teachers"),
        icon=":material/school:",
        summary=N_("Notes on each lesson: timing, questions to ask, what people get wrong, what to click."),
    ),
)


def lesson(key: str) -> Lesson:
    """The lesson of this key; raises KeyError if there is none."""
    return {x.key: x for x in LESSONS}[key]
