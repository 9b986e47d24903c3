"""The runs that one click or `--preset NAME` starts."""

from __future__ import annotations

from typing import Any

from core.config import RunConfig
from core.errors import ConfigError
from core.learners.registry import learner
from core.tasks.kinds.chain_sum import ChainSumSettings
from core.tasks.kinds.countdown import CountdownSettings
from core.tasks.kinds.program import ProgramSettings
from core.tasks.kinds.reply import ReplySettings
from core.tasks.reasoning_settings import ReasoningGymSettings
from core.tasks.registry import choosable, chosen


def _long_sums(name: str, *learners: Any, model: str = "chain-sum-6x1", **settings: Any) -> RunConfig:
    """Sums of six numbers: about 35 tokens, of which one or two ruin an answer."""
    own = {"task": ChainSumSettings(terms=6), "model": model, "steps": 60, "value_check_responses": 32, **settings}
    return RunConfig(preset=name, learners=learners, **own)


_FITTED: dict[str, Any] = {"value_model": "chain-sum-6x1-critic"}
_BUDGET: dict[str, Any] = {"prompts_per_step": 32, "num_generations": 4}  # the same 128 responses a step

_OFFLINE_BUDGET = 60 * 128  # steps × responses a step

PRESETS: dict[str, RunConfig] = {
    # What a critic is worth that knows the start policy, beside no critic at all.
    "long-sums": _long_sums("long-sums", learner("ppo", kl_coef=0.0, **_FITTED), learner("grpo")),
    # On the same questions: no critic, one that begins at zero, one that knows, and measured values in its place.
    "long-sums-critics": _long_sums(
        "long-sums-critics",
        learner("grpo"),
        learner("ppo", name="ppo-zero", kl_coef=0.0),
        learner("ppo", name="ppo-fitted", kl_coef=0.0, **_FITTED),
        learner("vine"),
    ),
    # On the same budget: a group must ask a question several times, a critic need not.
    "long-sums-budget": _long_sums(
        "long-sums-budget",
        learner("grpo"),
        learner("ppo", kl_coef=0.0, num_generations=1, **_FITTED),
        **_BUDGET,
    ),
    # From a start model whose features tell nothing of right and wrong: the same fitting, and no useful critic.
    "long-sums-blind": _long_sums(
        "long-sums-blind",
        learner("ppo", kl_coef=0.0, value_model="chain-sum-6x1-blind-critic"),
        learner("grpo"),
        model="chain-sum-6x1-blind",
    ),
    "chain-sum": RunConfig(),
    # The same race with a third learner, whose credit is measured instead of predicted.
    "chain-sum-vine": RunConfig(preset="chain-sum-vine", learners=(learner("ppo"), learner("grpo"), learner("vine"))),
    # The first race again, but with the credit as the only difference: neither learner has a KL penalty in its reward,
    # GRPO does not divide by its group's spread, and both are whitened over the step's tokens by the same function.
    "chain-sum-only-credit": RunConfig(
        preset="chain-sum-only-credit",
        learners=(
            learner("ppo", kl_coef=0.0),
            learner("grpo", scale_rewards="none", whiten_advantages=True),
        ),
    ),
    # A learner beside its twin, whose rewards are drawn as often as it is right itself: what training does by itself.
    "placebo": RunConfig(
        preset="placebo", learners=(learner("grpo"), learner("grpo", name="grpo-placebo", reward="placebo"))
    ),
    # Many right answers, and a verifier that knows each when it sees it.
    "countdown": RunConfig(preset="countdown", task=CountdownSettings(), model="countdown-3x12", steps=60),
    # Programs that unit tests decide, some of which the model never sees.
    "program": RunConfig(preset="program", task=ProgramSettings(), model="program-4", steps=100),
    # The same with a second answer where the first failed a visible test: what the task says in between has no credit.
    "program-two-turns": RunConfig(
        preset="program-two-turns", task=ProgramSettings(turns=2), model="program-4-turns", steps=100
    ),
    # No right answer: a taste scores the replies.
    "reply": RunConfig(preset="reply", task=ReplySettings(), model="reply", steps=60),
    # What the start model writes in pairs is labelled by a machine judge of that taste, and a reward model learns it:
    # six times each of 200 pairs that is not held out.
    "reply-reward-model": RunConfig(
        preset="reply-reward-model",
        task=ReplySettings(),
        model="reply",
        steps=60,
        num_generations=2,
        eval_every=3,
        measure_kl=False,
        learners=(learner("reward-model"),),
    ),
    # The same start and the same budget of scored responses: 60 × 128 written once by the start model, or as many
    # written while the policy learns.
    "online-or-offline": RunConfig(
        preset="online-or-offline",
        steps=60,
        learners=(
            learner("grpo"),
            learner("sft", data_responses=_OFFLINE_BUDGET),
            learner("dpo", data_responses=_OFFLINE_BUDGET),
            learner("offline-pg", data_responses=_OFFLINE_BUDGET),
        ),
    ),
    # A real instruct model on single-digit sums.
    "smollm2-sums": RunConfig(
        preset="smollm2-sums",
        # After `3 - 8 =` a minus sign comes up once in ten times, after `The answer is` hardly ever: a run that settles
        # on the second form never sees a result below zero rewarded. So the form is asked for, and groups are large.
        task=ReasoningGymSettings(instruction="Write only the equation."),
        model="SmolLM2-135M-Instruct",
        system_prompt="",
        steps=50,
        prompts_per_step=4,
        num_generations=16,
        max_completion_length=16,
        eval_every=10,
        compare_samples=4,
        checkpoint_every=25,
        micro_batch_size=8,
        measure_kl=False,
        learners=(
            learner("ppo", learning_rate=1e-5, value_learning_rate=3e-5, kl_coef=0.0),
            learner("grpo", learning_rate=1e-5),
        ),
    ),
}


