"""The formulas that pages show for kinds and surrogates, against the papers' own."""

from __future__ import annotations

from core.learners.registry import learner, lines


def test_the_clipped_surrogate_is_the_smaller_of_the_two_products() -> None:
    """Schulman et al. 2017 (arXiv:1707.06347), eq. 7: min(r_t A_t, clip(r_t, 1 - epsilon, 1 + epsilon) A_t)."""
    shown = lines(learner("ppo", epsilon=0.2, epsilon_high=0.5))["surrogate"]
    assert shown == r"J_t = \min(\rho_t A_t,\ \operatorname{clip}(\rho_t,\, 0.8,\, 1.5)\,A_t)"


def test_the_dual_clip_bounds_a_negative_advantage_from_below() -> None:
    """Ye et al. 2019 (arXiv:1912.09729), eq. 5: max(min(…), c A_t) where A_t < 0."""
    plain, dual = (lines(learner("ppo", dual_clip=x))["surrogate"] for x in (None, 3.0))
    assert dual == plain + r",\quad J_t \ge 3 A_t \text{ if } A_t < 0"


def test_cispo_bounds_the_weight_from_above_only() -> None:
    """MiniMax-M1 2025 (arXiv:2506.13585): sg(min(r_t, 1 + epsilon_high)) A_t log pi, without a lower bound."""
    shown = lines(learner("ppo", surrogate="cispo", epsilon_high=0.5))["surrogate"]
    assert shown == r"J_t = \operatorname{sg}(\min(\rho_t,\, 1.5))\,A_t \log \pi_\theta(o_t \mid s_t)"


def test_grpo_compares_with_the_mean_of_the_group_and_divides_by_its_spread() -> None:
    """Shao et al. 2024 (arXiv:2402.03300), section 4.1.2: A_i,t = (r_i - mean(r)) / std(r)."""
    shown = lines(learner("grpo", scale_eps=0.1))
    assert shown["advantage"] == r"A_{i,t} = r_i - \operatorname{mean}(r_1,\dots,r_G)"
    assert shown["normalisation"] == r"A \leftarrow A \,/\, (\operatorname{std}(r_1,\dots,r_G) + 0.1)"


def test_which_questions_count_is_said_as_it_is_done() -> None:
    """DAPO (Yu et al. 2025, arXiv:2503.14476), eq. 11: questions that are answered neither all right nor all wrong. Of
    rewards that are no 0 and 1 that is: not all equal (Asker._without_signal)."""
    asked = lines(learner("grpo", dynamic_sampling=True))["questions"]
    assert asked == r"q_1,\dots,q_P \text{ with } \min(r_1,\dots,r_G) < \max(r_1,\dots,r_G)"
    best = lines(learner("sft", data_best="best-of-group"))["questions"]
    assert best == r"q_1,\dots,q_P \text{ of the data set},\ \text{with } r_i = \max(r_1,\dots,r_G)"
    right = lines(learner("sft", data_best="right"))["questions"]
    assert right == r"q_1,\dots,q_P \text{ of the data set},\ \text{with } r_i = \max(\text{all } r)"


def test_gae_sums_what_the_critic_did_not_expect() -> None:
    """Schulman et al. 2017 (arXiv:1707.06347), eq. 11 and 12.

    A_t = delta_t + (gamma lambda) delta_{t+1} + …,  delta_t = r_t + gamma V(s_{t+1}) - V(s_t)
    """
    total, change = lines(learner("ppo", gamma=0.5, lam=0.8))["advantage"].split(r",\quad ")
    assert total == r"A_t = \textstyle\sum_l 0.4^l\,\delta_{t+l}"
    assert change == r"\delta_t = r_t + 0.5\,V_\phi(s_{t+1}) - V_\phi(s_t)"


def test_vine_takes_the_change_of_the_measured_value() -> None:
    """Kazemnejad et al. 2024 (arXiv:2410.01679): A_t = r_t + V(s_{t+1}) - V(s_t), V a mean over K continuations."""
    change, measured = lines(learner("vine", continuations=5))["advantage"].split(r",\quad ")
    assert change == "A_t = r_t + V(s_{t+1}) - V(s_t)"
    assert measured.startswith(r"V(s) = \tfrac{1}{5}\textstyle\sum_k")


def test_without_a_kl_in_the_loss_the_formula_says_so() -> None:
    assert lines(learner("grpo", beta=0.0))["kl"] == r"\text{none}"
    assert lines(learner("grpo", beta=0.25, kl_loss_estimator="k2"))["kl"] == r"J_t - 0.25\,k_{2,t}"
