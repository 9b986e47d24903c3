"""Will it fit? The memory that a learner needs at its peak, predicted before anything is loaded.

From a model's config.json and the run's settings; measured by `python -m benches.memory`. All numbers are bytes.
Responses and continuations are taken to be as long as they may be and to differ from the first token on; a policy that
has learnt something needs less than that. Against what was measured of narrow models it is 9 % too low at most (values
that are checked), of PPO on responses of 200 tokens 4 % too high; of the presets' runs 4 % too low to 8 % too high.

What this trainer keeps, per parameter (core/models/precision.py says why weights are 32 bits wide throughout):
trained 4 (weights) + 4 (gradients, only while they are made) + 8 (Adam's two moments) = 16; frozen 4. The usual recipe
for large GPUs comes to the same 16 for what is trained (2 weights + 2 gradients + 4 master weights + 8 moments, all in
bfloat16 but for Adam) and to 2 for what is frozen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.config import RunConfig
from core.learners.registry import AnyLearner, collected_of, critic_of, needs_of, trains_policy
from core.models.critics import PASSES
from core.models.fit.activations import activations_of, batches
from core.models.fit.sizes import Size
from core.models.limits import GATHERED, LOGITS, REMEMBERED, TOKENS, continued_at_once, states_at_once

Role = Literal["policy", "value", "reference", "reward"]

#: Arrays as large as the logits that exist beside them: scaled, log-softmax, its exponential, and one in the making.
_LOGIT_COPIES = 5
#: Freed memory between pieces that are still used, which stays with the process, as a share of the activations.
#: Measured with glibc's allocator as core/training/allocator.py sets it: 1.0 where all responses are of one length,
#: 2.2 on SmolLM2's run.
_HOLES = 1.3
#: They do not grow on with models and rows: pieces above a few MB go back at once (core/training/allocator.py). About
#: the most that was measured, on SmolLM2 with prompts of 300 tokens.
_MOST_HOLES = 1_200_000_000
#: The same where core/models/lean.py runs all responses at once: its pieces are few and alike.
_LEAN_HOLES = 0.3
#: A step's tensors per token that it may write: ids, log-probabilities, credit, and what the loss makes of them.
_PER_TOKEN = 250
#: A row of the trace in the making: its columns as numbers, as Python's own objects, and as Arrow's.
_PER_ROW = 600
#: What is kept of an earlier step's response, per token of question and response: ids, masks, what it was to be valued.
_PER_REPLAYED = 8 + 2 + 4
#: A continuation's reward, and what its mean and spread are made of.
_PER_CONTINUATION = 4 + 4
#: A remembered verdict, beside its tokens of 4 bytes: its key's and its number's objects, and its place in the table.
_PER_VERDICT = 33 + 24 + 100
#: A fixed data set's response beside its tokens, and each of these: a number and its log-probability as Python's own
#: objects, with the copy and the text that a checkpoint makes of them. Measured with a large vocabulary: 81 bytes a
#: token while a run goes on, 136 while a checkpoint is written.
_PER_COLLECTED, _PER_COLLECTED_TOKEN = 2_000, 136
#: So much of them all is counted with PROCESS.
_SMALL = 50_000_000
#: Python, torch, transformers and a run's own small things.
PROCESS = 450_000_000


@dataclass(frozen=True)
class Share:
    """One model's part."""

    role: Role
    parameters: int
    trained: int  # of these
    weights: int
    gradients: int
    optimizer: int


@dataclass(frozen=True)
class Prediction:
    """What a learner needs, part by part; not all parts exist at one time, so `total` is less than their sum."""

    models: tuple[Share, ...]
    activations: int  # of one part of a mini-batch
    logits: int
    cache: int  # keys and values while responses are written
    evaluation: int  # the same while held-out questions are asked, with its logits
    total: int  # at the peak, with what the process itself needs

    def of(self, role: Role) -> Share | None:
        """That model's part; None where the learner has no such model."""
        return next((x for x in self.models if x.role == role), None)


