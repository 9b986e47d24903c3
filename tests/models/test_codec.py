"""Text to tokens and back: what is padding, what ends a response, what a page shows of a token."""

from __future__ import annotations

import pytest
import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from core.cli.train import _assignment
from core.config import RunConfig
from core.errors import ConfigError, RequestError
from core.given_config import change
from core.models.codec import Codec
from core.models.start import load
from core.training.rollout import sample
from tests.tiny import TEMPLATE, chat_model, chat_tokenizer

TEXT, START, END = 0, 1, 2  # <|endoftext|> <|im_start|> <|im_end|>


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(chat_tokenizer())


def test_trap_4_pad_is_no_end_token_though_the_tokenizer_says_so(codec: Codec) -> None:
    assert codec.tokenizer.pad_token_id == codec.tokenizer.eos_token_id == END
    assert codec.end_ids == (END,)
    assert codec.pad_id not in codec.end_ids


@pytest.mark.parametrize("ends", [[END], [TEXT], [TEXT, START], range(20)], ids=str)
def test_pad_keeps_out_of_the_way_of_all_end_tokens(ends) -> None:
    codec = Codec(chat_tokenizer(), end_ids=ends)
    assert set(codec.end_ids) == {END, *ends}
    assert codec.end_ids[0] == END
    assert codec.pad_id not in codec.end_ids
    assert 0 <= codec.pad_id < len(codec.tokenizer)


def test_the_template_and_its_end_tokens_are_attended_to_and_only_padding_is_not(codec: Codec) -> None:
    texts = ["What is 3 + 4?", "What is the answer, the assistant asks the user, of 33 + 44?"]
    prompts = codec.encode(texts, "cpu")
    assert prompts.attention is not None
    for text, row, real in zip(texts, prompts.ids, prompts.attention, strict=True):
        ids = codec.ids(text)
        assert row[real].tolist() == ids
        assert ids.count(END) == 2  # one closes the system's turn, one the user's
        assert set(row[~real].tolist()) <= {codec.pad_id}
    assert int((~prompts.attention).sum()) > 0
    assert codec.encode([texts[0]] * 2, "cpu").attention is None


@pytest.mark.parametrize(
    ("system_prompt", "begins"),
    [
        (None, "<|im_start|>system\nBe kind.<|im_end|>\n"),
        ("", "<|im_start|>system\n<|im_end|>\n"),
        ("Add.", "<|im_start|>system\nAdd.<|im_end|>\n"),
    ],
)
def test_the_system_prompt_is_the_templates_own_or_none_or_ones_own(system_prompt, begins) -> None:
    codec = Codec(chat_tokenizer(), system_prompt=system_prompt)
    text = codec.tokenizer.decode(codec.ids("3 + 4?"))
    assert text == begins + "<|im_start|>user\n3 + 4?<|im_end|>\n<|im_start|>assistant\n"


def test_a_template_that_knows_no_system_prompt_is_answered_with_a_sentence() -> None:
    tokenizer = chat_tokenizer()
    tokenizer.chat_template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
        "{{ messages[0]['content'] }}"
    )
    assert Codec(tokenizer).ids("3") == [tokenizer.convert_tokens_to_ids("3")]
    assert Codec(tokenizer, system_prompt="").ids("3") == Codec(tokenizer).ids("3")  # as the presets have it
    with pytest.raises(ConfigError) as refused:
        Codec(tokenizer, system_prompt="Add.").ids("3")
    sentence = str(refused.value)
    assert sentence.startswith("system_prompt: ")  # the setting, why, and how it is unset
    assert "(System role not supported)" in sentence
    assert change(RunConfig(system_prompt="Add."), dict([_assignment("system_prompt=null")])).system_prompt is None
    assert "system_prompt=null on the command line" in sentence


def test_a_template_that_refuses_even_the_question_is_the_models_fault() -> None:
    tokenizer = chat_tokenizer()
    tokenizer.chat_template = "{{ raise_exception('No') }}"
    for system_prompt in (None, "", "Add."):
        with pytest.raises(ConfigError, match=r"^model: its chat template refuses such a conversation \(No\)$"):
            Codec(tokenizer, system_prompt=system_prompt).ids("3")


@pytest.mark.parametrize(
    ("template", "system_prompt", "refusal"),
    [
        ("{% for m in messages %}{% for part in m.content %}{{ part.text }}{% endfor %}{% endfor %}", None, "question"),
        ("{{ 3 }}", "", "question"),
        ("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}", "Add.", "system turn"),
    ],
)
def test_a_template_that_leaves_something_out_is_refused(
    template: str, system_prompt: str | None, refusal: str
) -> None:
    """Turns in parts are what templates of models that see pictures ask for: of plain text they make nothing."""
    tokenizer = chat_tokenizer()
    tokenizer.chat_template = template
    with pytest.raises(ConfigError, match=f"chat template leaves the {refusal} out"):
        Codec(tokenizer, system_prompt=system_prompt).ids("3")


@pytest.mark.parametrize("own", ["", "{{ '<|im_start|>system\n<|im_end|>\n' }}"], ids=["no turn", "an empty turn"])
def test_an_empty_system_turn_is_left_out_where_the_template_adds_no_words_of_its_own(own: str) -> None:
    tokenizer = chat_tokenizer()
    tokenizer.chat_template = TEMPLATE.replace("{{ '<|im_start|>system\nBe kind.<|im_end|>\n' }}", own)
    assert "Be kind" not in tokenizer.chat_template
    assert Codec(tokenizer, system_prompt="").ids("3") == Codec(tokenizer).ids("3")
    assert Codec(tokenizer, system_prompt="Add.").ids("3") != Codec(tokenizer).ids("3")


