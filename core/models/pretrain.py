"""Makes a bundled start model: `python -m core.models.pretrain chain-sum-3x1`.

The model is supervised on scratchpads in which some intermediate sums are wrong on purpose. It so learns the form of an
answer perfectly and the arithmetic only partly: a start with 35–60 % sampled success, from which reinforcement learning
has something to do. Held-out questions are never seen here either.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm
from transformers import LlamaConfig, LlamaForCausalLM

from core.config import ChainSumSettings
from core.models.bundled import BUNDLED, weights_hash
from core.models.tokenizer import SPECIAL, character_tokenizer
from core.tasks.chain_sum import ALPHABET, ChainSum


@dataclass(frozen=True)
class Recipe:
    """Everything that the weights follow from."""

    task: ChainSumSettings
    hidden_size: int = 96
    layers: int = 2
    heads: int = 4
    intermediate_size: int = 256
    wrong_sums: float = 0.3  # share of intermediate sums that are taught wrong
    updates: int = 2500
    batch: int = 128
    learning_rate: float = 3e-3
    seed: int = 20_240_205


RECIPES = {
    "chain-sum-3x1": Recipe(ChainSumSettings(terms=3, digits=1)),
}


def build(recipe: Recipe) -> LlamaForCausalLM:
    """A Llama of the recipe's shape with seeded random weights."""
    torch.manual_seed(recipe.seed)
    task = ChainSum(recipe.task)
    longest_prompt = recipe.task.terms * (recipe.task.digits + 1) + 1
    config = LlamaConfig(
        vocab_size=len(SPECIAL) + len(ALPHABET),
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


def scratchpad(terms: list[int], generator: torch.Generator, wrong: float) -> str:
    """A worked sum whose intermediate results are each off by 1 to 3 with probability `wrong`, carried on from there."""
    total, lines = terms[0], []
    for term in terms[1:]:
        result = total + term
        if torch.rand((), generator=generator) < wrong:
            offset = int(torch.randint(1, 4, (), generator=generator))
            result = max(0, result + (offset if torch.rand((), generator=generator) < 0.5 else -offset))
        lines.append(f"{total}+{term}={result}")
        total = result
    return ";".join(lines)


def pretrain(recipe: Recipe) -> LlamaForCausalLM:
    """The supervised start policy of a recipe; deterministic for a given torch build on one CPU thread."""
    torch.set_num_threads(1)
    task, tokenizer, model = ChainSum(recipe.task), character_tokenizer(ALPHABET), build(recipe)
    generator = torch.Generator().manual_seed(recipe.seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=recipe.updates)
    bar = tqdm(range(recipe.updates), desc="supervised start policy")
    for update in bar:
        prompts = task.prompts(recipe.seed, update, recipe.batch)
        answers = [scratchpad(task.terms(p), generator, recipe.wrong_sums) for p in prompts]
        loss = _next_token_loss(model, *_batch(tokenizer, prompts, answers))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if update % 50 == 0:
            bar.set_postfix(loss=f"{float(loss.detach()):.3f}")
    return model.eval()


def _batch(tokenizer: object, prompts: list[str], answers: list[str]) -> tuple[Tensor, Tensor, Tensor]:
    """Token ids [B, L] right-padded, attention mask [B, L], and a mask of the answers' tokens with their eos."""
    rows = []
    for prompt, answer in zip(prompts, answers, strict=True):
        before = [1, *tokenizer(prompt).input_ids]  # type: ignore[operator]
        rows.append((before, [*tokenizer(answer).input_ids, 2]))  # type: ignore[operator]
    longest = max(len(a) + len(b) for a, b in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    attention, learned = torch.zeros_like(ids), torch.zeros_like(ids)
    for i, (before, after) in enumerate(rows):
        length = len(before) + len(after)
        ids[i, :length] = torch.tensor(before + after)
        attention[i, :length] = 1
        learned[i, len(before) : length] = 1
    return ids, attention, learned


def _next_token_loss(model: LlamaForCausalLM, ids: Tensor, attention: Tensor, learned: Tensor) -> Tensor:
    logits = model(input_ids=ids, attention_mask=attention, use_cache=False).logits[:, :-1]
    losses = nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    weights = learned[:, 1:].flatten()
    return (losses * weights).sum() / weights.sum()


def main() -> None:
    """Trains the named start model, saves it where the app finds it, and writes its card with the measured start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--out", type=Path, help="folder to write to (default: the bundled model's own)")
    arguments = parser.parse_args()
    recipe, folder = RECIPES[arguments.name], arguments.out or BUNDLED / arguments.name
    model = pretrain(recipe)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    character_tokenizer(ALPHABET).save_pretrained(folder)

    from core.models.card import write_card

    measured = write_card(folder, arguments.name, recipe, weights_hash(model))
    print(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
