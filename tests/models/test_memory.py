"""Will it fit: sizes count exactly, predictions add up by hand and match what a training step really takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from benches.memory import CASES, Case, make_model, measured_with
from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change, parse_config
from core.learners.kinds.ppo import PPOSettings
from core.learners.registry import learner
from core.models import adapters, start
from core.models.fit import free_memory, memory
from core.models.fit.sizes import GATED, Size, size_of
from core.models.value import ValueModel
from core.presets import preset
from core.runs.store import RunStore
from core.workers import starting
from core.workers.launcher import LauncherError, LocalLauncher

SMALL: dict[str, Any] = {
    "vocab_size": 300, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 32, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
GPT2 = {
    "vocab_size": 300,
    "n_embd": 64,
    "n_layer": 3,
    "n_head": 4,
    "n_positions": 50,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def built(kind: str, **changed: Any) -> tuple[dict[str, Any], torch.nn.Module]:
    """A config.json of a family and the real model of it, without weights."""
    wanted = {**(GPT2 if kind == "gpt2" else SMALL), **changed}
    if kind == "phi3":
        wanted.pop("head_dim")
    config = AutoConfig.for_model(kind, **wanted)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    return config.to_dict(), model


def count(model: torch.nn.Module) -> int:
    return sum(x.numel() for x in model.parameters())


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kind", [*GATED, "gpt2"])
def test_a_size_counts_every_parameter_of_the_real_model(kind: str, tied: bool) -> None:
    config, model = built(kind, tie_word_embeddings=tied)
    size = size_of(config)
    assert size is not None
    assert size.parameters == count(model)
    assert size.tied is tied
    linear = [x for x in model.base_model.modules() if type(x).__name__ in ("Linear", "Conv1D")]
    assert sorted(x.weight.numel() for x in linear) == sorted(3 * [a * b for a, b in size.linears])


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gemma2"])
def test_the_critic_and_adapters_are_counted_as_the_trainer_makes_them(kind: str) -> None:
    config, model = built(kind)
    size = size_of(config)
    assert size is not None
    learner = PPOSettings(kl_coef=0.0)
    plain = memory.predict(size, RunConfig(measure_kl=False), learner, prompt=8, completion=8)
    with torch.device("meta"):
        critic = ValueModel(model)  # type: ignore[arg-type]
    value = plain.of("value")
    assert value is not None
    assert value.parameters == value.trained == count(critic)
    adapted = memory.predict(size, RunConfig(lora_rank=4), learner, prompt=8, completion=8)
    adapters.add(model, 4)  # type: ignore[arg-type]
    policy = adapted.of("policy")
    assert policy is not None
    assert policy.trained == sum(x.numel() for x in model.parameters() if x.requires_grad)
    assert policy.parameters == count(model)
    assert adapted.of("reference") is None  # the policy without its adapters


def test_a_learners_own_group_size_is_what_is_packed():
    """Long questions: 4 responses to each share a row less well than 16 do, and take more memory."""
    run = RunConfig(prompts_per_step=4, num_generations=16)
    own = RunConfig(prompts_per_step=4, num_generations=16, learners=(learner("grpo", num_generations=4),))
    same = RunConfig(prompts_per_step=16, num_generations=4)
    sizes = {"prompt": 200, "completion": 20}
    predicted = memory.predict(SIZE, own, own.learners[0], **sizes)
    assert predicted == memory.predict(SIZE, same, learner("grpo"), **sizes)
    assert predicted.total > memory.predict(SIZE, run, learner("grpo"), **sizes).total


def test_biases_and_a_config_inside_a_config_are_counted() -> None:
    config, model = built("llama", attention_bias=True, mlp_bias=True)
    size = size_of({"model_type": "outer", "text_config": config})
    assert size is not None
    assert size.parameters == count(model)


@pytest.mark.parametrize(
    "config", [{}, {"model_type": "mamba"}, {"model_type": "llama"}, {"model_type": "llama", "vocab_size": "x"}]
)
def test_what_is_not_known_is_not_guessed(config: dict[str, Any]) -> None:
    assert size_of(config) is None


def test_the_size_of_smollm2_is_known_before_it_is_here() -> None:
    size = size_of(start.config_of("SmolLM2-135M-Instruct") or {})
    assert size is not None
    assert size.parameters == 134_515_008


# -- the parts, by hand ------------------------------------------------------------------------------------------------

SIZE = Size(1_000_000, 2, 64, 128, 4, 2, 16, 100, True, True, False, ((64, 64), (32, 64)))


def predicted(**changed: Any) -> memory.Prediction:
    values: dict[str, Any] = {"measure_kl": False, "prompts_per_step": 4, "num_generations": 8, "micro_batch_size": 16}
    values["task"] = {"kind": "chain-sum", "heldout": 16}
    algorithm = changed.pop("algorithm", "grpo")
    where = {x: changed.pop(x) for x in ("device", "dtype", "reward_model") if x in changed}
    learner = {"algorithm": algorithm, **({"kl_coef": 0} if algorithm == "ppo" else {})}
    config = parse_config({**RunConfig().model_dump(), **values, **changed, "learners": [learner]})
    return memory.predict(SIZE, config, config.learners[0], prompt=20, completion=10, **where)


def test_what_is_trained_takes_sixteen_bytes_and_what_is_frozen_four() -> None:
    (policy,) = predicted().models
    assert (policy.weights, policy.gradients, policy.optimizer) == (4_000_000, 4_000_000, 8_000_000)
    reference = predicted(measure_kl=True).of("reference")
    assert reference is not None
    assert (reference.weights, reference.gradients, reference.optimizer) == (4_000_000, 0, 0)
    assert [x.role for x in predicted(algorithm="ppo", measure_kl=True, reward_model=True).models] == [
        "policy", "value", "reference", "reward",
    ]  # fmt: skip


def test_activations_are_those_of_the_packed_tokens() -> None:
    # 16 rows of groups of 8: two packed rows of 20 + 8 × 10 tokens. Per token and layer, in numbers of 4 bytes: norms
    # 6 × 64, queries, what is seen and keys, values 2 × (64 + 32), gate to product 4 × 128, scores 4 heads × 100 wide,
    # 4 + 2 small ones; and the mask, 100 bytes. Outside the layers 4 × 64.
    layer = 4 * (6 * 64 + 2 * (64 + 32) + 4 * 128 + 4 * 100 + 6) + 100
    assert predicted().activations == 200 * (2 * layer + 4 * 4 * 64)
    assert predicted(micro_batch_size=None).activations == 2 * predicted().activations
    assert predicted(gradient_checkpointing=True).activations == 200 * (2 * 4 * 64 + layer + 4 * 4 * 64)
    assert predicted(micro_batch_size=3).activations == 50 * (2 * (layer - 50 * 17) + 4 * 4 * 64)  # 20 + 3 × 10 wide
    assert predicted(device="cuda", dtype="bfloat16").activations < 0.7 * predicted(device="cuda").activations


def test_logits_and_the_cache_are_bounded_as_the_code_bounds_them() -> None:
    assert predicted().logits == 5 * 4 * 16 * 10 * 100
    # 32 responses; there is room for 64 tokens at least
    assert predicted().cache == 2 * 2 * 2 * 16 * 4 * 32 * 64
    assert predicted(device="cuda", dtype="bfloat16").cache == predicted().cache // 2


def test_the_peak_is_the_largest_of_what_exists_at_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    output = 4 * 100 * 64  # its gradient, made while all activations are there
    parts, whole = predicted(algorithm="ppo"), predicted(algorithm="ppo", micro_batch_size=None)
    kept = sum(x.weights + x.optimizer for x in parts.models)
    holes = memory._HOLES
    one = parts.activations
    assert parts.total == memory.PROCESS + kept + 4_000_260 + output + parts.logits + one + int(holes * one)
    # In one part: no gradients yet, and policy and critic keep what they saved side by side, with the log-softmax …
    all_ = whole.activations
    assert 2 * all_ > output + whole.logits + all_
    assert whole.total == memory.PROCESS + kept + 2 * all_ + 4 * 320 * 100 + int(holes * all_)
    # … unless its logits are so many that they are made again: after the critic's activations have gone.
    monkeypatch.setattr(memory, "LOGITS", 31_000)
    many = predicted(algorithm="ppo", micro_batch_size=None)
    assert many.total == memory.PROCESS + kept + 2 * all_ + int(holes * all_)
    monkeypatch.setattr(memory, "_LOGIT_COPIES", 1000)
    many = predicted(algorithm="ppo", micro_batch_size=None)
    assert many.total == memory.PROCESS + kept + output + many.logits + all_ + int(holes * all_)
    monkeypatch.undo()
    # A reference is scored while both are kept: its logits stand beside them.
    third = predicted(algorithm="ppo", micro_batch_size=None, measure_kl=True)
    assert third.total == memory.PROCESS + kept + 4_000_000 + 2 * all_ + third.logits + int(holes * all_)
    # Where many held-out questions are asked at once, that is the peak.
    many = predicted(task={"kind": "chain-sum", "heldout": 256}, micro_batch_size=8)
    assert many.evaluation > 4_000_000 + output + many.logits + many.activations + int(holes * many.activations)
    assert many.total == memory.PROCESS + 12_000_000 + many.evaluation


def test_continuations_are_as_many_as_are_written_at_once() -> None:
    """Of a prompt of 20 tokens and 10 more, 273 make 8,192 tokens; there is room for 64 tokens at least in each."""
    one = {"micro_batch_size": 1, "value_check_continuations": 16}
    rows = 8192 // 30
    measuring = 2 * 2 * 2 * 16 * 4 * rows * 64 + 5 * 4 * rows * 100
    assert predicted(algorithm="vine", **one).total == memory.PROCESS + 12_000_000 + measuring
    assert predicted(value_check_responses=8, **one).total == memory.PROCESS + 12_000_000 + measuring
    assert predicted(value_check_responses=8, eval_every=0, **one).total == predicted(**one).total
    assert predicted(value_check_responses=0, **one).total < predicted(value_check_responses=8, **one).total
    many = predicted(value_check_responses=8, micro_batch_size=1, value_check_continuations=256)
    assert many.total == predicted(value_check_responses=8, **one).total  # one prefix at a time, 256 of it


def test_a_data_set_is_counted_as_long_as_its_run_lasts() -> None:
    """65,536 responses of up to 200 tokens are gigabytes, whatever the model: nothing else of a run grows so."""
    values: dict[str, Any] = {"task": {"kind": "chain-sum", "heldout": 16}, "micro_batch_size": 1, "measure_kl": False}
    run = parse_config({**values, "prompts_per_step": 4, "num_generations": 8})

    def total(responses: int, completion: int) -> int:
        own = learner("sft", data_responses=responses, data_generations=8)
        return memory.predict(SIZE, run, own, prompt=20, completion=completion).total

    more = total(65_536, 200) - total(32_768, 200)
    assert more == 32_768 * (2_000 + 200 * 136)
    assert total(32_768, 200) - total(32_768, 100) > 32_768 * 100 * 136
    # Fewer than a step has, but 256 of them are written at a time, and as many to see how they lie.
    assert total(256, 200) > total(8, 200)


def test_of_a_small_models_continuations_all_states_that_may_be_are_counted() -> None:
    """Of 8,192 continuations of 30 tokens, prompt included, 2,184 states are 65,536 tokens. While a layer's are made
    anew, its new keys, its old values and the new ones are there beside all old keys and values."""
    own = learner("vine", continuations=16)
    run = RunConfig(prompts_per_step=4, num_generations=8)
    states = 65_536 // 30
    keys = 2 * 16 * 4 * states * 29
    measuring = memory._continuations(SIZE, run, own, 20, 10, 4, lean=True)
    assert measuring == (2 * 2 + 3) * keys + 5 * 4 * states * 100
    few = run.model_copy(update={"prompts_per_step": 1, "num_generations": 2})
    assert memory._continuations(SIZE, few, own, 20, 10, 4, lean=True) == measuring * 320 / states


def test_verdicts_that_are_remembered_are_counted() -> None:
    run, own = RunConfig(prompts_per_step=512, num_generations=16), learner("vine", continuations=16)
    each = 4 * 12 + 33 + 24 + 100
    states = 65_536 // 30
    writing = 7 * 2 * 16 * 4 * states * 29 + 5 * 4 * states * 100
    counted = 8192 * 10 * 16 * 8 + 400_000 * each  # each reward, and 4 million tokens of verdicts
    assert memory._continuations(SIZE, run, own, 20, 10, 4, lean=True) == writing + counted - memory._SMALL


def test_freed_memory_is_counted_up_to_the_most_that_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    free = predicted().total - int(memory._HOLES * predicted().activations)
    monkeypatch.setattr(memory, "_MOST_HOLES", 1000)
    assert predicted().total == free + 1000


def test_every_lever_that_the_sentence_names_helps() -> None:
    config, ample = preset("smollm2-sums"), free_memory.needs
    grpo = config.learner("grpo")

    def total(**changed: Any) -> int:
        predicted = ample(parse_config({**config.model_dump(), "micro_batch_size": 32, **changed}), grpo)
        assert predicted is not None
        return predicted.total

    basic = total(measure_kl=True)
    assert total() < basic
    assert total(micro_batch_size=8) < total()
    assert total(gradient_checkpointing=True) < total()
    assert total(lora_rank=8) < total() - 16 * 100_000_000


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_a_run_that_does_not_fit_is_refused_with_its_numbers_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    config = preset("smollm2-sums")
    monkeypatch.setattr(free_memory, "available", lambda _: 4_000_000_000)
    with pytest.raises(ConfigError) as refused:
        free_memory.refuse_if_too_large(config)
    sentence = str(refused.value)
    needed = sum(x.total for x in (free_memory.needs(config, y) for y in config.learners) if x is not None)
    assert f"ppo and grpo would need about {needed / 1e9:.1f} GB (policy 4.3, value 2.2, " in sentence
    assert "but only 4.0 GB are free" in sentence
    assert "\n" not in sentence
    monkeypatch.setattr(free_memory, "available", lambda _: needed)
    free_memory.refuse_if_too_large(config)
    monkeypatch.setattr(free_memory, "available", lambda _: None)
    free_memory.refuse_if_too_large(config)


def test_a_bundled_models_run_is_measured_by_its_responses_and_their_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """100,000 steps of 8,192 responses of 4,096 tokens were started once: no number of a setting is harmless alone."""
    small, free = RunConfig(device="cpu"), 2_000_000_000
    monkeypatch.setattr(free_memory, "available", lambda _: free)
    free_memory.refuse_if_too_large(small)  # the app's own first run, also on a small machine
    for large in (
        {"prompts_per_step": 32, "num_generations": 256, "max_completion_length": 4096},
        {"prompts_per_step": 32, "num_generations": 256, "max_completion_length": 4096, "micro_batch_size": 1},
        {"num_generations": 64, "max_completion_length": 1024},
        {"trace": "all", "num_generations": 64, "max_completion_length": 256, "micro_batch_size": 8},
    ):
        config = change(small, large)
        with pytest.raises(ConfigError) as refused:
            free_memory.refuse_if_too_large(config)
        count = config.prompts_per_step * config.num_generations
        assert f"with {count} responses of up to {config.max_completion_length} tokens a step" in str(refused.value)
        assert "but only 2.0 GB are free" in str(refused.value)
    free = 1
    with pytest.raises(ConfigError, match="chain-sum-3x1 does not fit"):
        free_memory.refuse_if_too_large(small)


def test_a_run_that_does_not_fit_is_not_started_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    run_id = store.create(preset("smollm2-sums"))
    monkeypatch.setattr(free_memory, "available", lambda _: 1_000_000_000)
    monkeypatch.setattr(starting, "on_cpu", lambda _: True)
    starter = LocalLauncher(store, limit=1)
    with pytest.raises(LauncherError, match="does not fit this machine"):
        starter.start(run_id)
    info = store.get(run_id)
    assert info.status == "failed"
    assert "only 1.0 GB are free" in str(info.reason)
    assert starter._fork_server is None
    starter.close()


def test_the_memory_that_is_free_is_what_a_container_leaves(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 16000 kB\nMemAvailable:    9000 kB\n")
    assert free_memory._meminfo(tmp_path / "meminfo") == 9_216_000
    assert free_memory._meminfo(tmp_path / "none") is None
    for name, text in {
        "memory.max": "5000\n",
        "memory.current": "3000\n",
        "memory.stat": "anon 1\ninactive_file 700\n",
    }.items():
        (tmp_path / name).write_text(text)
    assert free_memory._cgroup2(tmp_path) == 2700
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory._cgroup2(tmp_path) is None
    assert free_memory._cgroup1(tmp_path) is None
    assert free_memory.available() is None or free_memory.available() > 100_000_000  # type: ignore[operator]


# -- measured ----------------------------------------------------------------------------------------------------------


def measured(case: Case, folder: Path) -> float:
    """Predicted peak of a case over the measured one. Its model is made here; what measures is a new process."""
    assert isinstance(case.model, dict)
    make_model(case.model, folder)
    peaks = measured_with(case, str(folder))
    return float(peaks["predicted"] / peaks["peak"])


def test_a_measured_peak_is_within_fifteen_per_cent_of_the_prediction(tmp_path: Path) -> None:
    """One of the cases of `python -m benches.memory`; it measures in a process of its own."""
    model = {
        "model_type": "llama", "vocab_size": 8_000, "hidden_size": 512, "intermediate_size": 1536,
        "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4, "tie_word_embeddings": True,
    }  # fmt: skip
    # One step of two passes: the second one's gradients are made beside the optimiser's moments.
    quick = {"steps": 1, "compare_samples": 1, "micro_batch_size": 16, "max_completion_length": 12}
    case = Case("test", model, quick, "grpo")
    assert measured(case, tmp_path) == pytest.approx(1, abs=0.15)


def test_a_narrow_models_measured_peak_is_near_the_prediction(tmp_path: Path) -> None:
    """Bundled models are as narrow: their activations are predicted as core/models/lean.py keeps them."""
    case = next(x for x in CASES if x.name == "narrow-grpo")
    one_step = {**case.run, "steps": 1}  # what a second adds, the optimiser's moments, is little of so narrow a model
    assert measured(replace(case, run=one_step), tmp_path) == pytest.approx(1, abs=0.2)


def test_answers_that_a_critic_is_fitted_to_are_counted() -> None:
    """Each batch is learnt from four times; a token of question or answer takes 14 bytes, as where it is replayed."""
    plain = predicted(algorithm="ppo")
    run = RunConfig(measure_kl=False, prompts_per_step=4, num_generations=8, micro_batch_size=16)
    own = learner("ppo", kl_coef=0.0, value_pretrain_updates=20_000)
    total = memory.predict(SIZE, run, own, prompt=20, completion=10).total
    assert total == plain.total + 5000 * 32 * 30 * 14 - memory._SMALL > plain.total


def test_the_rewards_of_many_continuations_are_counted() -> None:
    run = RunConfig(prompts_per_step=512, num_generations=16)

    def total(each: int) -> int:
        own = learner("vine", continuations=each)
        return memory._continuations(SIZE, run, own, 20, 40, 4, lean=True)

    assert total(256) - total(64) == 8192 * 40 * (256 - 64) * 8
