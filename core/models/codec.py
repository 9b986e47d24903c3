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
        """One prompt's tokens. Raises RequestError naming the first character that the model does not know."""
        if self.chat:
            turns = [] if self.system_prompt is None else [{"role": "system", "content": self.system_prompt}]
            turns.append({"role": "user", "content": text})
            try:
                rendered = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
            except Exception as error:  # a template raises what it likes; some know no system prompt, and say so
                raise ConfigError(
                    "model: its chat template refuses such a conversation ({cause})", cause=cause_of(error)
                ) from error
            return list(self.tokenizer(rendered, add_special_tokens=False).input_ids)
        ids = list(self.tokenizer(text, add_special_tokens=False).input_ids)
        if self.tokenizer.unk_token_id is not None and self.tokenizer.unk_token_id in ids:
            known = sorted(t for t in self.tokenizer.get_vocab() if len(t) == 1)
            strange = next((c for c in text if c not in known), text)
            raise RequestError(
                "{given} in {text} is no character of this model; it knows {names}",
                given=repr(strange),
                text=repr(text),
                names=" ".join(known[:200]),
            )
        start = self.tokenizer.bos_token_id
        return ids if start is None else [start, *ids]

    def response_ids(self, text: str) -> list[int]:
        """A whole response's tokens, ended by the tokenizer's own end token. Raises RequestError as `ids` does."""
        ids = list(self.tokenizer(text, add_special_tokens=False).input_ids)
        if self.tokenizer.unk_token_id is not None and self.tokenizer.unk_token_id in ids:
            raise RequestError("{text} has a character that this model does not know", text=repr(text))
        return [*ids, self.end_ids[0]]

    def encode(self, texts: list[str], device: torch.device | str) -> Prompts:
        """Prompts as left-padded tokens. Raises RequestError as `ids` does."""
        rows = [self.ids(text) for text in texts]
        longest = max(len(row) for row in rows)
        ids = torch.tensor([[self.pad_id] * (longest - len(r)) + r for r in rows], device=device)
        if all(len(row) == longest for row in rows):
            return Prompts(texts, ids, None)
        lengths = torch.tensor([len(row) for row in rows], device=device)
        return Prompts(texts, ids, torch.arange(longest, device=device) >= longest - lengths[:, None])

    def texts(self, ids: Tensor) -> list[str]:
        """Responses long [B, T] as text, up to their end token; one that has none counts to its end.

        A special token that was sampled inside a response stays visible (`<pad>`): left out, `=<pad>16` would read as
        `=16` and be rewarded.
        """
        rows = []
        for row in ids.tolist():
            end = next((i for i, token in enumerate(row) if token in self.end_ids), len(row))
            rows.append(row[:end])
        return self._decoded(rows)

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
