"""What TRL's methods hand out, as this lab's values: on the CPU, in float32, in TRL's order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.errors import ConfigError, Message
from core.integrations.trl.batch import Made
from core.runs.foreign import clean, message_text


@dataclass(frozen=True)
class Rewarded:
    """What TRL's `_calculate_rewards` was given and gave: B responses, F reward functions."""

    prompts: list[Any]  # B, each a text or a conversation
    completions: list[Any]  # B, likewise
    ids: list[list[int]]  # B, each response's tokens
    per_function: Tensor  # float [B, F], NaN where a function gave nothing


def made_of(
    trainer: Any,
    rewarded: Rewarded | None,
    inputs: list[dict[str, Any]],
    output: dict[str, Any],
    *,
    seconds: float,
    answer_column: str | None,
) -> Made:
    """A generation batch as TRL made it in so many seconds.

    `inputs` are the data set's rows, `output` what `_generate_and_score_completions` gave. Raises ConfigError where
    TRL made it in a way that is not known here.
    """
    if rewarded is None or output["advantages"].dim() != 1 or len(rewarded.ids) != len(output["advantages"]):
        raise ConfigError("TRL made its responses in a way that this callback does not know.")
    total = (rewarded.per_function * trainer.reward_weights.cpu()).nansum(dim=1)
    total[rewarded.per_function.isnan().all(dim=1)] = torch.nan
    mask = output["completion_mask"] * output.get("tool_mask", 1)
    ends = {*trainer.eos_token_ids, trainer._tokenizer.pad_token_id}
    return Made(
        prompts=[clean(message_text(x), Message("A prompt")) for x in rewarded.prompts],
        responses=[clean(message_text(x), Message("A completion")) for x in rewarded.completions],
        answers=[_answer(x, answer_column) for x in inputs],
        rewards=total,
        advantages=floats(output["advantages"]),
        ids=[list(x) for x in rewarded.ids],
        mask=mask.bool().cpu(),
        truncated=[not x or x[-1] not in ends for x in rewarded.ids],
        group_size=trainer.num_generations,
        seconds=seconds,
        old=floats(output.get("old_per_token_logps")),
        ref=floats(output.get("ref_per_token_logps")),
    )


def _answer(row: dict[str, Any], column: str | None) -> str | None:
    return None if column is None or row.get(column) is None else clean(str(row[column]), column)


def floats(x: Tensor | None) -> Any:
    """The numbers on the CPU in float32; None stays None."""
    return None if x is None else x.detach().float().cpu()
