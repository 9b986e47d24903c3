"""AdamW with gradient clipping, and a learning rate that may change from step to step."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from core.errors import DivergedError
from core.learners.settings import LearnerSettings


class Optimizer:
    """One model's optimiser; `apart` is a part of it that may have a learning rate of its own."""

    def __init__(
        self, model: nn.Module, learning_rate: float, settings: LearnerSettings, apart: nn.Module | None = None
    ) -> None:
        own = {id(x) for x in apart.parameters()} if apart is not None else set()
        trained = [x for x in model.parameters() if x.requires_grad]
        groups = [[x for x in trained if id(x) not in own], [x for x in trained if id(x) in own]]
        self._parameters = [x for group in groups for x in group]
        # fused=True: one call for all parameters; on a small model the calls are the cost (0.3 against 0.8 ms).
        self._adam = torch.optim.AdamW(
            [{"params": x} for x in groups if x],
            lr=learning_rate,
            betas=(0.9, 0.999),
            weight_decay=settings.weight_decay,
            fused=True,
        )

    def step(self, learning_rate: float, settings: LearnerSettings, apart: float | None = None) -> float:
        """One step along the gradients that backward passes left (none: 0), which are gone afterwards.

        `apart` is the learning rate of the part that may have its own; None: the same. Returns the norm of all
        gradients together before clipping. Raises DivergedError where it is not a finite number.
        """
        rates = learning_rate, learning_rate if apart is None else apart
        for group, rate in zip(self._adam.param_groups, rates, strict=False):
            group["lr"], group["weight_decay"] = rate, settings.weight_decay
        for x in self._parameters:
            if x.grad is None:  # nothing reached it: its moments still fade, and still move it
                x.grad = torch.zeros_like(x)
        norm = nn.utils.clip_grad_norm_(self._parameters, settings.max_grad_norm)
        if not bool(torch.isfinite(norm)):
            raise DivergedError(
                "the gradient is {given}: the loss has left the range of numbers; lower the learning rate (now "
                "{rate:g}) or max_grad_norm (now {norm:g})",
                given=float(norm),
                rate=learning_rate,
                norm=settings.max_grad_norm,
            )
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)
        return float(norm)

    def state_dict(self) -> dict[str, Any]:
        """Moments and step counts."""
        return self._adam.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Puts moments and step counts back, also those of a checkpoint from before a part could stand apart."""
        groups, known = state["param_groups"], self._adam.state_dict()["param_groups"]
        if len(groups) == 1 < len(known) and groups[0]["params"] == [i for x in known for i in x["params"]]:
            state = {**state, "param_groups": [{**groups[0], "params": x["params"]} for x in known]}
        self._adam.load_state_dict(state)
