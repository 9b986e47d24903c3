"""What-if against the trace it started from, against pandas and numpy, and the bridge's identities one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from core.config import RunConfig
from core.errors import ConfigError
from core.insight.bridge import CHANGES, bridge
from core.insight.whatif import adjusted, credit_under, effect_under, mixed_values, stored_step, values_of
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.learners.kinds.vine import VineSettings
from core.learners.variants import VARIANTS
from core.training.trainer import Trainer

LEARNERS = (PPOSettings(kl_coef=0.1, gamma=0.97), GRPOSettings(beta=0.02, dual_clip=1.3), VineSettings())


def config(**settings) -> RunConfig:
    fixed = {"steps": 4, "prompts_per_step": 6, "num_generations": 4, "eval_every": 0}
    return RunConfig(learners=LEARNERS, **{**fixed, **settings})


@pytest.fixture(scope="module")
def traces():
    """The fourth step, when reference and policy differ and the critic says something."""
    torch.set_num_threads(1)
    return {x.name: list(Trainer(config(trace="all"), x.name).steps())[-1] for x in LEARNERS}


@pytest.fixture(scope="module")
def frozen(traces):
    return {name: stored_step(x.samples, x.tokens) for name, x in traces.items()}


def stored(trace, name: str, number: int = 0) -> np.ndarray:
    """A column of a pass, in the order of samples and positions."""
    table = trace.tokens.to_pandas()
    return table[table["pass"] == number].sort_values(["sample", "position"])[name].to_numpy()


@pytest.mark.parametrize("settings", LEARNERS, ids=lambda x: x.name)
def test_with_unchanged_settings_every_derived_column_comes_out_again(traces, frozen, settings) -> None:
    trace, step = traces[settings.name], frozen[settings.name]
    mask = step.experience.mask
    credit = credit_under(step, settings)
    columns = {
        "advantage": credit.advantages,
        "advantage_raw": credit.advantages_raw,
        "token_reward": credit.token_rewards,
        "delta": credit.deltas,
        "return": credit.returns,
    }
    for name, computed in columns.items():
        expected = stored(trace, name)
        if computed is None:
            assert np.isnan(expected.astype(float)).all()
        else:
            np.testing.assert_allclose(computed[mask], expected, atol=2e-6, err_msg=name)
    assert step.passes == 2
    for number in range(3):
        effect = effect_under(step, credit, settings, 15, number)
        for name, computed in {
            "ratio": effect.ratio,
            "clipped": effect.clipped,
            "objective": effect.objective,
            **{f"kl_{k}": x for k, x in effect.kl.items()},
        }.items():
            if name == "clipped" and number == step.passes:  # where no gradient was taken
                assert np.isnan(stored(trace, name, number)).all()
                continue
            np.testing.assert_allclose(computed[mask], stored(trace, name, number), atol=2e-6, err_msg=name)
    assert len(effect.kl) == 3


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
@pytest.mark.parametrize("learner", ["ppo", "vine"])
def test_grpos_credit_of_another_learners_responses(traces, frozen, learner: str, scale) -> None:
    settings = GRPOSettings(scale_rewards=scale)
    samples = traces[learner].samples.to_pandas()
    group = samples.groupby("group").reward
    raw = samples.reward - group.transform("mean")
    spread = {"group": group.transform("std"), "batch": samples.reward.std(), "none": 1 - 1e-4}[scale]
    expected = np.repeat((raw / (spread + 1e-4)).to_numpy(), samples.length)
    credited = credit_under(frozen[learner], settings).advantages[frozen[learner].experience.mask]
    np.testing.assert_allclose(credited, expected, atol=1e-5)
    assert np.abs(expected).max() > 0


def test_ppos_credit_of_grpos_responses_needs_somebodys_values(frozen) -> None:
    with pytest.raises(ValueError, match="ppo: PPO needs the critic's values"):
        credit_under(frozen["grpo"], PPOSettings())
    with pytest.raises(ValueError, match="has no values to start from"):
        mixed_values(frozen["grpo"], 0.5)
    settings = PPOSettings(kl_coef=0, lam=1.0, whiten_advantages=False)
    experience = frozen["grpo"].experience
    nobody = credit_under(frozen["grpo"], settings, "zero").advantages
    torch.testing.assert_close(nobody, experience.rewards[:, None] * experience.mask)
    anybody = torch.rand(experience.mask.shape)
    given = credit_under(frozen["grpo"], settings, anybody).advantages
    torch.testing.assert_close(given, (experience.rewards[:, None] - anybody) * experience.mask)


def test_the_gradient_is_the_weighted_credit_and_nothing_where_the_clip_cuts(frozen) -> None:
    step, settings = frozen["grpo"], GRPOSettings(epsilon=0.02)
    credit = credit_under(step, settings)
    effect = effect_under(step, credit, settings, 15, number=2)
    mask = step.experience.mask
    assert (effect.clipped[mask] != 0).any()
    by_hand = -effect.weights * effect.ratio * credit.advantages * (effect.clipped == 0)
    torch.testing.assert_close(effect.gradient[mask], by_hand[mask])
    assert (effect.gradient[~mask] == 0).all()
    wide = effect_under(step, credit, adjusted(settings, {"epsilon": 0.9, "epsilon_high": 9.0}), 15, number=2)
    assert (wide.clipped[mask] == 0).all()
    assert wide.gradient.abs().sum() > effect.gradient.abs().sum()


def test_the_loss_is_the_weighted_mean_of_the_objective_and_the_entropy_bonus_is_left_out(frozen) -> None:
    step, settings = frozen["grpo"], GRPOSettings(beta=0.05, aggregation="token-mean", entropy_coef=0.3)
    credit, mask = credit_under(step, settings), step.experience.mask
    effect = effect_under(step, credit, settings, 15, number=1)
    ratio = (step.logprobs[1] - step.logprobs[0]).exp()
    inside = ratio.clamp(1 - settings.epsilon, 1 + settings.clip_high)
    surrogate = torch.minimum(ratio * credit.advantages, inside * credit.advantages)
    torch.testing.assert_close(effect.surrogate[mask], surrogate[mask])
    objective = surrogate - 0.05 * effect.kl["k3"]
    assert effect.loss == pytest.approx(-float(objective[mask].mean()), rel=1e-5)
    first = effect_under(step, credit, settings, 15)
    assert (first.ratio[mask] == 1).all()  # before any pass, if no other is asked for


def test_without_a_reference_there_is_no_kl(frozen) -> None:
    step, settings = frozen["grpo"], GRPOSettings()
    alone = replace(step, experience=replace(step.experience, logprobs_ref=None))
    assert effect_under(alone, credit_under(alone, settings), settings, 15).kl == {}


def test_every_named_variant_can_be_asked_what_it_would_have_done(frozen) -> None:
    for variant in VARIANTS.values():
        credit = credit_under(frozen["ppo"], variant.settings, "group-mean")
        effect = effect_under(frozen["ppo"], credit, variant.settings, 15, number=1)
        assert effect.gradient.abs().max() > 0, variant.name


def test_a_panel_is_credited_as_the_whole_step_where_credit_is_a_responses_own() -> None:
    torch.set_num_threads(1)
    panel = next(Trainer(config(panel_size=8), "ppo").steps())
    step = stored_step(panel.samples, panel.tokens)
    assert step.experience.mask.shape[0] == 8
    credit = credit_under(step, LEARNERS[0])
    np.testing.assert_allclose(credit.advantages_raw[step.experience.mask], stored(panel, "advantage_raw"), atol=1e-6)
    # Whitened over the panel: standardised there, and the stored ones but for a shift and a scale.
    credited, whole = credit.advantages[step.experience.mask].numpy(), stored(panel, "advantage")
    assert (credited.mean(), credited.std(ddof=1)) == (pytest.approx(0, abs=1e-6), pytest.approx(1, abs=1e-5))
    assert np.corrcoef(credited, whole)[0, 1] == pytest.approx(1)


def test_what_cannot_be_is_a_sentence() -> None:
    with pytest.raises(ConfigError, match=r"^ppo\.lam: must be at most 1.0, but is 2$"):
        adjusted(PPOSettings(), {"lam": 2})
    with pytest.raises(ConfigError, match=r"grpo\.lam: there is no setting of this name"):
        adjusted(GRPOSettings(), {"lam": 0.5})
    with pytest.raises(ConfigError, match="without a baseline"):
        adjusted(GRPOSettings(num_mini_batches=7), {"baseline": "none"})
    assert adjusted(GRPOSettings(num_mini_batches=7), {"epsilon": 0.1}).epsilon == 0.1


@pytest.mark.parametrize("prompts", [1, 2, 6, 16])
@pytest.mark.parametrize("size", [2, 3, 4, 8, 64])
@pytest.mark.parametrize("batches", [1, 4, 6])
def test_a_learner_whose_groups_are_of_another_size_than_the_runs(prompts: int, size: int, batches: int) -> None:
    """Whatever a run allows a learner, its settings can be changed afterwards, too."""
    for kind in (PPOSettings, GRPOSettings, VineSettings):
        settings = kind(num_generations=size, num_mini_batches=batches)
        try:
            RunConfig(learners=(settings,), prompts_per_step=prompts, num_generations=8)
        except (ConfigError, ValidationError):
            continue
        assert adjusted(settings, {"epsilon": 0.1}) == settings.model_copy(update={"epsilon": 0.1})


# -- the bridge --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stops(frozen):
    crossed = bridge(frozen["ppo"], LEARNERS[0], GRPOSettings(kl_coef=0.3, whiten_advantages=True))  # type: ignore[arg-type]
    assert [x.stop for x in crossed] == list(CHANGES)
    return {x.stop: x for x in crossed}


def responses(step):
    """Response by response: (rewards of its group, reward, its critic's values, its token rewards' KL part)."""
    experience = step.experience
    for b, n in enumerate(experience.mask.sum(1).tolist()):
        own = experience.group == experience.group[b]
        kl = (experience.logprobs_old - experience.logprobs_ref)[b, :n].double().numpy()
        yield b, n, experience.rewards[own].numpy(), float(experience.rewards[b]), experience.values[b, :n].numpy(), kl


def double_sum(rewards, values, gamma, lam):
    n = len(values)
    after = np.append(values[1:], 0)
    delta = rewards + gamma * after - values
    return [sum((gamma * lam) ** (u - t) * delta[u] for u in range(t, n)) for t in range(n)]


def test_ppos_end_is_what_trained(traces, frozen, stops) -> None:
    mask = frozen["ppo"].experience.mask
    np.testing.assert_allclose(stops["ppo"].credit.advantages[mask], stored(traces["ppo"], "advantage"), atol=2e-6)


@pytest.mark.parametrize(
    ("stop", "gamma", "lam", "beta"),
    [("raw", 0.97, 0.95, 0.1), ("score-only", 0.97, 0.95, 0), ("undiscounted", 1, 0.95, 0), ("outcome", 1, 1, 0)],
)
def test_between_the_ends_it_is_the_double_sum_with_one_more_thing_gone(frozen, stops, stop, gamma, lam, beta) -> None:
    for b, n, _, reward, values, kl in responses(frozen["ppo"]):
        rewards = -beta * kl
        rewards[-1] += reward
        credited = stops[stop].credit.advantages[b, :n]
        np.testing.assert_allclose(credited, double_sum(rewards, values, gamma, lam), atol=1e-5)


def test_raw_is_the_whitened_credit_but_for_a_shift_and_a_scale(frozen, stops) -> None:
    mask = frozen["ppo"].experience.mask
    raw, white = (stops[x].credit.advantages[mask].double() for x in ("raw", "ppo"))
    torch.testing.assert_close((raw - raw.mean()) / raw.std(), white, atol=1e-5, rtol=1e-5)


def test_the_score_alone_is_the_reward_and_stands_at_the_end(frozen, stops) -> None:
    rewards = stops["score-only"].credit.token_rewards
    for b, n, _, reward, _, _ in responses(frozen["ppo"]):
        assert rewards[b, : n - 1].abs().sum() == 0
        assert rewards[b, n - 1] == reward


def test_undiscounted_surprises_add_up_to_the_reward_less_what_was_expected(frozen, stops) -> None:
    deltas = stops["undiscounted"].credit.deltas
    for b, _, _, reward, values, _ in responses(frozen["ppo"]):
        assert float(deltas[b].sum()) == pytest.approx(reward - float(values[0]), abs=1e-5)


def test_the_outcome_less_the_value_then_less_the_groups_mean_then_over_its_spread(frozen, stops) -> None:
    for b, n, group, reward, values, _ in responses(frozen["ppo"]):
        credited = {x: stops[x].credit.advantages[b, :n].numpy() for x in ("outcome", "group-mean", "grpo")}
        np.testing.assert_allclose(credited["outcome"], reward - values, atol=1e-5)
        np.testing.assert_allclose(credited["group-mean"], np.full(n, reward - group.mean()), atol=1e-6)
        scaled = (reward - group.mean()) / (group.std(ddof=1) + 1e-4)
        np.testing.assert_allclose(credited["grpo"], np.full(n, scaled), atol=1e-5)


def test_the_last_step_of_gae_is_grpos_own_function_without_the_division(frozen, stops) -> None:
    alone = credit_under(frozen["ppo"], GRPOSettings(scale_rewards="none"))
    torch.testing.assert_close(stops["group-mean"].credit.advantages, alone.advantages, atol=1e-6, rtol=0)


def test_a_stop_says_what_it_changed(stops) -> None:
    assert stops["undiscounted"].changed == {"gamma": 1.0}
    assert stops["undiscounted"].settings.gamma == 1.0
    assert stops["group-mean"].changed == {}
    assert [x.values for x in stops.values()] == ["stored"] * 5 + ["group-mean"] * 2
    grpo = stops["grpo"]
    assert grpo.changed == {}
    assert grpo.settings == GRPOSettings(kl_coef=0.0, whiten_advantages=False)  # of another KL in the reward, whitened


def test_a_stop_whose_setting_was_so_already_changes_nothing(frozen) -> None:
    plain = PPOSettings(kl_coef=0.0, gamma=1.0, whiten_advantages=False, lam=0.5)
    changed = {x.stop: x.changed for x in bridge(frozen["ppo"], plain, GRPOSettings())}
    assert changed == {stop: {"lam": 1.0} if stop == "outcome" else {} for stop in CHANGES}


def test_cut_off_responses_are_taken_as_over(frozen) -> None:
    """Whether or not the trace has the critic's value of what was cut off."""
    after = torch.full_like(frozen["ppo"].experience.rewards, 0.5)
    experience = replace(
        frozen["ppo"].experience, truncated=torch.ones_like(after, dtype=torch.bool), value_after=after
    )
    step = replace(frozen["ppo"], experience=experience)
    bootstrapped = PPOSettings(kl_coef=0.1, gamma=0.97, bootstrap_truncated=True)
    over = credit_under(step, LEARNERS[0]).advantages
    assert not torch.equal(over, credit_under(step, bootstrapped).advantages)
    assert torch.equal(bridge(step, bootstrapped, GRPOSettings())[0].credit.advantages, over)
    pairs = zip(bridge(step, bootstrapped, GRPOSettings()), bridge(step, LEARNERS[0], GRPOSettings()), strict=True)
    for one, other in pairs:
        assert one.settings == other.settings
        assert torch.equal(one.credit.advantages, other.credit.advantages)


def test_between_two_stops_values_can_be_mixed(frozen, stops) -> None:
    step, settings = frozen["ppo"], stops["outcome"].settings
    half = credit_under(step, settings, mixed_values(step, 0.5)).advantages
    both = (stops["outcome"].credit.advantages + stops["group-mean"].credit.advantages) / 2
    torch.testing.assert_close(half, both, atol=1e-6, rtol=0)
    assert values_of(step, "stored") is step.experience.values
