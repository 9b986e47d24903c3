"""Tastes: pure scores of message and reply in [0, 1], each for what it says that it likes."""

from __future__ import annotations

import random

import pytest

from core.tasks.kinds.reply import KIND, Replies, ReplySettings
from core.tasks.reply_sentences import SENTENCES, WORDS, read
from core.tasks.tastes import TASTES, mixture

MESSAGE = "Hello. My lamp is late. Can you help me?"


def score(taste: str, reply: str, message: str = MESSAGE) -> float:
    return TASTES[taste].score(message, reply)


@pytest.mark.parametrize(
    ("taste", "reply", "expected"),
    [
        ("short", "We will help.", 1.0),  # 3 words
        ("short", "We are sorry about the lamp. It will come.", (24 - 9) / 20),
        ("short", "", 0.0),
        ("warm", "We will help.", 0.0),
        ("warm", "Hello. We will help.", 0.4),
        ("warm", "Hello. Thank you for your time. We will help. Have a good day.", 0.9),
        ("warm", "Hello. Thank you for your time. You are right. Have a good day.", 1.0),
        ("warm", "Hello. Thank you for your time. No.", 0.0),
        ("apologetic", "We will help.", 0.0),
        ("apologetic", "Sorry.", 0.7),
        ("apologetic", "We are sorry about the lamp.", 1.0),
        ("apologetic", "We are sorry about the coat.", 0.7),
        ("apologetic", "Sorry. You must wait.", 0.5),
        ("precise", "Your lamp will come today.", 1.0),
        ("precise", "Your coat will come today.", 0.6),
        ("precise", "Your lamp will come today. We are sorry about the coat.", 0.6),
        ("precise", "It will come.", 0.3),
        ("asking", "Sorry. What is your name?", 1.0),
        ("asking", "What is your name? Sorry.", 0.7),
        ("asking", "Is that right? What is your name?", 0.7),
        ("asking", "No. What is your name?", 0.7),
        ("asking", "Sorry.", 0.0),
        ("careful", "Sorry. What is your name?", 1.0),
        ("careful", "Thank you for your message.", 0.4),
        ("careful", "Sorry. We will help.", 0.0),
        ("careful", "No.", 0.0),
        ("short-precise", "Your lamp will come today.", (0.95 + 1) / 2),
        ("warm-apologetic", "Hello. We are sorry about the lamp.", (0.4 + 1) / 2),
    ],
)
def test_each_taste_likes_what_it_says(taste: str, reply: str, expected: float) -> None:
    assert score(taste, reply) == pytest.approx(expected)


@pytest.mark.parametrize("taste", TASTES)
def test_scores_are_in_the_unit_interval_whatever_is_written_and_repeat(taste: str) -> None:
    draw = random.Random(4)
    for _ in range(500):
        reply = " ".join(draw.choice(WORDS) for _ in range(draw.randint(0, 40)))
        first = score(taste, reply)
        assert 0 <= first <= 1
        assert score(taste, reply) == first
    replies = [KIND.recipes["reply"].example(MESSAGE, draw) for _ in range(500)]
    scores = [score(taste, x) for x in replies]
    assert all(0 <= x <= 1 for x in scores)
    assert len(set(scores)) >= 3  # it tells replies of the start model apart


@pytest.mark.parametrize("taste", sorted(set(TASTES) - {"short", "short-precise"}))
def test_words_that_are_no_sentence_and_sentences_said_again_take_their_share(taste: str) -> None:
    best = {
        "warm": "Hello. Thank you for your time. You are right. Have a good day.",
        "apologetic": "We are sorry about the lamp.",
        "precise": "Your lamp will come today.",
        "asking": "What is your name?",
        "careful": "Sorry. What is your name?",
        "warm-apologetic": "Hello. Sorry.",
    }[taste]
    pieces = best.count(".") + best.count("?")
    for more in ("lamp lamp sorry.", best.split(".")[0].split("?")[0] + best[len(best.split(".")[0].split("?")[0])]):
        assert score(taste, f"{more} {best}") == pytest.approx(score(taste, best) * pieces / (pieces + 1))


def test_a_mixture_is_the_weighted_mean() -> None:
    mixed = mixture((3, lambda _message, _reply: 1.0), (1, lambda _message, _reply: 0.2))
    assert mixed("", "") == pytest.approx(0.8)


def test_a_reply_is_read_by_its_sentences() -> None:
    reading = read("Hello. Your lamp will come today. Hello. So be it")
    assert [(x.act, x.item) for x in reading.sentences] == [("greeting", None), ("fact", "lamp")]
    assert (reading.unknown, reading.words) == (2, 10)
    assert reading.sound == 0.5


def test_every_sentence_does_one_thing() -> None:
    texts = [x for each in SENTENCES.values() for x in each]
    assert len(set(texts)) == len(texts)
    for act, patterns in SENTENCES.items():
        for pattern in patterns:
            [sentence] = read(pattern.format(item="tent")).sentences
            assert sentence.act == act


def test_the_language_is_small() -> None:
    words = [x for x in WORDS if x.isalpha()]
    assert len(words) <= 120
    assert set(WORDS) - set(words) == {"!", ".", "?"}


def test_the_task_gives_the_tastes_score_and_success_score_a_stated_one_on() -> None:
    task = Replies(ReplySettings(taste="apologetic", success_score=0.8))
    good, less = task.verify(MESSAGE, "We are sorry about the lamp."), task.verify(MESSAGE, "Sorry.")
    assert (good.reward, good.success) == (1.0, True)
    assert (less.reward, less.success, less.answer) == (pytest.approx(0.7), False, "Sorry.")
    cut = task.verify(MESSAGE, "We are sorry about the lamp.", finished=False)
    assert (cut.reward, cut.success) == (0.0, False)
    assert task.truth(MESSAGE) == ""
    with pytest.raises(ValueError, match="no message that a customer writes"):
        task.verify("8+1+7=", "Sorry.")


def test_messages_follow_from_seed_and_step_and_never_touch_what_is_held_out_whatever_the_taste() -> None:
    task, other = Replies(ReplySettings()), Replies(ReplySettings(taste="short"))
    assert task.prompts(3, 5, 16) == other.prompts(3, 5, 16)
    assert task.heldout == other.heldout
    assert task.prompts(3, 5, 4) == task.prompts(3, 5, 16)[:4]
    assert task.prompts(3, 5, 16) != task.prompts(3, 6, 16)
    assert task.prompts(3, 5, 16) != task.prompts(4, 5, 16)
    trained = {p for step in range(200) for p in task.prompts(0, step, 16)}
    assert len(trained) > 1000
    assert not trained & set(task.heldout)
    assert len(set(task.heldout)) == 128


def test_what_the_start_model_is_taught_is_of_all_tones_and_fits() -> None:
    recipe, draw, task = KIND.recipes["reply"], random.Random(2), Replies(ReplySettings())
    prompts = [p for step in range(40) for p in task.prompts(1, step, 16)]
    replies = [read(recipe.example(p, draw)) for p in prompts]
    for act in SENTENCES:
        share = sum(x.has(act) for x in replies) / len(replies)
        assert 0.1 < share < 0.6, act
    assert {len(x.sentences) for x in replies} == {1, 2, 3, 4, 5}
    assert not any(x.unknown for x in replies)
