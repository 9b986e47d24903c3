"""How much memory is free here, and whether a run fits into it: known before anything is loaded."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.config import RunConfig
from core.errors import ConfigError
from core.learners.registry import AnyLearner
from core.models import bundled, start
from core.models.fit import memory
from core.models.fit.memory import Prediction
from core.models.fit.sizes import size_of
from core.models.limits import NARROW
from core.rewards import REWARDS
from core.tasks.registry import longest_response, task_kind

_GB = 1e9
#: Of a worker's PROCESS, what it shares with the process that it is forked from: modules that nobody writes to.
_SHARED = 250_000_000
#: Tokens of a chat template around a question, and characters that a token stands for, where nothing better is known.
_TEMPLATE, _PER_TOKEN, _QUESTION = 30, 3, 100


def needs(config: RunConfig, learner: AnyLearner, *, prompt: int | None = None, **options: Any) -> Prediction | None:
    """What a learner of this run needs at its peak; None where the model's measures are not known without loading it.

    `prompt`: tokens of a question (None: estimated from the settings); `options` as in core.models.fit.memory.predict.
    """
    about = start.config_of(config.model) or {}
    size = size_of(about)
    if size is None:
        return None
    completion = config.max_completion_length or longest_response(config.task)
    lean = about.get("model_type") == "llama" and size.hidden <= NARROW
    lean = lean and not config.lora_rank and not config.gradient_checkpointing
    options.setdefault("reward_model", REWARDS[learner.reward].trained)
    return memory.predict(
        size, config, learner, prompt=prompt or prompt_tokens(config), completion=completion, lean=lean, **options
    )


def prompt_tokens(config: RunConfig) -> int:
    """About how many tokens a question has, chat template and system prompt included."""
    kind, task = task_kind(config.task), config.task
    longest = kind.longest_prompt(task)
    asked = _QUESTION if longest is None else longest
    if kind.alphabet:
        return 1 + asked  # a token per character, after the one that begins a text
    if kind.words:
        return 1 + asked // _PER_TOKEN
    instructed = len(config.system_prompt) if config.system_prompt is not None else _QUESTION // 2
    return _TEMPLATE + (asked + len(getattr(task, "instruction", "")) + instructed) // _PER_TOKEN


def available(device: str = "cpu") -> int | None:
    """Bytes that are free on a device ("cpu", "cuda"); None where that is not known.

    On a CPU what the system says is available, but no more than a container's limit leaves.
    """
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    if sys.platform == "darwin":
        return _macos()
    known = [x for x in (_meminfo(), _cgroup2(), _cgroup1()) if x is not None]
    return min(known, default=None)


def refuse_if_too_large(
    config: RunConfig, learners: Sequence[AnyLearner] | None = None, *, device: str = "cpu", dtype: str = "float32"
) -> None:
    """Raises ConfigError, with the numbers, where learners (None: all of the run, side by side) do not fit.

    Says nothing where the model's measures or the free memory are not known.
    """
    chosen = list(config.learners if learners is None else learners)
    predictions = [needs(config, x, device=device, dtype=dtype) for x in chosen]
    predicted = [x for x in predictions if x is not None]
    free = available(device)
    if free is None or len(predicted) < len(chosen):
        return
    total = together(config, predicted)
    if total <= free:
        return
    shares = ", ".join(f"{name} {amount / _GB:.1f}" for name, amount in totals(predicted).items() if amount >= _GB / 20)
    who = " and ".join(x.name for x in chosen)
    raise ConfigError(
        "model: {name} does not fit this machine: with {responses} responses of up to {completion} tokens a step {who} "
        "would need about {need:.1f} GB ({shares}), but only {free:.1f} GB are free; fewer or shorter responses, fewer "
        "learners, a lora_rank, a smaller micro_batch_size, gradient_checkpointing or measure_kl=false need less",
        responses=config.prompts_per_step * config.num_generations,
        completion=config.max_completion_length or longest_response(config.task),
        name=config.model,
        who=who,
        need=total / _GB,
        shares=shares,
        free=free / _GB,
    )


def together(config: RunConfig, predicted: Sequence[Prediction]) -> int:
    """Bytes that learners need side by side.

    Workers are forked from one process and share what it has loaded; of a bundled model that is most of what they need.
    """
    shared = _SHARED * (len(predicted) - 1) if config.model in bundled.names() else 0
    return sum(x.total for x in predicted) - max(0, shared)


def totals(predicted: Sequence[Prediction]) -> dict[str, int]:
    """Bytes by what they are for, over learners side by side; in the order in which they are shown."""
    bytes_for: dict[str, int] = {}
    for one in predicted:
        for share in one.models:
            bytes_for[share.role] = bytes_for.get(share.role, 0) + share.weights + share.gradients + share.optimizer
        bytes_for["activations"] = bytes_for.get("activations", 0) + one.activations
        bytes_for["logits"] = bytes_for.get("logits", 0) + one.logits
        bytes_for["key-value cache"] = bytes_for.get("key-value cache", 0) + max(one.cache, one.evaluation)
    return bytes_for


# -- what the system says ----------------------------------------------------------------------------------------------


def _meminfo(path: Path = Path("/proc/meminfo")) -> int | None:
    try:
        match = re.search(r"^MemAvailable:\s+(\d+) kB", path.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(match[1]) * 1024 if match else None


def _cgroup2(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    return _left(root / "memory.max", root / "memory.current", root / "memory.stat", "inactive_file")


def _cgroup1(root: Path = Path("/sys/fs/cgroup/memory")) -> int | None:
    limit, used = root / "memory.limit_in_bytes", root / "memory.usage_in_bytes"
    return _left(limit, used, root / "memory.stat", "total_inactive_file")


def _left(limit: Path, used: Path, stat: Path, cached: str) -> int | None:
    """What a control group may still take: files that are only kept in case they are read again do not count."""
    try:
        most, now = int(limit.read_text()), int(used.read_text())
        kept = re.search(rf"^{cached} (\d+)$", stat.read_text(), re.MULTILINE)
    except (OSError, ValueError):  # no such file, or "max"
        return None
    return max(0, most - now + (int(kept[1]) if kept else 0))


def _macos() -> int | None:
    try:
        output = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "hw.memsize", "kern.memorystatus_level"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        ).stdout.split()
        return int(output[0]) * int(output[1]) // 100  # the level is the share that is free, in per cent
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