def predict(
    size: Size,
    config: RunConfig,
    learner: AnyLearner,
    *,
    prompt: int,
    completion: int,
    device: str = "cpu",
    dtype: str = "float32",
    reward_model: bool = False,
    lean: bool = False,
) -> Prediction:
    """The peak of `learner` on a model of this size.

    `prompt` and `completion`: tokens of a question (chat template included) and at most of a response. `device` "cpu",
    "cuda" or "mps"; on CUDA bfloat16 products keep their inputs in 16 bits (a CPU converts them on the way).
    `reward_model` adds a frozen model of the same size. `lean` says that core/models/lean.py runs it.
    """
    narrow = device == "cuda" and dtype == "bfloat16"
    models = _models(size, config, learner, reward_model=reward_model)
    kept = sum(x.weights + x.optimizer for x in models)
    responses, _, rows = batches(config, learner)
    activations = activations_of(size, config, learner, prompt, completion, device, narrow=narrow, lean=lean)
    logits = _LOGIT_COPIES * 4 * min(LOGITS, rows * completion * size.vocabulary)
    copies = _rounded(size) if narrow else 0
    gradients = max(x.gradients for x in models)
    update = _updating(
        size,
        config,
        learner,
        completion,
        device,
        gradients=gradients,
        activations=activations,
        copies=copies,
        lean=lean,
    )
    width = 2 if narrow else 4
    cache = _cache(size, responses, prompt, completion, width, lean=lean)
    choosing = _LOGIT_COPIES * 4 * responses * size.vocabulary
    evaluation = _evaluation(size, config, prompt, completion, width, lean=lean)
    measuring = max(
        _continuations(size, config, learner, prompt, completion, width, lean=lean),
        _gathering(size, learner, prompt, completion, width, lean=lean),
    )
    # A frozen weight is rounded anew for each token, a trained one once for all of a response.
    writing = copies // size.layers if config.lora_rank else copies
    of_step = _of_step(config, learner, responses * completion)
    of_step += _remembered(learner, responses, prompt, completion, device)
    fitted = _fitted(config, learner, responses * (prompt + completion))  # gone before the first step
    step = max(0, of_step - _SMALL, fitted - _SMALL)
    total = PROCESS + kept + step + max(update, writing + cache + choosing, writing + evaluation, writing + measuring)
    return Prediction(tuple(models), activations, logits, cache, evaluation, total)


