"""Tokenizers of characters and of words as normal `PreTrainedTokenizerFast`s, with pad, bos and eos all distinct.

Pad must differ from eos: where they are the same, masking the pads also masks the end of every response, and stopping
is never trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

SPECIAL = ("<pad>", "<bos>", "<eos>", "<unk>")


def character_tokenizer(alphabet: str) -> PreTrainedTokenizerFast:
    """One token per character of `alphabet`, after the four special tokens."""
    tokenizer = _tokenizer(alphabet)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    return _fast(tokenizer)


def word_tokenizer(words: Sequence[str]) -> PreTrainedTokenizerFast:
    """One token per word and per sign of `words`, after the four special tokens. No space stands before . , ? and !"""
    tokenizer = _tokenizer(words)
    signs = pre_tokenizers.Split(Regex("[.,?!]"), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), signs])
    # WordPiece's own cleaning up would also make "don't" of "do not".
    joined = [decoders.WordPiece(prefix="##", cleanup=False), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*joined, *(decoders.Replace(f" {x}", x) for x in ".,?!")])
    return _fast(tokenizer)


def _tokenizer(tokens: Iterable[str]) -> Tokenizer:
    vocabulary = {token: i for i, token in enumerate([*SPECIAL, *tokens])}
    return Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))


def _fast(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
