"""Nothing outside core/learners knows the learners by name: what code needs to know of a kind, the kind declares.

What may name one are places whose content is a choice of kinds or is about one. They are listed here with the reason; a
new place has to be thought about, and an entry that nothing needs any more has to go.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.learners.named_kinds import Named, in_css, in_javascript, in_python, places

PRESET = "a recipe: which learners a run has, with which settings, is data"
STUDY = "a recorded measurement: which learners were measured is what it is about"
READER = "reads a recorded study, whose rows are called after learners and credits"
FORMAT = "another program's names for algorithms, as our kinds"
SUBJECT = "the page, or this part of it, is about these learners"
EXAMPLE = "the page works through the credit of one learner that it chose"
PIPELINE = "the drawing that turns PPO's pipeline into GRPO's"
BRIDGE = "the bridge from PPO's credit to GRPO's"
GLOSSARY = "the term is the algorithm"

#: A file, or a folder with all that is in it → why it may name kinds of learners or surrogates.
PERMITTED = {
    "core/presets.py": PRESET,
    "core/insight/bridge.py": BRIDGE,
    "core/insight/clip_cases.py": "the clip's six cases, by the clip's own functions",
    "core/insight/curation_study.py": STUDY,
    "core/insight/fit_critic.py": "the critics that come with the app were fitted as PPO fits one",
    "core/insight/gaming_study.py": STUDY,
    "core/insight/identities.py": BRIDGE,
    "core/insight/long_sums.py": STUDY,
    "core/insight/online_or_offline.py": STUDY,
    "core/insight/proxy_push.py": STUDY,
    "core/insight/proxy_results.py": STUDY,
    "core/insight/proxy_study.py": STUDY,
    "core/insight/study.py": STUDY,
    "core/insight/task_outcomes.py": STUDY,
    "core/insight/true_fall.py": "whose response of a recorded run is the example",
    "core/insight/turns_study.py": STUDY,
    "core/integrations/prime_rl/tokens.py": FORMAT,
    "core/integrations/trl/completions.py": FORMAT,
    "core/integrations/trl/settings.py": FORMAT,
    "core/integrations/unipo/header.py": FORMAT,
    "core/integrations/unipo/steps.py": "the format's updates are clipped by PPO's rule",
    "lessons/a_real_instruct_model/shown.py": "predictions are about GRPO where it takes part, as in the course",
    "lessons/algorithms/page.py": "the credit of any two algorithms is of a PPO step, which has a critic's values, too",
    "lessons/board/frontend/pipeline/": PIPELINE,
    "lessons/data_that_teaches/": "the lesson's runs have one learner, GRPO",
    "lessons/home/": "the one picture of the difference between PPO and GRPO",
    "lessons/how_grpo_works/": SUBJECT,
    "lessons/how_ppo_works/": SUBJECT,
    "lessons/kit/credits.py": BRIDGE,
    "lessons/kit/critic.py": READER,
    "lessons/kit/glossary_credit.py": GLOSSARY,
    "lessons/kit/own_surrogate.py": "the lessons on the clip ask whether a run has it",
    "lessons/kit/pipeline/": PIPELINE,
    "lessons/kit/records.py": READER,
    "lessons/kit/truth.py": "PPO's credit and GRPO's of the same responses, beside the true one",
    "lessons/kl/page.py": EXAMPLE,
    "lessons/online_or_offline/": SUBJECT,
    "lessons/ratio_and_clip/page.py": EXAMPLE,
    "lessons/same_answers/": SUBJECT,
    "lessons/the_critic/": SUBJECT,
    "lessons/the_loop/live.py": "the run that is begun there has one learner, GRPO",
    "lessons/the_loop/page.py": EXAMPLE,
    "lessons/verifiable_rewards/outcomes.py": READER,
    "lessons/verifiable_rewards/page.py": EXAMPLE,
    "lessons/verifiable_rewards/two_turns.py": EXAMPLE,
    "lessons/what_is_true/": SUBJECT,
    "lessons/when_the_proxy_breaks/example.py": EXAMPLE,
    "lessons/when_the_proxy_breaks/page.py": "says how the study's learning rate differs from GRPO's usual one",
}

#: (file or folder, word) → what the word means there, where it is not the kind or surrogate of that name.
OTHER_MEANINGS = {
    ("core/__main__.py", "reward-model"): "what a reward model is called unless it is named",
    ("core/training/reward_model.py", "reward-model"): "the same",
    ("core/rewards/reward_model.py", "reward-model"): "a reward",
    ("core/runs/event_values.py", "reward-model"): "a kind of event",
    ("lessons/a_trained_reward_model/outcome.py", "reward-model"): "a reward",
    ("lessons/when_the_proxy_breaks/own.py", "reward-model"): "a reward",
    ("lessons/when_the_proxy_breaks/sums.py", "reward-model"): "a reward",
    ("lessons/kit/glossary_terms.py", "reward-model"): "a term",
    ("lessons/kit/glossary_updates.py", "clip"): "a term",
    ("lessons/kit/played/parts.py", "clip"): "a drawing beside a station",
    ("lessons/board/frontend/stepper/", "clip"): "that drawing",
    ("lessons/board/frontend/lesson_clip.js", "clip"): "a drawing's name",
    ("lessons/board/frontend/card_gradient.js", "reward-model"): "what is trained, as the kind declares it (`trains`)",
    ("lessons/board/frontend/card_lines.js", "reward-model"): "the same",
    ("lessons/board/frontend/lab_strip.js", "reward-model"): "the same",
    ("lessons/board/frontend/types.d.ts", "reward-model"): "the same",
    ("lessons/board/frontend/printed.js", "clip"): "a function in a formula",
    ("lessons/board/frontend/row.js", "clip"): "a class of a box",
    ("lessons/ratio_and_clip/picture.py", "unclipped"): "a term",
    ("lessons/ratio_and_clip/picture.py", "clip"): "a drawing",
    ("lessons/board/charts.py", "clip"): "a chart",
    ("lessons/board/rooms.py", "clip"): "a drawing",
}

#: (file, word) → why code there asks for it by name and not for what the kind or surrogate declares. Nothing in core
#: asks which kind a learner is.
ASKED = {
    ("core/insight/bridge.py", "grpo"): "a stop of the bridge",
    ("core/integrations/trl/settings.py", "cispo"): "TRL's name of a loss, whose bound is written otherwise there",
    ("core/integrations/unipo/steps.py", "clip"): "the format says no side of its own: it is PPO's rule or not known",
    ("lessons/a_real_instruct_model/shown.py", "grpo"): "the learner that the course is about",
    ("lessons/kit/critic.py", "ppo"): "a credit of the recorded study",
    ("lessons/kit/own_surrogate.py", "clip"): "the surrogate that two lessons are about",
    ("lessons/kit/pipeline/both.py", "grpo"): "one of the drawing's two pipelines",
    ("lessons/kit/records.py", "grpo"): "a sentence that compares the two recorded learners",
    ("lessons/kit/records.py", "ppo"): "the same",
    ("lessons/same_answers/page.py", "grpo"): "a stop of the bridge",
    ("lessons/same_answers/page.py", "ppo"): "a stop of the bridge",
    ("lessons/the_critic/same_questions.py", "grpo"): "the learner that all others are compared with in the sentence",
    ("lessons/what_is_true/gauge.py", "ppo"): "a credit of the recorded study",
    ("lessons/what_is_true/study.py", "ppo"): "a credit of the recorded study",
}


def _lies(file: str, place: str) -> bool:
    return file.startswith(place) if place.endswith("/") else file == place


def _means_else(named: Named) -> bool:
    return any(_lies(named.file, place) and named.word == word for place, word in OTHER_MEANINGS)


def unpermitted(every: Sequence[Named]) -> list[Named]:
    """Places that are neither permitted nor mean something else."""
    return [x for x in every if not _means_else(x) and not any(_lies(x.file, place) for place in PERMITTED)]


def test_the_search_finds_every_way_to_name_one() -> None:
    text = """
