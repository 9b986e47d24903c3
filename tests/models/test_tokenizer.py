"""The tokenizer of whole words: text to tokens and back, without a change."""

from __future__ import annotations

import random

import torch

from core.models.codec import Codec
from core.models.tokenizer import SPECIAL, word_tokenizer
from core.tasks.kinds.reply import KIND, LONGEST, Replies, ReplySettings
from core.tasks.reply_sentences import WORDS


def test_every_message_and_reply_comes_back_as_it_was() -> None:
    codec, task, draw = Codec(word_tokenizer(WORDS)), Replies(ReplySettings()), random.Random(0)
    for prompt in [*task.heldout, *task.prompts(0, 0, 200)]:
        reply = KIND.recipes["reply"].example(prompt, draw)
        asked, answered = codec.ids(prompt), codec.response_ids(reply)
        assert asked[0] == 1
        assert answered[-1] == 2
        assert len(answered) <= LONGEST
        assert codec.texts(torch.tensor([asked[1:]])) == [prompt]
        assert codec.texts(torch.tensor([answered])) == [reply]


def test_a_word_is_a_token_and_pad_begin_and_end_are_others() -> None:
    tokenizer = word_tokenizer(WORDS)
    ids = tokenizer("Do not write again. No!").input_ids
    assert [tokenizer.convert_ids_to_tokens(x) for x in ids] == ["Do", "not", "write", "again", ".", "No", "!"]
    assert min(ids) >= len(SPECIAL)
    assert len({tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id}) == 4
    assert tokenizer("lamps").input_ids == [tokenizer.unk_token_id]


def test_words_are_joined_as_they_are_and_special_tokens_stay_visible() -> None:
    """A decoder that cleans up by itself would write don't for do not."""
    codec = Codec(word_tokenizer(("do", "not", "?", ".")))
    assert codec.texts(torch.tensor([[4, 5, 0, 6, 7, 2, 4]])) == ["do not <pad>?."]
