"""A step's responses: sampled and verified, and with dynamic sampling replaced where they carry no signal.

Dynamic sampling (DAPO, Yu et al. 2025, arXiv:2503.14476, section 3.2): a group whose answers all score the same gives
its learner nothing, so other questions are asked in its place until the batch is full, or `max_sampling_rounds` is
reached; what is then still without signal stays as it is. The batch keeps its size and its numbering of groups.

The prompts remain a function of seed and step: a step's stream begins with the prompts that every learner is asked, and
the replacements are the ones that follow in it. So at step s all learners are *first* asked the same prompts; which
ones a learner with dynamic sampling then trains on depends on how it answered, and the step's prompt hash, which is of
those, differs from the others' where something was replaced. What the trace says of the step's rewards is of the kept
groups, which are chosen to be neither all right nor all wrong: only held-out success says how good such a policy is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers import PreTrainedModel

from core.algorithms.advantages import tied
from core.config import RunConfig
from core.learners.collected import Collected
from core.learners.kind import Given
from core.learners.registry import learner_kind, needs_of
from core.learners.settings import LearnerSettings
from core.models import positions
from core.models.codec import Codec
from core.rewards import REWARDS
from core.rewards.base import Asked, Occasion
from core.tasks.base import Task
from core.training.collecting import rollout_of
from core.training.continuations import Responses
from core.training.proxy import Proxy
from core.training.record import Answers
from core.training.rollout import Rollout, sample
from core.training.turns import environment_of

#: So many training prompts are read before the first step, to know how long they are.
_PROMPTS_READ = 64
#: Where the random numbers of the replacements begin; below are those of the sampling and of the passes.
_ROUNDS = 100


@dataclass(frozen=True)
class Gathered:
    """The responses that a step is trained on: P prompts, B = P · G responses, a prompt's one after another."""

    prompts: list[str]  # P
    rollout: Rollout
    answers: Answers
    sampled: int  # responses that were sampled and scored, B and those that were given up
    sizes: list[int] | None = None  # responses of each prompt; None: equally many
    written_by: str = "policy"  # "policy": rollout.logprobs are its own; "collector": of who wrote the data set

    @property
    def group(self) -> Tensor:
        """Which prompt of the step each response answers, long [B]."""
        count = len(self.rollout.mask)
        sizes = torch.tensor(self.sizes or [count // len(self.prompts)] * len(self.prompts))
        return torch.arange(len(self.prompts)).repeat_interleave(sizes).to(self.rollout.mask.device)

    @property
    def rewards(self) -> Tensor:
        """Float [B]."""
        return torch.tensor(self.answers.rewards, device=self.rollout.mask.device)

    def written(self, count: int | None = None) -> Responses:
        """The first `count` responses (None: all) as an oracle takes them."""
        rollout = self.rollout
        return Responses(
            self.answers.prompts[:count], rollout.completion_ids[:count], rollout.mask[:count], self.rewards[:count]
        )


@dataclass(frozen=True)
class Asker:
    """Who is asked, and how its answers are sampled."""

    policy: PreTrainedModel
    codec: Codec
    task: Task
    config: RunConfig
    settings: LearnerSettings
    max_length: int  # of a response, in tokens
    data: Collected | None = None  # what is learnt from in place of fresh responses
    proxy: Proxy | None = None  # the reward model that scores the responses; None: the learner's reward does

    @property
    def group_size(self) -> int:
        """Responses per prompt (G)."""
        return self.config.group_size(self.settings)

    def gather(self, step: int, generator: Callable[[int], torch.Generator]) -> Gathered:
        """Asks the step's prompts; `generator(stream)` gives the random numbers of a stream of this step.

        A kind that learns from given responses asks nobody: it gets its own.
        """
        kind, count = learner_kind(self.settings), self.config.prompts_of(self.settings) * self.group_size
        if kind.given is not None:
            return self._given(kind.given(self.settings, self.task, self.config.seed, step, count))
        if kind.draws is not None:
            assert self.data is not None
            return self._drawn(self.data, kind.draws(self.settings, self.data, self.config.seed, step, count))
        seed, asked = self.config.seed, self.config.prompts_of(self.settings)
        gathered = self._ask(self.task.prompts(seed, step, asked), generator(0), Occasion(seed, step))
        for number in range(needs_of(self.settings).replacement_rounds):
            empty = self._without_signal(gathered)
            if not len(empty):
                break
            others = self.task.prompts(seed, step, asked + len(empty))[asked:]
            asked += len(empty)
            fresh = self._ask(others, generator(_ROUNDS + number), Occasion(seed, step, 1 + number))
            good = torch.ones(len(empty), dtype=torch.bool)
            good[self._without_signal(fresh)] = False
            gathered = self._replaced(gathered, empty[good], fresh, good.nonzero()[:, 0])
        return gathered

    def _ask(self, prompts: list[str], generator: torch.Generator, occasion: Occasion) -> Gathered:
        device = next(self.policy.parameters()).device
        rollout = sample(
            self.policy,
            self.codec,
            self.codec.encode(prompts, device),
            num_generations=self.group_size,
            max_completion_length=self.max_length,
            temperature=self.config.temperature,
            generator=generator,
            environment=environment_of(self.task, self.codec, prompts, self.group_size),
        )
        return Gathered(prompts, rollout, self._scored(prompts, rollout, occasion), len(rollout.mask))

    def _scored(self, prompts: list[str], rollout: Rollout, occasion: Occasion) -> Answers:
        repeated = [p for p in prompts for _ in range(self.group_size)]
        responses = self.codec.texts(rollout.completion_ids, rollout.lengths)
        asked = zip(repeated, responses, rollout.truncated.tolist(), strict=True)
        score = REWARDS[self.settings.reward].score
        verdicts = score(self.task, [Asked(p, r, not cut) for p, r, cut in asked], occasion)
        return Answers(
            repeated,
            responses,
            [self.task.truth(p) for p in repeated],
            [v.reward for v in verdicts] if self.proxy is None else self.proxy.score(rollout),
            [v.success for v in verdicts],
            [v.parts for v in verdicts],
        )

    def _given(self, data: Sequence[Given]) -> Gathered:
        """Given responses as tokens, each ended by the model's own end token; nothing is known of who wrote them."""
        rows = [self.codec.response_ids(x.response)[: self.max_length] for x in data]
        rollout = rollout_of(self.policy, self.codec, [x.prompt for x in data], rows)
        positions.check(self.policy, type(self.policy).__name__, rollout.prompt_ids.shape[1], rollout.mask.shape[1])
        rewards = [x.reward for x in data]
        verdicts = [self.task.verify(x.prompt, x.response) for x in data]
        answers = Answers(
            [x.prompt for x in data],
            self.codec.texts(rollout.completion_ids),
            [self.task.truth(x.prompt) for x in data],
            rewards,
            [x.success for x in verdicts],
            [x.parts for x in verdicts],
        )
        return Gathered([x.prompt for x in data[:: self.group_size]], rollout, answers, 0)

    def _drawn(self, data: Collected, groups: list[list[int]]) -> Gathered:
        """Responses of the data set by their numbers, those of a question one after another."""
        rows = [data.responses[i] for group in groups for i in group]
        rollout = rollout_of(
            self.policy, self.codec, [x.prompt for x in rows], [x.tokens for x in rows], [x.logprobs for x in rows]
        )
        answers = Answers(
            [x.prompt for x in rows],
            [x.response for x in rows],
            [x.answer for x in rows],
            [x.reward for x in rows],
            [x.success for x in rows],
            [{} for _ in rows],  # a data set keeps its rewards, not what they were made of
        )
        by = "collector" if learner_kind(self.settings).against_collector else "policy"
        prompts = [data.responses[group[0]].prompt for group in groups]
        return Gathered(prompts, rollout, answers, 0, [len(x) for x in groups], by)

    def _without_signal(self, gathered: Gathered) -> Tensor:
        """The groups whose rewards are all equal, long [n]."""
        group = torch.arange(len(gathered.prompts)).repeat_interleave(self.group_size)
        return tied(torch.tensor(gathered.answers.rewards), group).nonzero()[:, 0]

    def _replaced(self, gathered: Gathered, groups: Tensor, fresh: Gathered, by: Tensor) -> Gathered:
        """`gathered` with `groups` replaced by the groups `by` of `fresh`; both long [n]."""
        each = torch.arange(self.group_size)
        rows, others = ((x[:, None] * len(each) + each).flatten() for x in (groups, by))
        prompts = list(gathered.prompts)
        for group, other in zip(groups.tolist(), by.tolist(), strict=True):
            prompts[group] = fresh.prompts[other]
        rollout = replace_rows(gathered.rollout, rows, fresh.rollout, others, self.codec.pad_id)
        answers = gathered.answers.replaced(rows.tolist(), fresh.answers, others.tolist())
        return Gathered(prompts, rollout, answers, gathered.sampled + fresh.sampled)


def longest_prompt(task: Task, codec: Codec, seed: int) -> int:
    """Tokens of the longest prompt: of all where the task can name them, else of those held out and the first ones
    asked. Raises RequestError where the model cannot read one."""
    prompts = getattr(task, "every_prompt", None)
    if prompts is None:
        prompts = [*task.heldout, *task.prompts(seed, 0, _PROMPTS_READ)]
    return max(len(codec.ids(x)) for x in prompts)


def replace_rows(rollout: Rollout, rows: Tensor, fresh: Rollout, by: Tensor, pad_token_id: int) -> Rollout:
    """The rollout with `rows` taken from `by` of another one, both padded to common lengths; rows and by long [n]."""
    prompt = max(rollout.prompt_ids.shape[1], fresh.prompt_ids.shape[1])
    length = max(rollout.mask.shape[1], fresh.mask.shape[1])

    def left(x: Tensor, value: float) -> Tensor:
        return pad(x, (prompt - x.shape[1], 0), value=value)

    def right(x: Tensor, value: float) -> Tensor:
        return pad(x, (0, length - x.shape[1]), value=value)

    def joined(mine: Tensor, theirs: Tensor) -> Tensor:
        return mine.index_copy(0, rows.to(mine.device), theirs[by.to(mine.device)])

    padded = prompt > min(rollout.prompt_ids.shape[1], fresh.prompt_ids.shape[1])
    attention = None
    if padded or rollout.prompt_attention is not None or fresh.prompt_attention is not None:
        mine, theirs = (
            torch.ones_like(x.prompt_ids, dtype=torch.bool) if x.prompt_attention is None else x.prompt_attention
            for x in (rollout, fresh)
        )
        attention = joined(left(mine, False), left(theirs, False))
    return Rollout(
        joined(left(rollout.prompt_ids, pad_token_id), left(fresh.prompt_ids, pad_token_id)),
        attention,
        joined(right(rollout.completion_ids, pad_token_id), right(fresh.completion_ids, pad_token_id)),
        joined(right(rollout.mask, False), right(fresh.mask, False)),
        joined(right(rollout.logprobs, 0), right(fresh.logprobs, 0)),
        joined(rollout.truncated, fresh.truncated),
    )
