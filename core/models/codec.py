"""Text to tokens and back, for one start model: its chat template, its end tokens, and names that a page can show.

Pad is never an end token. Where they are the same (SmolLM2 comes so), masking the pads also masks the end of every
response, and stopping is never trained.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from core.errors import ConfigError, RequestError, cause_of
from core.text import MOST_LISTED, listed, named


@dataclass(frozen=True)
class Prompts:
    """Prompts as tokens, left-padded so that every response starts at the same position."""

    texts: list[str]
    ids: Tensor  # long [P, L]
    attention: Tensor | None  # bool [P, L]; None where no prompt is padded


class Codec:
    """What a policy reads and writes. A prompt is the user's turn; a chat template goes around it if there is one."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        *,
        system_prompt: str | None = None,
        end_ids: Iterable[int] = (),
        vocabulary: int = 0,
    ) -> None:
        """`end_ids` end a response beside the tokenizer's own eos. `system_prompt` None is what the template says by
        itself, "" an empty one. `vocabulary` is the model's, which may be larger than the tokenizer's: numbers that
        stand for nothing can be sampled, too. Raises ConfigError if the tokenizer has no end token."""
        self.tokenizer, self.system_prompt, self.vocabulary = tokenizer, system_prompt, vocabulary
        self.end_ids = tuple(dict.fromkeys(x for x in (tokenizer.eos_token_id, *end_ids) if x is not None))
        if not self.end_ids:
            raise ConfigError("model: its tokenizer has no end-of-sequence token, so no response could ever end")
        self.pad_id = self._pad()
        self._template_checked = False

    def _pad(self) -> int:
        own = self.tokenizer
        special = [own.pad_token_id, own.unk_token_id, *own.all_special_ids, own.bos_token_id]
        for candidate in special:
            if candidate is not None and candidate not in self.end_ids:
                return int(candidate)
        # Pads are never looked at, so any token will do that does not end a response.
        return next(i for i in range(len(own)) if i not in self.end_ids)

    @property
    def chat(self) -> bool:
        """Whether prompts are put into a chat template."""
        return bool(getattr(self.tokenizer, "chat_template", None))

    def ids(self, text: str) -> list[int]:
        """One prompt's tokens. Raises RequestError naming the characters that the model does not know, and ConfigError
        where its chat template takes no such conversation."""
        if self.chat:
            self._check_template()
            return list(self.tokenizer(self._in_template(text), add_special_tokens=False).input_ids)
        ids = self._known(text)
        start = self.tokenizer.bos_token_id
        return ids if start is None else [start, *ids]

    def response_ids(self, text: str) -> list[int]:
        """A whole response's tokens, ended by the tokenizer's own end token. Raises RequestError as `ids` does."""
        return [*self._known(text), self.end_ids[0]]

    def _in_template(self, text: str) -> str:
        """The chat template's text around a question, up to where the model's answer begins.

        A system prompt of "" says that there shall be none. Most templates have none by themselves, and some know no
        system turn at all: then the turn is left out. Where a template would put words of its own there (SmolLM2's),
        only an empty turn keeps them out.
        """
        user = {"role": "user", "content": text}
        by_itself, refused = self._rendered([user])
        if self.system_prompt is None and by_itself is not None:
            return by_itself
        if self.system_prompt is not None:
            system = {"role": "system", "content": self.system_prompt}
            with_system, refused_system = self._rendered([system, user])
            if by_itself is not None and not self.system_prompt:
                own_words = with_system is not None and len(by_itself) > len(with_system)
                return with_system if own_words and with_system is not None else by_itself
            if with_system is not None:
                return with_system
            if by_itself is not None and refused_system is not None:
                raise ConfigError(
                    "system_prompt: this model's chat template takes no system turn ({cause}); leave the setting "
                    "empty (system_prompt=null on the command line), or put its words into the questions",
                    cause=cause_of(refused_system),
                ) from refused_system
            refused = refused_system
        assert refused is not None  # nothing was written, so something was raised
        raise ConfigError(
            "model: its chat template refuses such a conversation ({cause})", cause=cause_of(refused)
        ) from refused

    def _check_template(self) -> None:
        """Raises ConfigError where the chat template leaves out the question, or the system prompt that is set.

        A template for turns in parts (text, pictures) makes nothing of a question that is plain text, silently.
        """
        if self._template_checked:
            return
        one, other = (self._in_template(x) for x in ("1", "2"))
        if one == other:
            raise ConfigError("model: its chat template leaves the question out")
        if self.system_prompt and self._rendered([{"role": "user", "content": "1"}])[0] == one:
            raise ConfigError(
                "system_prompt: this model's chat template leaves the system turn out; leave the setting empty "
                "(system_prompt=null on the command line), or put its words into the questions"
            )
        self._template_checked = True

    def _rendered(self, turns: list[dict[str, str]]) -> tuple[str | None, Exception | None]:
        """(the conversation in the chat template, None), or (None, what the template raised)."""
        try:
            text = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        except Exception as error:  # a template raises what it likes
            return None, error
        return str(text), None

    def _known(self, text: str) -> list[int]:
        """A text's tokens. Raises RequestError naming what is no token of this model's."""
        tokenizer = self.tokenizer
        ids = list(tokenizer(text, add_special_tokens=False).input_ids)
        unknown = tokenizer.unk_token_id
        if unknown is None or unknown not in ids:
            return ids
        known = {x for x in tokenizer.get_vocab() if len(x) == 1}
        strange = list(dict.fromkeys(x for x in text if x not in known))
        where = repr(text[:60] + "…" if len(text) > 60 else text)
        given = f"{', '.join(named(x) for x in strange[:3])} in {where}" if strange else where
        if len(known) <= MOST_LISTED:
            raise RequestError(
                "{given} is no character of this model; it knows {names}", given=given, names=listed(known)
            )
        raise RequestError(
            "{given} is none of the {count} characters that this model knows, such as {names}",
            given=given,
            count=len(known),
            names=listed(known),
        )

    def encode(self, texts: list[str], device: torch.device | str) -> Prompts:
        """Prompts as left-padded tokens. Raises RequestError as `ids` does."""
        rows = [self.ids(text) for text in texts]
        longest = max(len(row) for row in rows)
        ids = torch.tensor([[self.pad_id] * (longest - len(r)) + r for r in rows], device=device)
        if all(len(row) == longest for row in rows):
            return Prompts(texts, ids, None)
        lengths = torch.tensor([len(row) for row in rows], device=device)
        return Prompts(texts, ids, torch.arange(longest, device=device) >= longest - lengths[:, None])

    def plain_ids(self, text: str) -> list[int]:
        """A text's tokens and nothing around them. Raises RequestError as `ids` does."""
        return self._known(text)

    def text(self, tokens: list[int]) -> str:
        """One answer's tokens as text, up to its end token."""
        return self.texts(torch.tensor([tokens]))[0]

    def texts(self, ids: Tensor, lengths: Tensor | None = None) -> list[str]:
        """Responses long [B, T] as text, up to their end token; one that has none counts to its end.

        Where `lengths`, long [B], says how far a response goes, an end token before that ends a line: it is an answer's
        that an environment replied to (core/training/turns.py).

        A special token that was sampled inside a response stays visible (`<pad>`): left out, `=<pad>16` would read as
        `=16` and be rewarded.
        """
        rows: list[list[int]] = []
        lines: list[int] = []  # of each response
        for row, length in zip(ids.tolist(), self._until(ids, lengths), strict=True):
            ends = [i for i in range(length) if row[i] in self.end_ids]
            ends = ends if lengths is not None else ends[:1]
            starts = [0, *(x + 1 for x in ends)]
            own = [row[a:b] for a, b in zip(starts, [*ends, length], strict=True)]
            own = own[:-1] if ends and (lengths is None or ends[-1] == length - 1) else own
            rows += own
            lines.append(len(own))
        decoded = iter(self._decoded(rows))
        return ["\n".join(next(decoded) for _ in range(n)) for n in lines]

    @staticmethod
    def _until(ids: Tensor, lengths: Tensor | None) -> list[int]:
        return [ids.shape[1]] * len(ids) if lengths is None else [int(x) for x in lengths]

    def _decoded(self, rows: list[list[int]]) -> list[str]:
        if not rows:  # transformers decodes an empty batch as one empty text
            return []
        known = len(self.tokenizer)
        if any(token >= known for row in rows for token in row):  # transformers leaves those out
            return [self._with_unknown(row, known) for row in rows]
        return self.tokenizer.batch_decode(rows, skip_special_tokens=False, clean_up_tokenization_spaces=False)

    def _with_unknown(self, row: list[int], known: int) -> str:
        runs = [list(run) for _, run in groupby(row, key=lambda token: token >= known)]
        return "".join(
            "".join(_unknown(x) for x in run) if run[0] >= known else self._decoded([run])[0] for run in runs
        )

    @cached_property
    def names(self) -> list[str]:
        """Each token as a page shows it: its text; bytes that are no whole character as `\\xe4`."""
        return [*self._known_names(), *(_unknown(i) for i in range(len(self.tokenizer), self.vocabulary))]

    def _known_names(self) -> list[str]:
        tokens = [str(x) for x in self.tokenizer.convert_ids_to_tokens(range(len(self.tokenizer)))]
        vocabulary = set(tokens)
        special = set(self.tokenizer.all_special_tokens)
        if "Ġ" in vocabulary:  # byte-level BPE: every byte stands as a printable character
            table = {character: byte for byte, character in _byte_characters().items()}
            return [x if x in special else _text(x, table) for x in tokens]
        if "▁" in vocabulary:  # SentencePiece: a space stands as ▁, a byte as <0xE4>
            return [x if x in special else _piece(x) for x in tokens]
        return tokens


def _unknown(token: int) -> str:
    return f"<{token}>"


def _text(token: str, table: dict[str, int]) -> str:
    if any(character not in table for character in token):  # an added token stands as it is
        return token
    data = bytes(table[character] for character in token)
    return _readable(data)


def _piece(token: str) -> str:
    if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
        return _readable(bytes([int(token[3:5], 16)]))
    return token.replace("▁", " ")


def _readable(data: bytes) -> str:
    return data.decode("utf-8", errors="backslashreplace")


def _byte_characters() -> dict[int, str]:
    """GPT-2's table (Radford et al. 2019): printable bytes are themselves, the others are moved above U+0100."""
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in kept]
    return {byte: chr(byte) for byte in kept} | {byte: chr(0x100 + i) for i, byte in enumerate(moved)}