def about(config: RunConfig) -> str:
    """What a run is on, in a word: its preset's name, or that of the kind of task that was put in its task's place."""
    begun = PRESETS.get(config.preset)
    return config.preset if begun is None or begun.task.kind == config.task.kind else config.task.kind


def preset(name: str) -> RunConfig:
    """The preset's config; raises ConfigError naming the presets there are."""
    if name not in PRESETS:
        raise ConfigError("there is no preset called {given}; there are {names}", given=repr(name), names=list(PRESETS))
    return PRESETS[name]


#: The preset whose settings are the defaults of a run.
_USUAL = RunConfig().preset
#: What tells no two runs apart that a person compares: where a run begins, and how it is watched.
_NOT_NAMED = frozenset(
    {"preset", "seed", "keep_level", "value_check_responses", "value_check_continuations", "task", "learners"}
)
_MOST_NAMED, _LONGEST_VALUE, _LONGEST = 4, 24, 120


def title_of(config: RunConfig) -> str:
    """What a run is called unless somebody names it: its preset or task, in what it differs from that, and its seed."""
    changed = differences(config)
    if len(changed) > _MOST_NAMED:
        changed = [*changed[:_MOST_NAMED], f"+{len(changed) - _MOST_NAMED}"]
    seed = f", seed {config.seed}"
    title = ", ".join([about(config), *changed])
    room = _LONGEST - len(seed)
    return (title if len(title) <= room else f"{title[: room - 1]}…") + seed


def differences(config: RunConfig) -> list[str]:
    """The settings in which a run differs from its preset, as they are typed: "steps=40", "ppo.lam=0.9".

    A setting that several learners have alike is named once ("epsilon=0.1"); other learners are named themselves, and
    of another kind of task what differs from that kind's defaults. A preset that is not known here is as the usual one.
    """
    base = PRESETS.get(config.preset, PRESETS[_USUAL])
    own, usual = config.model_dump(), base.model_dump()
    task, kind = own["task"], config.task.kind
    if kind != base.task.kind:  # what that kind brings along is no difference; which data set it asks is one
        usual |= chosen(kind, task, base.model) if kind in choosable() else {"task": task}
        usual["task"] = {**usual["task"], "dataset": None}
    changed = {name: value for name, value in own.items() if name not in _NOT_NAMED and value != usual[name]}
    changed |= {f"task.{name}": value for name, value in task.items() if value != usual["task"].get(name, value)}
    names = [x.name for x in config.learners]
    others = [] if names == [x.name for x in base.learners] else ["+".join(names)]
    return [*others, *(f"{name}={_brief(value)}" for name, value in (changed | _of_learners(config, base)).items())]


def _of_learners(config: RunConfig, base: RunConfig) -> dict[str, Any]:
    """Learners' settings that the preset's learner of that name has otherwise."""
    usual = {x.name: x.model_dump() for x in base.learners}
    own = {x.name: x.model_dump() for x in config.learners if x.name in usual}
    changed: dict[str, Any] = {}
    for field in dict.fromkeys(field for values in own.values() for field in values):
        having = {name: values[field] for name, values in own.items() if field in values}
        other = {name: value for name, value in having.items() if value != usual[name].get(field)}
        alike = len(having) > 1 and len(other) == len(having) and len({repr(x) for x in having.values()}) == 1
        changed |= {field: next(iter(other.values()))} if alike else {f"{n}.{field}": x for n, x in other.items()}
    return changed


def _brief(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict | list | tuple):
        return "…"
    text = " ".join(str(value).split()).rstrip("/").rsplit("/", 1)[-1]  # of a path, its end tells
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