def words(known: str) -> Codec:
    inner = Tokenizer(models.WordLevel({"<unk>": 0, "</s>": 1, **{x: i + 2 for i, x in enumerate(known)}}, "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex("."), behavior="isolated")
    return Codec(PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="</s>", unk_token="<unk>"))


def test_what_a_model_cannot_read_is_named_so_that_one_sees_it() -> None:
    digits = words("0123456789 ")
    with pytest.raises(RequestError) as refused:
        digits.ids("1 h\té0hé")
    assert str(refused.value) == (
        "'h', tab, 'é' (latin small letter e with acute) in '1 h\\té0hé' is no character of this model; "
        "it knows (space) 0 1 2 3 4 5 6 7 8 9"
    )
    with pytest.raises(RequestError, match=r"^space in '1 1' is no character of this model; it knows 0 1$"):
        words("01").response_ids("1 1")
    many = words("".join(map(chr, range(0x4E00, 0x4EFF))) + "+ab")
    with pytest.raises(RequestError) as refused:
        many.ids("x" * 500)
    assert "is none of the 258 characters that this model knows, such as a b 一 " in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_tokenizer_without_an_end_is_refused() -> None:
    tokenizer = chat_tokenizer()
    tokenizer.eos_token = None
    with pytest.raises(ConfigError, match="no end-of-sequence token"):
        Codec(tokenizer)
    assert Codec(tokenizer, end_ids=[END]).end_ids == (END,)


def test_texts_end_at_the_first_end_token_of_any_kind() -> None:
    codec = Codec(chat_tokenizer(), end_ids=[TEXT])
    seven, eight = codec.tokenizer.convert_tokens_to_ids(["7", "8"])
    rows = [[seven, END, eight, TEXT], [seven, TEXT, eight, END], [seven, eight, seven, eight], [END, seven, END, END]]
    assert codec.texts(torch.tensor(rows)) == ["7", "7", "7878", ""]
    assert codec.texts(torch.tensor(rows[3:])) == [""]
    assert codec.texts(torch.empty(0, 4, dtype=torch.long)) == []


def test_what_is_no_text_stays_visible_inside_a_response(codec: Codec) -> None:
    """Left out, `1<|im_start|>6` would read as the right answer 16; so would a number that stands for no token."""
    one, six = codec.tokenizer.convert_tokens_to_ids(["1", "6"])
    beyond = len(codec.tokenizer) + 7
    assert codec.texts(torch.tensor([[one, START, six]])) == ["1<|im_start|>6"]
    assert codec.texts(torch.tensor([[one, beyond, six], [one, six, END]])) == [f"1<{beyond}>6", "16"]
    assert codec.texts(torch.tensor([[beyond, beyond, END]])) == [f"<{beyond}><{beyond}>"]


def test_every_token_of_the_model_has_a_name_also_those_the_tokenizer_lacks() -> None:
    count = len(chat_tokenizer())
    codec = Codec(chat_tokenizer(), vocabulary=count + 3)
    assert len(Codec(chat_tokenizer()).names) == count
    assert codec.names[count:] == [f"<{count}>", f"<{count + 1}>", f"<{count + 2}>"]


def test_byte_level_tokens_show_their_text_and_bytes_that_are_no_character(codec: Codec) -> None:
    text = " the answer is 7.\nthe\tuser"
    ids = codec.tokenizer(text).input_ids
    assert "".join(codec.names[i] for i in ids) == text
    assert any(codec.names[i] == " the" for i in ids)
    assert codec.names[END] == "<|im_end|>"
    partial = [codec.names[i] for i in codec.tokenizer("你").input_ids]
    assert partial == ["\\xe4", "\\xbd", "\\xa0"]
    assert [codec.names[i] for i in codec.tokenizer("é").input_ids] == ["\\xc3", "\\xa9"]


def test_sentencepiece_tokens_show_their_text_and_bytes() -> None:
    pieces = ["<unk>", "</s>", "▁", "▁the", "7", "<0xE4>", "<0x0A>", "<0x41>"]
    inner = Tokenizer(models.Unigram([(x, -1.0) for x in pieces], unk_id=0, byte_fallback=True))
    inner.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="</s>", unk_token="<unk>")
    assert Codec(tokenizer).names == ["<unk>", "</s>", " ", " the", "7", "\\xe4", "\n", "A"]


def test_character_tokens_are_their_own_names() -> None:
    codec = load("chain-sum-3x1").codec
    assert [codec.names[i] for i in codec.ids("8+1=")] == ["<bos>", *"8+1="]


def test_trap_4_a_sampled_end_token_is_inside_the_mask_whichever_it_is() -> None:
    codec = Codec(chat_tokenizer(), end_ids=[TEXT])
    model = chat_model()
    rollout = sample(
        model,
        codec,
        codec.encode(["What is 3 + 4?", "What is 33 + 4?"], "cpu"),
        num_generations=64,
        max_completion_length=40,
        temperature=3.0,
        generator=torch.Generator().manual_seed(0),
    )
    last = []
    for ids, length, cut in zip(
        rollout.completion_ids.tolist(), rollout.lengths.tolist(), rollout.truncated.tolist(), strict=True
    ):
        assert not set(ids[: length - 1]) & set(codec.end_ids)
        assert (ids[length - 1] in codec.end_ids) is not cut
        assert set(ids[length:]) <= {codec.pad_id}
        last.append(ids[length - 1])
    assert {TEXT, END} <= set(last)
    assert bool(rollout.truncated.any())
