"""Every setting of a run, with its default, its range and one sentence on what it does.

The page's settings drawer, the expert view, the command line and `run.json` are all generated from these models, so a
setting exists in exactly one place. Names and defaults follow TRL where TRL has them, else the papers.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import Field, ValidationError, model_validator

from core.errors import ConfigError, Message
from core.learners.collected import CollectedSettings
from core.learners.registry import (
    AnyLearner,
    Learner,
    collected_of,
    has_true_values,
    learner,
    learner_kind,
    needs_of,
    refused,
    trains_policy,
)
from core.refusals import message, names_of, unknown
from core.rewards import REWARDS
from core.settings import Settings
from core.tasks.kinds.chain_sum import ChainSumSettings
from core.tasks.registry import TASK_KINDS, AnyTask, chosen, start_model_for


class RunConfig(Settings):
    """One run: learners that share task, start weights, prompts and number of responses."""

    preset: str = Field("chain-sum", max_length=60, description="The preset that this run started from.")
    task: AnyTask = Field(default_factory=ChainSumSettings, description="What is asked.")
    model: str = Field(
        "chain-sum-3x1",
        min_length=1,
        max_length=200,
        description="Start weights: a bundled name, a local folder, or a model's name on the Hugging Face hub.",
    )
    system_prompt: str | None = Field(
        None, max_length=2000, description="What a chat model is told first; none: what its own template says."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Prompts, sampling and shuffling follow from this number.")
    steps: int = Field(150, ge=1, le=100_000, description="How many rollouts each learner makes.")
    prompts_per_step: int = Field(16, ge=1, le=512, description="Questions asked per step.")
    num_generations: int = Field(8, ge=1, le=256, description="Responses per question (the group size G).")
    distinct_questions: int | None = Field(
        None, ge=1, le=4096, description="How many different training questions there are; none: as many as are asked."
    )
    repeated_questions: float = Field(
        0.0, ge=0, le=0.95, description="Share of a step's questions that repeat another one of the step."
    )
    leaked_questions: float = Field(
        0.0, ge=0, le=1, description="Share of the training questions that are taken from the held-out ones."
    )
    wrong_truths: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of the training questions whose ground truth is wrong: another answer is paid, always the "
        "same one. Success is told by the truth all the same.",
    )
    success_from: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Only questions that the start model answers right at least so often are trained on.",
    )
    success_to: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Only questions that the start model answers right at most so often are trained on.",
    )
    temperature: float = Field(
        1.0, gt=0, le=5, description="Sampling temperature; log-probabilities are scored at the same."
    )
    max_completion_length: int | None = Field(
        None, ge=1, le=4096, description="Longest response in tokens; none: just what the longest right response needs."
    )
    eval_every: int = Field(
        10, ge=0, le=10_000, description="Held-out success is measured every so many steps (0: never)."
    )
    value_check_responses: int = Field(
        0,
        ge=0,
        le=512,
        description="At each evaluation the true value of every prefix of so many responses is measured, whole groups "
        "of those whose tokens are kept; it is for comparison only, nothing is learnt from it (0: never).",
    )
    value_check_continuations: int = Field(
        16, ge=2, le=256, description="Fresh continuations of each prefix in that measurement (K)."
    )
    checkpoint_every: int = Field(
        10, ge=1, le=10_000, description="A resumable checkpoint is kept every so many steps."
    )
    trace: Literal["panel", "all"] = Field("panel", description="Keep tokens of a panel of responses, or of all.")
    panel_size: int = Field(32, ge=1, le=4096, description="How many responses' tokens the panel keeps per step.")
    compare_samples: int = Field(
        0,
        ge=0,
        le=64,
        description="Before and after training every held-out question is answered once greedily and so many times "
        "sampled, and the responses are kept (0: not).",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to compute.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="What matrices are multiplied in; the optimiser always keeps 32-bit weights. auto: bfloat16 where "
        "the GPU or the processor rounds to it (of processors those with AMX), else and for small models float32.",
    )
    micro_batch_size: int | None = Field(
        None, ge=1, le=8192, description="Responses in memory at once during an update; none: all. Changes no result."
    )
    gradient_checkpointing: bool = Field(
        False, description="Keep fewer activations and compute them again: less memory, more time."
    )
    lora_rank: int = Field(
        0, ge=0, le=256, description="Train only low-rank adapters of this rank, the rest stays frozen (0: train all)."
    )
    measure_kl: bool = Field(
        True, description="Measure the KL from the start model also where no loss or reward uses it."
    )
    keep_level: bool = Field(
        False,
        description="A learner begins a step only when all others have finished the one before: Pause, One step and "
        "Stop then leave all at the same step, and the slowest sets the pace.",
    )
    reuse_logprobs: bool = Field(
        True, description="Where sampling and scoring agree, do not score a second time before the update."
    )
    learners: tuple[Learner, ...] = Field(
        default_factory=lambda: (learner("ppo"), learner("grpo")), min_length=1, max_length=4, description="Who learns."
    )

    @model_validator(mode="after")
    def _possible(self) -> RunConfig:
        names = [learner.name for learner in self.learners]
        if len(set(names)) != len(names):
            raise ConfigError("two learners are called the same ({names}); give each its own name", names=names)
        batch = self.prompts_per_step * self.num_generations
        for each in self.learners:
            problem = self._impossible(each, batch) or refused(each)
            if problem is not None:
                raise ConfigError("{learner}: {cause}", learner=each.name, cause=problem)
            size, least = self.group_size(each), needs_of(each).smallest_group
            if size < least:
                raise ConfigError(
                    "num_generations must be at least {least} for {kind}, but is {given} for {learner}: one response "
                    "has no group to be compared with",
                    least=least,
                    kind=learner_kind(each).title,
                    given=size,
                    learner=each.name,
                )
        self._all_of_one_sort()
        if self.success_from > self.success_to:
            raise ConfigError(
                "success_from is {low} and success_to {high}: no question can be answered right at least as often as "
                "the one and at most as often as the other",
                low=self.success_from,
                high=self.success_to,
            )
        if batch > 8192:
            raise ConfigError(
                "prompts_per_step × num_generations is {batch}; at most {bound} responses per step are allowed",
                batch=batch,
                bound=8192,
            )
        return self

    def _all_of_one_sort(self) -> None:
        """Raises ConfigError where reward models are to be trained beside policies, or in a way that they cannot."""
        others = [x.name for x in self.learners if not trains_policy(x)]
        if not others:
            return
        if len(others) < len(self.learners):
            raise ConfigError(
                "{names} trains a reward model, the other learners train policies: they have nothing in common that "
                "could be compared; train the reward model in a run of its own, then name it in a second one",
                names=others,
            )
        judges = {(getattr(x, "judge_pairs", None), getattr(x, "judge_noise", None)) for x in self.learners}
        if len(judges) > 1:
            raise ConfigError(
                "judge_pairs and judge_noise must be the same for all reward models of a run ({names}): its labels are "
                "one set, from which all of them learn",
                names=others,
            )
        if self.lora_rank:
            raise ConfigError(
                "lora_rank is {given}, but a reward model is trained whole: a run that takes it as its reward knows no "
                "adapters of it",
                given=self.lora_rank,
            )

    def _impossible(self, settings: AnyLearner, batch: int) -> Message | None:
        """Why a learner cannot take its part in steps of `batch` responses."""
        if batch % self.group_size(settings):
            return Message(
                "num_generations={given} does not divide the {batch} responses of a step (prompts_per_step × "
                "num_generations of the run)",
                given=settings.num_generations,
                batch=batch,
            )
        if problem := self._impossible_data(settings, batch) or self._impossible_turns(settings):
            return problem
        if batch % settings.num_mini_batches:
            return Message(
                "num_mini_batches={given} does not divide the {batch} responses of a step (prompts_per_step × "
                "num_generations)",
                given=settings.num_mini_batches,
                batch=batch,
            )
        return None

    @property
    def turns(self) -> int:
        """How many answers a response may have; between them the task says something."""
        turns: int = TASK_KINDS[self.task.kind].turns(self.task)
        return turns

    def _impossible_turns(self, settings: AnyLearner) -> Message | None:
        """Why a learner cannot learn from responses of several turns: whose they are is known while they are sampled
        alone, and nobody but the rollout asks the task for its part."""
        if self.turns == 1:
            return None
        if learner_kind(settings).offline:
            return Message("its responses are given, and in them nobody answers: task.turns must be 1 for it")
        if needs_of(settings).continuations:
            return Message("it finishes responses afresh, and in them nobody answers: task.turns must be 1 for it")
        if REWARDS[settings.reward].trained:
            return Message("a reward model has read responses of one turn only: task.turns must be 1 for it")
        return None

    def _impossible_data(self, settings: AnyLearner, batch: int) -> Message | None:
        """Why the data set that a learner asks for cannot be."""
        data = collected_of(settings)
        if data is None:
            return None
        size = self.data_group_size(data)
        if data.data_responses % size:
            return Message(
                "data_responses={given} is no multiple of the {size} responses to each question",
                given=data.data_responses,
                size=size,
            )
        if needs_of(settings).groups and size != self.group_size(settings):
            return Message(
                "its groups of {group} are those of its data set, which has {size} responses to each question; leave "
                "data_generations out, or set num_generations to it",
                group=self.group_size(settings),
                size=size,
            )
        if needs_of(settings).whole_groups and batch // settings.num_mini_batches % self.group_size(settings):
            return Message(
                "num_mini_batches={given} takes groups of {group} apart",
                given=settings.num_mini_batches,
                group=self.group_size(settings),
            )
        return None

    def data_group_size(self, settings: CollectedSettings) -> int:
        """Responses per question of the data set that a learner learns from."""
        return settings.data_generations or self.num_generations

    @property
    def responses_per_step(self) -> int:
        """Responses that each learner of the run trains on in a step (P · G)."""
        return self.prompts_per_step * self.num_generations

    def group_size(self, settings: AnyLearner) -> int:
        """Responses per question for this learner (G)."""
        return settings.num_generations or self.num_generations

    def prompts_of(self, settings: AnyLearner) -> int:
        """Questions that this learner is asked in a step: all learners of a run write the same number of responses."""
        return self.responses_per_step // self.group_size(settings)

    def kept(self, settings: AnyLearner) -> int:
        """Of how many responses this learner's tokens are kept: whole groups, so that each can be compared with its
        group."""
        size, all_ = self.group_size(settings), self.responses_per_step
        return all_ if self.trace == "all" else min(all_, max(size, self.panel_size // size * size))

    def checked(self, settings: AnyLearner) -> int:
        """Of how many of those the true values are measured at an evaluation: whole groups, or 0.

        Those of a learner whose responses are given are not: whoever wrote them, its policy did not. Nor are those of
        one that is paid whatever it writes: they have none. Nor those of one that a reward model scores: continuations
        are scored by the task, and its critic expects something else. Nor responses of several turns: in continuations
        nobody answers.
        """
        if not self.value_check_responses or not self.eval_every:
            return 0
        if learner_kind(settings).offline or not has_true_values(settings):
            return 0
        if REWARDS[settings.reward].trained or self.turns > 1:
            return 0
        size = self.group_size(settings)
        return min(self.kept(settings), max(size, self.value_check_responses // size * size))

    def continued(self, settings: AnyLearner) -> tuple[tuple[int, int], ...]:
        """What this learner continues afresh in a step with an evaluation: (responses, continuations of each prefix),
        for its credit and for the check of values."""
        needed = needs_of(settings).continuations
        wanted = ((self.responses_per_step, needed), (self.checked(settings), self.value_check_continuations))
        return tuple((responses, each) for responses, each in wanted if responses and each)

    def learner(self, name: str) -> AnyLearner:
        """The settings of the learner called `name`; raises ConfigError if there is none."""
        for each in self.learners:
            if each.name == name:
                return each
        raise ConfigError(
            "there is no learner called {given}; this run has {names}",
            given=repr(name),
            names=[x.name for x in self.learners],
        )


def parse_config(values: dict[str, Any]) -> RunConfig:
    """A validated config from plain values. Raises ConfigError: a message for each unknown or impossible setting."""
    try:
        config = RunConfig.model_validate(values)
    except ValidationError as error:
        names = names_of(values)
        problems = error.errors()
        # Where every learner is refused, pydantic adds that there are too few of them: true, and no help.
        if names:
            problems = [x for x in problems if not (x["type"] == "too_short" and x["loc"] == ("learners",))]
        raise ConfigError(*(message(problem, names) for problem in problems)) from None
    if refused_task := TASK_KINDS[config.task.kind].refuses(config.task):
        raise ConfigError(*refused_task)
    if config.wrong_truths and TASK_KINDS[config.task.kind].misstate is None:
        able = [name for name, kind in TASK_KINDS.items() if kind.misstate is not None]
        raise ConfigError(
            "wrong_truths: a question of {kind} has no one right answer that could be put down wrong; of these it has: "
            "{names}",
            kind=config.task.kind,
            names=able,
        )
    if problem := _too_many_questions(config):
        raise ConfigError(problem)
    return config


def _too_many_questions(config: RunConfig) -> Message | None:
    """Why there are not so many different questions, where the task knows before any is drawn; None where there are.

    Those that the start model has to be asked about, and tasks that do not know, are refused in the run
    (core/curation.py).
    """
    wanted = config.distinct_questions
    if wanted is None:
        return None
    there = TASK_KINDS[config.task.kind].training_questions(config.task, wanted)
    if there is None or there >= wanted:
        return None
    return Message(
        "distinct_questions must be at most {bound}, but is {given}: there are no more different training questions",
        bound=max(0, there),
        given=wanted,
    )


def change(config: RunConfig, assignments: dict[str, Any]) -> RunConfig:
    """A new config with settings replaced.

    A key is a run setting (`steps`), a task setting (`task.terms`), a learner's (`ppo.lam`) or a bare learner setting
    (`epsilon`), which then holds for every learner that has it. `task.kind` comes first, wherever it stands: it puts
    that kind's task in the place of this one. Where responses get another number of turns, the start model is one that
    has met so many, unless `model` is among the assignments. Raises ConfigError with a message for each problem.
    """
    values, assignments = config.model_dump(), dict(assignments)
    problems: list[Message] = []
    if "task.kind" in assignments:
        given = {x.removeprefix("task."): value for x, value in assignments.items() if x.startswith("task.")}
        try:
            values |= chosen(assignments.pop("task.kind"), given, config.model)
        except ConfigError as error:  # which settings the task has is then not known either
            problems += error.messages
            assignments = {x: value for x, value in assignments.items() if not x.startswith("task.")}
    for key, value in assignments.items():
        targets = _targets(values, key)
        if not targets:
            problems.append(unknown(values, key))
        for target, field in targets:
            target[field] = value
    try:
        changed = parse_config(values)
        if "model" not in assignments and changed.turns != config.turns:
            changed = changed.model_copy(update={"model": start_model_for(changed.task, changed.model)})
    except ConfigError as error:
        problems += error.messages
    if problems:
        raise ConfigError(*problems)
    return changed


def takes_none(config: RunConfig, key: str) -> bool:
    """Whether the setting that `key` names, as `change` takes it, may be none."""
    owner, _, field = key.rpartition(".")
    models = [x for x in config.learners if owner in ("", x.name)] if owner != "task" else [config.task]
    having = [x for x in (*([] if owner else [config]), *models) if field in type(x).model_fields]
    return bool(having) and all(type(None) in get_args(type(x).model_fields[field].annotation) for x in having)


def assignments_for(config: RunConfig, learner: str, value: dict[str, Any]) -> dict[str, Any]:
    """The assignments that concern this learner: its own, the bare ones that it has, and the run's."""
    fields, others = type(config.learner(learner)).model_fields, {x.name for x in config.learners} - {learner}
    mine = {}
    for key, assigned in value.items():
        owner, _, field = key.rpartition(".")
        if owner not in others and (owner or field in fields or field in type(config).model_fields):
            mine[key] = assigned
    return mine


def _targets(values: dict[str, Any], key: str) -> list[tuple[dict[str, Any], str]]:
    owner, _, field = key.rpartition(".")
    if owner == "task":
        known = TASK_KINDS[values["task"]["kind"]].settings.model_fields
        return [(values["task"], field)] if field in known and field != "kind" else []
    fixed = {"name", "algorithm"}
    learners = [x for x in values["learners"] if field in x and field not in fixed and owner in ("", x["name"])]
    if not owner and field in values and field not in ("learners", "task"):
        return [(values, field)]
    return [(learner, field) for learner in learners]