def _updating(
    size: Size,
    config: RunConfig,
    learner: AnyLearner,
    completion: int,
    device: str,
    *,
    gradients: int,
    activations: int,
    copies: int,
    lean: bool,
) -> int:
    """Bytes at the peak of an update, beside weights and moments; `copies`: of the weights, rounded to 16 bits."""
    responses, in_batch, rows = batches(config, learner)
    at_once = min(LOGITS, rows * completion * size.vocabulary)
    logits = _LOGIT_COPIES * 4 * at_once
    for_backward = activations + (copies // size.layers if config.gradient_checkpointing else copies)
    # A matrix's gradient is made whole before it is added; the output's is made while all activations are still there.
    largest = 0 if config.lora_rank else 4 * size.vocabulary * size.hidden
    if rows < in_batch:
        update = gradients + largest + for_backward + logits
    else:  # no gradient is there before the only part's backward pass, whose activations go as gradients come
        update = max(gradients, largest + for_backward + logits)
    if needs_of(learner).critic and rows == responses:
        # Both models' activations are kept from the scoring that serves the first update, until the critic has learnt.
        # Beside them the reference's logits are made; of the policy's own, a log-softmax where they are few, else they
        # are made again once the critic's activations have gone.
        few = rows * completion * size.vocabulary <= LOGITS
        beside = logits if config.measure_kl or learner.needs_reference else 4 * at_once if few else 0
        update = max(update, 2 * for_backward + beside)
    if device == "cpu":
        update += min(int((_LEAN_HOLES if lean and rows == in_batch else _HOLES) * activations), _MOST_HOLES)
    return update


def _models(size: Size, config: RunConfig, learner: AnyLearner, *, reward_model: bool) -> list[Share]:
    count, rank = size.parameters, config.lora_rank
    backbone = count - size.output

    def share(role: Role, parameters: int, trained: int, *, own: bool = True) -> Share:
        weights = 4 * (parameters if own else trained)
        return Share(role, parameters, trained, weights, 4 * trained, 8 * trained)

    models = []
    if not trains_policy(learner):
        # The start model beside it writes the pairs of its judge, and is the one that it is made of.
        own = backbone + size.hidden + 1
        return [share("reward", own, own), share("policy", count, 0)]
    if rank:
        adapters = size.adapters(rank)
        models.append(share("policy", count + adapters, adapters))
        if needs_of(learner).critic:  # its frozen weights are the policy's
            models.append(share("value", backbone + adapters + size.hidden + 1, adapters + size.hidden + 1, own=False))
    else:
        models.append(share("policy", count, count))
        if needs_of(learner).critic:
            models.append(share("value", backbone + size.hidden + 1, backbone + size.hidden + 1))
        if config.measure_kl or learner.needs_reference:
            models.append(share("reference", count, 0))
    if reward_model:
        models.append(share("reward", backbone + size.hidden + 1, 0))
    return models


def _of_step(config: RunConfig, learner: AnyLearner, tokens: int) -> int:
    """Bytes of a step's own tensors and of its part of the trace, where all its `tokens` are written."""
    responses = config.prompts_per_step * config.num_generations
    kept = responses if config.trace == "all" else min(responses, max(config.panel_size, config.group_size(learner)))
    return tokens * _PER_TOKEN + tokens // responses * kept * (learner.num_iterations + 1) * _PER_ROW


def _remembered(learner: AnyLearner, responses: int, prompt: int, completion: int, device: str) -> int:
    """Bytes of responses that stay from step to step: those that a critic goes on learning from, and a data set."""
    total = 0
    if (critic := critic_of(learner)) is not None and device == "cpu":  # beside a GPU they are in the CPU's memory
        total += critic.value_replay_steps * responses * (prompt + completion) * _PER_REPLAYED
    if (data := collected_of(learner)) is not None:
        total += data.data_responses * (_PER_COLLECTED + completion * _PER_COLLECTED_TOKEN)
    return total


def _rounded(size: Size) -> int:
    """Bytes of the linear maps in bfloat16, which autocast makes and the backward pass needs (not the head's)."""
    return 2 * size.layers * sum(rows * columns for rows, columns in size.linears)


def _cache(size: Size, rows: int, prompt: int, completion: int, width: int, *, lean: bool) -> int:
    """Bytes of keys and values while `rows` responses are written that all differ."""
    row = size.kv_heads * size.head_dim * width * rows
    if lean:  # made anew for each token: a layer's new keys, its chosen old values and the new ones, beside all old
        return (2 * size.layers + 3) * row * (prompt + completion - 1)
    # There is room for half as many tokens again as were there when it was made.
    capacity = max(64, (prompt + 1) * 3 // 2)
    while capacity < prompt + completion:
        capacity = (capacity + 1) * 3 // 2
    return 2 * size.layers * row * capacity


def _continuations(
    size: Size, config: RunConfig, learner: AnyLearner, prompt: int, completion: int, width: int, *, lean: bool
) -> int:
    """Bytes while prefixes are finished afresh, for a learner that needs their values or to check them; 0 for none."""
    most = 0
    for responses, each in config.continued(learner):
        at_once = max(each, continued_at_once(prompt + completion, lean=lean))
        all_ = responses * completion * each
        rows = min(at_once, all_)
        if lean:
            rows = min(rows, states_at_once(prompt + completion, each))
        writing = _cache(size, rows, prompt, completion, width, lean=lean) + _LOGIT_COPIES * 4 * rows * size.vocabulary
        verdicts = min(all_, REMEMBERED // completion) * (4 * (2 + completion) + _PER_VERDICT)
        most = max(most, writing + max(0, all_ * _PER_CONTINUATION + verdicts - _SMALL))
    return most


def _gathering(size: Size, learner: AnyLearner, prompt: int, completion: int, width: int, *, lean: bool) -> int:
    """Bytes while a data set is written before the first step; 0 for a learner without one."""
    data = collected_of(learner)
    if data is None:
        return 0
    asked = min(GATHERED, data.data_responses)
    return _cache(size, asked, prompt, completion, width, lean=lean) + _LOGIT_COPIES * 4 * asked * size.vocabulary


def _fitted(config: RunConfig, learner: AnyLearner, tokens: int) -> int:
    """Bytes of all answers that the learner's critic is fitted to before the first step; `tokens` of one batch."""
    critic = critic_of(learner)
    return 0 if critic is None else -(-critic.value_pretrain_updates // PASSES) * tokens * _PER_REPLAYED


def _evaluation(size: Size, config: RunConfig, prompt: int, completion: int, width: int, *, lean: bool) -> int:
    samples = config.compare_samples or 4  # as a run ends
    questions = min(max(1, TOKENS // (samples * (prompt + completion))), getattr(config.task, "heldout", 0))
    rows = questions * samples
    return _cache(size, rows, prompt, completion, width, lean=lean) + _LOGIT_COPIES * 4 * rows * size.vocabulary