from core.learners.kinds.ppo import PPOSettings as Own
from core.learners.kinds import grpo
from core.algorithms.surrogates.base import Surrogate
import core.algorithms.surrogates.cispo
from core.algorithms.surrogates import SURROGATES, clip
"about ppo"
made = learner("offline-pg", beta=0.1)
isinstance(made, VineSettings)
if made.kind == "dpo" or made.kind in ("sft", "ppo") or kinds[0] == kinds.vine:
    pass
match made.surrogate:
    case "cispo":
        pass
"""
    assert sorted((x.line, x.word, x.how) for x in in_python(text)) == [
        (2, "core.learners.kinds.ppo", "import"),
        (3, "core.learners.kinds.grpo", "import"),
        (5, "core.algorithms.surrogates.cispo", "import"),
        (6, "core.algorithms.surrogates.clip", "import"),
        (8, "offline-pg", "text"),
        (9, "VineSettings", "asked"),
        (10, "dpo", "asked"),
        (10, "ppo", "asked"),
        (10, "sft", "asked"),
        (10, "vine", "name"),
        (13, "cispo", "asked"),
    ]
    script = "// grpo\nconst own = { ppo: 1 };\nif (own.kind === 'vine') say(`of ${own.grpo} dpo`, `sft`, 'a ppo');"
    assert [(x.line, x.word, x.how) for x in in_javascript(script)] == [
        (2, "ppo", "name"),
        (3, "vine", "text"),
        (3, "grpo", "name"),
        (3, "sft", "text"),
    ]
    assert [x.word for x in in_css(".ppo, .vines { }\n.a[data-of='grpo'] { }")] == ["ppo", "grpo"]


def test_no_other_place_names_a_kind_of_learner_or_a_surrogate() -> None:
    planted = Named("core/runs/feed.py", 1, "ppo", "text")
    assert unpermitted([*places(), planted]) == [planted]


def test_no_other_code_asks_which_kind_a_learner_is() -> None:
    asked = {(x.file, x.word) for x in places() if x.how == "asked" and not _means_else(x)}
    assert asked == ASKED.keys()


def test_every_permission_is_needed() -> None:
    every = places()
    own = [x for x in every if not _means_else(x)]
    assert [place for place in PERMITTED if not any(_lies(x.file, place) for x in own)] == []
    assert [
        (place, word)
        for place, word in OTHER_MEANINGS
        if not any(_lies(x.file, place) and x.word == word for x in every)
    ] == []
