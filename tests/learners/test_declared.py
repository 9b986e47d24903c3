"""What kinds and surrogates declare reaches the pages: colours that differ, texts in every language."""

from __future__ import annotations

import itertools
import random
import re

import pytest

from core.algorithms.surrogates import SURROGATES
from core.config import RunConfig
from core.learners.registry import (
    LEARNER_KINDS,
    colours_of,
    labels_of,
    learner,
    learner_kind,
    lines,
    refused_together,
    regions_of,
    reward_model_kind,
    terms_of,
    usual_learners,
)
from core.learners.unrecorded import CREDIT_UNRECORDED, strip_title_of, surely_without
from core.learners.variants import VARIANTS
from lessons.board.declared import english, forms, templates
from lessons.i18n import LANGUAGES, gettext, use_language
from lessons.kit.lesson.formula import NAMES, worded


def test_no_two_learners_share_a_colour_while_there_are_four():
    def colours(*kinds: str) -> list[str]:
        return list(colours_of([learner(kind, name=f"l{i}") for i, kind in enumerate(kinds)]).values())

    assert colours("ppo", "grpo") == ["blue", "orange"]
    assert colours("ppo", "vine", "grpo") == ["blue", "green", "orange"]
    for kinds in itertools.product(LEARNER_KINDS, repeat=4):
        taken, own = colours(*kinds), [LEARNER_KINDS[x].colour for x in kinds]
        assert len(set(taken)) == 4
        for i, colour in enumerate(own):  # kinds are more than colours may be: an eighth has one that another has, too
            assert (taken[i] == colour) == (colour not in own[:i]), "the first of a colour has it"


def test_a_run_that_names_no_learners_has_one_of_each_usual_kind_with_its_defaults():
    assert usual_learners() == RunConfig().learners == (learner("ppo"), learner("grpo"))


def test_only_what_trains_a_reward_model_has_settings_of_labels():
    made = {name: labels_of(learner(name)) for name in LEARNER_KINDS}
    assert [name for name, labels in made.items() if labels is not None] == [reward_model_kind().name]


def test_a_kind_says_what_its_learners_in_one_run_must_have_alike():
    kind = reward_model_kind().name
    one, other = learner(kind, name="one"), learner(kind, name="other", judge_noise=0.25)
    assert refused_together([one, learner("grpo"), learner("grpo", name="second", beta=1.0)]) is None
    assert refused_together([one, other.model_copy(update={"judge_noise": 0.0})]) is None
    problem = refused_together([learner("ppo"), one, other])
    assert problem is not None
    assert "judge_noise must be the same for all reward models of a run (one, other)" in str(problem)


def test_a_kind_keeps_its_colour_whoever_else_takes_part():
    def colours(*kinds: str) -> list[str]:
        return list(colours_of([learner(kind, name=f"l{i}") for i, kind in enumerate(kinds)]).values())

    assert colours("grpo", "grpo", "grpo", "ppo") == ["orange", "green", "pink", "blue"]
    assert colours("grpo", "grpo") == ["orange", "green"]
    assert colours("grpo", "grpo", "ppo") == ["orange", "green", "blue"]
    assert colours("grpo", "grpo", "vine") == ["orange", "pink", "green"]


@pytest.mark.parametrize("kind", LEARNER_KINDS.values(), ids=lambda kind: kind.name)
def test_whatever_its_settings_a_learner_says_nothing_that_the_pages_do_not_know(kind):
    known, chance = set(english()), random.Random(0)
    changed = [{name: getattr(x, name) for name in type(x).model_fields} for x in forms(kind)]
    for _ in range(200):
        settings = changed[0] | {name: chance.choice(changed)[name] for name in changed[0]}
        made = kind.settings.model_construct(**settings)
        texts = [learner_kind(made).strip_title(made)]
        texts += [text for x in terms_of(made) for text in (x.title, x.help)]
        texts += [x.says for x in regions_of(made)]
        assert {x for x in texts if x} <= known


def test_texts_of_kinds_surrogates_and_variants_are_told_in_every_language():
    for tag in LANGUAGES:
        with use_language(tag):
            by_text = templates()
        for variant in VARIANTS.values():
            assert learner_kind(variant.settings).strip_title(variant.settings) in by_text
        assert {x.title for x in SURROGATES.values()} <= set(by_text)
        sentences = {text: translated for text, translated in by_text.items() if len(text.split()) > 2}
        assert all((text == translated) == (tag == "en") for text, translated in sentences.items() if "·" not in text)


def test_words_in_formulas_are_told_in_every_language():
    """Whatever is not declared to be a name there: a page shows no English word in another language."""
    shown = {text for kind in LEARNER_KINDS.values() for each in forms(kind) for text in lines(each).values()}
    words = words_in(shown)
    assert {"of the data set", "with", "none"} <= words
    with use_language("zh-TW"):
        assert {word for word in words if gettext(word) == word} == set()
        assert not words & words_in({worded(text) for text in shown})


def words_in(formulas: set[str]) -> set[str]:
    """What stands in \\text{…} and is not a name."""
    return {x.strip() for text in formulas for x in re.findall(r"\\text\{([^{}]*)\}", text)} - NAMES


def test_of_settings_that_nobody_recorded_only_that_is_said_which_holds_whatever_they_were():
    grpo, nothing = learner("grpo"), frozenset()
    assert strip_title_of(grpo, nothing) == learner_kind(grpo).strip_title(grpo)
    assert strip_title_of(grpo, frozenset({"beta", "reward", "epsilon", "scale_rewards"})) == strip_title_of(
        grpo, nothing
    )
    assert strip_title_of(grpo, frozenset({"baseline"})) == CREDIT_UNRECORDED
    assert "token_reward" in surely_without(grpo, frozenset({"beta"}))
    assert "token_reward" not in surely_without(grpo, frozenset({"kl_coef"})), "with a penalty there would be one"
    assert "value" in surely_without(grpo, frozenset({"kl_coef"})), "no GRPO has a critic"
    assert CREDIT_UNRECORDED in english()


def test_terms_that_a_setting_brings_name_it():
    """Where that setting is unknown, so is what they say."""
    for settings in (learner("ppo", whiten_advantages=True), learner("grpo", scale_rewards="batch")):
        given = {x.name: set(x.given) for x in terms_of(settings)}
        for name, setting in (
            ("advantage_mean", "whiten_advantages"),
            ("advantage_std", "whiten_advantages"),
            ("score_std", "scale_rewards"),
        ):
            assert name not in given or setting in given[name]
        assert {"advantage_mean", "score_std"} & set(given)
    spread = {x.name: x.given for x in terms_of(learner("grpo", scale_rewards="group"))}
    assert spread["score_spread"] == ("scale_rewards",)
