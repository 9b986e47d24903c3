"""Makes a start model by the recipe that a kind of task declares: `python -m core.training.pretrain chain-sum-3x1`.

The model is supervised on responses some of which are wrong on purpose, as its recipe says (`core.tasks.kind.Recipe`).
So it learns the form of an answer perfectly and what is right only partly: chain-sum's starts with 35–60 % sampled
success, from which reinforcement learning has something to do. Held-out questions are never seen here either.

A second, small loss asks at every token whether the answer is right so far; its head is thrown away. A pretrained
language model's features tell right from wrong to some degree; those of a model this small would not, and no critic
could be fitted to them within a lesson (measured: explained variance still 0 after 600 updates without it).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from tqdm import tqdm
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from core.models.bundled import BUNDLED, weights_hash
from core.models.tokenizer import SPECIAL, character_tokenizer, word_tokenizer
from core.tasks.kind import Piece, Recipe, Worked
from core.tasks.registry import recipes, task_for, task_kind


def build(recipe: Recipe) -> LlamaForCausalLM:
    """A Llama of the recipe's shape with seeded random weights."""
    torch.manual_seed(recipe.seed)
    kind, task = task_kind(recipe.task), task_for(recipe.task)
    longest_prompt = 1 + (kind.longest_prompt(recipe.task) or 0)  # after the token that begins a text
    config = LlamaConfig(
        vocab_size=len(SPECIAL) + len(kind.words or kind.alphabet),
        hidden_size=recipe.hidden_size,
        intermediate_size=recipe.intermediate_size,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.heads,
        max_position_embeddings=2 * (longest_prompt + task.max_completion_length),
        tie_word_embeddings=True,
        attention_dropout=0.0,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    return LlamaForCausalLM(config)


def tokenizer_of(recipe: Recipe) -> PreTrainedTokenizerFast:
    """A token per word, or per character, of what the recipe's task is written in."""
    kind = task_kind(recipe.task)
    return word_tokenizer(kind.words) if kind.words else character_tokenizer(kind.alphabet)


def pretrain(recipe: Recipe) -> LlamaForCausalLM:
    """The supervised start policy of a recipe; deterministic for a given torch build on one CPU thread."""
    torch.set_num_threads(1)
    task, tokenizer, model = task_for(recipe.task), tokenizer_of(recipe), build(recipe)
    judge = nn.Linear(recipe.hidden_size, 1)  # thrown away afterwards: only the features stay
    draw = random.Random(recipe.seed)
    parameters = [*model.parameters(), *judge.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=recipe.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=recipe.updates)
    bar = tqdm(range(recipe.updates), desc="supervised start policy")
    for update in bar:
        prompts = task.prompts(recipe.seed, update, recipe.batch)
        answers = [recipe.pieces(p, draw) for p in prompts]
        right = None
        if recipe.judge:
            right = [_judged(recipe, cast(Worked, task), p, a) for p, a in zip(prompts, answers, strict=True)]
        batch = _batch(tokenizer, prompts, answers, right)
        language, judgement = _losses(model, judge, batch)
        (language if judgement is None else language + recipe.judge * judgement).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if update % 50 == 0:
            losses = {"loss": language} if judgement is None else {"loss": language, "judge": judgement}
            bar.set_postfix({name: f"{float(loss.detach()):.3f}" for name, loss in losses.items()})
    return model.eval()


@dataclass(frozen=True)
class TextBatch:
    """Prompts with their answers, right-padded to L tokens."""

    ids: Tensor  # long [B, L]
    attention: Tensor  # long [B, L]
    learned: Tensor  # bool [B, L], the answers' tokens with their eos, without what a task says in between
    right: Tensor | None  # float [B, L], 1 as long as a right answer begins so; None where nobody judges


def _right_so_far(recipe: Recipe, task: Worked, prompt: str, answer: str) -> list[bool]:
    """Whether all is right after each character of an answer, and after its end."""
    own = recipe.right_so_far(prompt, answer)
    if own is not None:
        return own
    solution = task.solution(prompt)
    return [*(answer[: i + 1] == solution[: i + 1] for i in range(len(answer))), answer == solution]


def _judged(recipe: Recipe, task: Worked, prompt: str, pieces: list[Piece]) -> list[bool]:
    """Whether all is right so far at each token of a response, its task's included: of each answer by itself."""
    each = (_right_so_far(recipe, task, prompt, x.text) if x.written else [False] * len(x.text) for x in pieces)
    return [right for own in each for right in own]


def _batch(
    tokenizer: PreTrainedTokenizerFast, prompts: list[str], answers: list[list[Piece]], right: list[list[bool]] | None
) -> TextBatch:
    rows: list[tuple[list[int], list[int]]] = []
    taught: list[list[bool]] = []
    for prompt, pieces in zip(prompts, answers, strict=True):
        parts = [([*tokenizer(x.text).input_ids, 2] if x.written else tokenizer(x.text).input_ids) for x in pieces]
        rows.append(([1, *tokenizer(prompt).input_ids], [token for part in parts for token in part]))
        taught.append([x.written for x, part in zip(pieces, parts, strict=True) for _ in part])
    longest = max(len(before) + len(after) for before, after in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    attention, learned = torch.zeros_like(ids), torch.zeros_like(ids, dtype=torch.bool)
    so_far = None if right is None else torch.zeros(len(rows), longest)
    for i, (before, after) in enumerate(rows):
        start, end = len(before), len(before) + len(after)
        ids[i, :end] = torch.tensor(before + after)
        attention[i, :end], learned[i, start:end] = 1, torch.tensor(taught[i])
        if right is not None and so_far is not None:
            so_far[i, start:end] = torch.tensor(right[i], dtype=torch.float)
    return TextBatch(ids, attention, learned, so_far)


def _losses(model: LlamaForCausalLM, judge: nn.Linear, batch: TextBatch) -> tuple[Tensor, Tensor | None]:
    """Cross-entropy of the answers' tokens, and of telling at each of them whether all is right so far, if asked."""
    hidden = model.model(input_ids=batch.ids, attention_mask=batch.attention, use_cache=False).last_hidden_state
    logits = model.lm_head(hidden[:, :-1])
    learned = batch.learned[:, 1:]
    language = nn.functional.cross_entropy(logits[learned], batch.ids[:, 1:][learned])
    if batch.right is None:
        return language, None
    verdicts = judge(hidden)[..., 0][batch.learned]
    return language, nn.functional.binary_cross_entropy_with_logits(verdicts, batch.right[batch.learned])


def main() -> None:
    """Trains the named start model, saves it where the app finds it, and writes its card with the measured start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=recipes())
    parser.add_argument("--out", type=Path, help="folder to write to (default: the bundled model's own)")
    parser.add_argument("--judge", type=float, help="another weight of the judge loss; 0: none (needs --out)")
    arguments = parser.parse_args()
    recipe, folder = recipes()[arguments.name], arguments.out or BUNDLED / arguments.name
    if arguments.judge is not None:
        if arguments.out is None:
            parser.error("--judge makes another model than the bundled one: say with --out where it shall be")
        recipe = dataclasses.replace(recipe, judge=arguments.judge)
    model = pretrain(recipe)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer_of(recipe).save_pretrained(folder)

    from core.training.start_card import write_card

    measured = write_card(folder, arguments.name, recipe, weights_hash(model))
    print(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
