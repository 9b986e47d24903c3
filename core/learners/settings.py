"""What every learner has: the update is the same code for all, only the credit differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import Field

from core.algorithms.aggregation import Aggregation
from core.algorithms.surrogates import SURROGATES
from core.rewards import REWARDS
from core.settings import Settings

if TYPE_CHECKING:
    from core.algorithms.surrogates.clip import ClipSettings as SurrogateSettings

    SurrogateName = str
    RewardName = str
else:
    # What the surrogates declare, together: a class of which another is made comes in with that one.
    _own = dict.fromkeys(x.settings for x in SURROGATES.values() if x.general)
    _own = [x for x in _own if not any(y is not x and issubclass(y, x) for y in _own)]
    SurrogateSettings = type("SurrogateSettings", tuple(_own), {"__module__": __name__})
    SurrogateName = Literal[tuple(x.name for x in SURROGATES.values() if x.general)]
    RewardName = Literal[tuple(REWARDS)]

KLEstimator = Literal["k1", "k2", "k3"]


class _First(Settings):
    """What stands first in forms and lists."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,23}$", description="What the run calls this learner.")
    learning_rate: float = Field(4e-4, gt=0, le=1, description="Step size of the policy's Adam optimiser.")
    num_iterations: int = Field(
        2,
        ge=1,
        le=16,
        description="Passes over each rollout (μ). With one, in one mini-batch, the clip never cuts.",
    )
    num_mini_batches: int = Field(1, ge=1, le=64, description="Optimiser steps per pass.")


class LearnerSettings(SurrogateSettings, _First):
    """The settings of every learner; a kind adds its own, and its name as `algorithm`."""

    importance_sampling_level: Literal["token", "sequence"] = Field(
        "token", description="A ratio per token, or one per response: the geometric mean of its tokens' (GSPO)."
    )
    surrogate: SurrogateName = Field(
        "clip", description="What is maximised for a token, made of its ratio and its advantage."
    )
    beta: float = Field(0.0, ge=0, le=10, description="Weight of the KL term in the loss.")
    kl_loss_estimator: KLEstimator = Field("k3", description="Which estimate of the KL the loss uses.")
    kl_coef: float = Field(0.0, ge=0, le=10, description="Weight of the KL penalty in the reward.")
    kl_reward_estimator: KLEstimator = Field("k1", description="Which estimate of the KL the reward uses.")
    aggregation: Aggregation = Field("token-mean", description="How per-token losses become one number.")
    entropy_coef: float = Field(0.0, ge=0, le=1, description="Weight of an entropy bonus in the loss.")
    max_grad_norm: float = Field(1.0, gt=0, le=1000, description="Gradients longer than this are scaled down to it.")
    weight_decay: float = Field(0.0, ge=0, le=1, description="AdamW weight decay.")
    reward: RewardName = Field("verifier", description="What scores this learner's responses.")
    reward_model: str | None = Field(
        None,
        min_length=1,
        max_length=60,
        description="The trained reward model by which they are scored, where the reward is one.",
    )
    num_generations: int | None = Field(
        None, ge=1, le=256, description="Responses per question for this learner; none: as many as the run says."
    )

    @property
    def kind(self) -> str:
        """The kind's name."""
        return str(getattr(self, "algorithm"))  # noqa: B009  (each kind declares it as a literal of its own)

    @property
    def needs_reference(self) -> bool:
        """Whether a KL from the start model is part of loss or reward."""
        return self.beta > 0 or self.kl_coef > 0


class CriticSettings(Protocol):
    """The settings of a critic that trains beside the policy; a kind that needs one has them."""

    @property
    def vf_coef(self) -> float: ...
    @property
    def cliprange_value(self) -> float | None: ...
    @property
    def value_learning_rate(self) -> float: ...
    @property
    def value_head_learning_rate(self) -> float | None: ...
    @property
    def value_num_iterations(self) -> int | None: ...
    @property
    def value_replay_steps(self) -> int: ...
    @property
    def value_warmup_steps(self) -> int: ...
    @property
    def value_freeze_after(self) -> int | None: ...
    @property
    def value_model(self) -> str | None: ...
    @property
    def value_pretrain_updates(self) -> int: ...
    @property
    def value_pretrain_learning_rate(self) -> float: ...


class GroupSettings(Protocol):
    """The settings of a comparison within a group; a kind that needs groups has them."""

    @property
    def baseline(self) -> str: ...
    @property
    def scale_rewards(self) -> str: ...
    @property
    def scale_ddof(self) -> int: ...
    @property
    def scale_eps(self) -> float: ...


class LabelSettings(Protocol):
    """The settings of labelled pairs; a kind that trains a reward model has them."""

    @property
    def heldout(self) -> float: ...
    @property
    def judge_pairs(self) -> int: ...
    @property
    def judge_noise(self) -> float: ...


class DiscountSettings(Protocol):
    """The settings of generalised advantage estimation; a kind that has it has them."""

    @property
    def gamma(self) -> float: ...
    @property
    def lam(self) -> float: ...
