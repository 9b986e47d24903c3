"""What the pipeline says, in the viewer's language; the browser fills its places, like {o}, with numbers."""

from __future__ import annotations

from lessons.i18n import _


def words(*, is_verdict: bool = True) -> dict[str, str]:
    """Sentences and labels by the names that the ES modules use (lessons/board/frontend/pipeline)."""
    return {**_controls(), **_signs(), **_titles(), **_rows(), **_answers(is_verdict), **_models(), **_credit()}


def _controls() -> dict[str, str]:
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "back": _("Previous station"),
        "next": _("Next station"),
        "scrub": _("Where in the pipeline"),
        "scrub_says": _("station {n} of {all}, {title}, {share}% done"),
        "speed": _("Speed"),
        "morph": _("From PPO to GRPO"),
        "between": _("between {ppo} and {grpo}: {share}%"),
        "as_text": _("Read as text"),
    }


def _signs() -> dict[str, str]:
    return {
        "trained": _("trained"),
        "frozen": _("frozen"),
        "trained_long": _("trained: the update changes its weights"),
        "frozen_long": _("frozen: never changes"),
        "negative": _("pushed down"),
        "positive": _("pushed up"),
        "question_sign": "q",
        "unknown_short": "–",
        "none": _("none"),
        "not_recorded": _("not recorded"),
        "right": _("right"),
        "wrong": _("wrong"),
        "comma": _(", "),
        "colon": _(": "),
        "more_lanes": _("… and {n} more"),
        "more_numbers": _("… ({n} more)"),
        "mean_short": _("mean {mean}"),
        "group_label": _("group"),
        "ghost": _("no value model"),
        "same": _("the same in both"),
        "differs": _("here they differ"),
        "whose_ppo": _("PPO: a trained critic judges every prefix. Each token gets an advantage of its own."),
        "whose_grpo": _("GRPO: no critic, the group is the measure. All tokens of a response get the same advantage."),
    }


def _titles() -> dict[str, str]:
    shared = {
        "query": _("Query"),
        "policy": _("Policy"),
        "outputs": _("Outputs"),
        "reference": _("Reference"),
        "reward": _("Reward"),
        "advantage": _("Advantage"),
        "update": _("Update"),
    }
    both = {f"station_{key}_{mode}": title for key, title in shared.items() for mode in ("ppo", "grpo")}
    own = {
        "station_baseline_ppo": _("Value model"),
        "station_baseline_grpo": _("Group: the mean"),
        "station_credit_ppo": _("GAE"),
        "station_credit_grpo": _("Group: the comparison"),
    }
    return {**both, **own, "station_of": _("{n} of {all} · {title}")}


def _rows() -> dict[str, str]:
    return {
        "row_logprob_old": _("log-probability"),
        "row_text": _("the response"),
        "row_kl": _("KL estimate {estimate}"),
        "row_token_reward": _("reward at the token, less its KL penalty"),
        "row_reward": _("reward"),
        "row_value": _("value V before the token"),
        "row_advantage_raw": _("advantage before whitening"),
        "row_credit": _("advantage"),
        "row_advantage": _("advantage"),
        "row_ratio": _("ratio ρ"),
    }


def _answers(is_verdict: bool) -> dict[str, str]:
    """`is_verdict`: whether a reward says no more than that a response is the right answer (lessons/kit/scored.py)."""
    asked, paid = (
        _("The question {prompt} goes to the policy."),
        _("One number for the whole of {o}, at its end: {reward}."),
    )
    if is_verdict:
        asked = _("The question {prompt} goes to the policy. The right answer is {answer}.")
        paid = _("One number for the whole of {o}, at its end: {reward}, since it is {verdict}.")
    written = _(
        "The policy writes token by token. Under each token of {o}: the log-probability with which it was drawn."
    )
    return {
        "query_ppo": asked,
        "query_grpo": asked,
        "policy_ppo": written,
        "policy_grpo": written,
        "outputs_ppo": _(
            "Responses to the same question: {n}. PPO credits each by itself; this is {o}, which is {verdict}."
        ),
        "outputs_grpo": _(
            "Responses to the same question: {n}. For GRPO they are one group, to be compared with each other."
        ),
        "reward_ppo": paid,
        "reward_grpo": _("One number for each whole response; right: {right} of {n}."),
    }


def _models() -> dict[str, str]:
    return {
        "reference_charged": _(
            "A frozen copy of the start model reads {o}, too. β = {beta} times the KL estimate under each token is "
            "taken off the reward, so that the policy stays near the start."
        ),
        "reference_loss": _(
            "A frozen copy of the start model reads {o}, too. The KL to it is a part of the loss (β = {beta}), not of "
            "the reward."
        ),
        "reference_unused": _(
            "A frozen copy of the start model. With β = 0, as here, nothing is taken off for leaving it."
        ),
        "reference_unknown": _("A frozen copy of the start model. What it found of these tokens is not recorded."),
        "baseline_ppo": _(
            "The critic, trained beside the policy, says before each token what reward it expects: {first} before the "
            "first, {last} before the last."
        ),
        "baseline_slip": _(
            "The critic, trained beside the policy, says before each token what reward it expects: {before} before "
            "“{token}”, the first token that no right response shares, and {after} after it."
        ),
        "value_unknown": _(
            "The critic says before each token what reward it expects; here its values are not recorded."
        ),
        "no_critic": _("Here PPO would ask its critic. These responses are {origin}'s, and no critic read them."),
        "baseline_grpo": _(
            "No critic: {o} is compared with the mean reward of its own group, {mean}. Each response counts ({n})."
        ),
    }


def _credit() -> dict[str, str]:
    return {
        "credit_ppo": _(
            "From the last token back to the first: each is credited with its own surprise δ and with the later ones, "
            "faded by γλ = {decay} a token."
        ),
        "credit_unknown": _("Without values there is no surprise to add up: what PPO would give is not known."),
        "credit_grpo": _("Each reward less the mean {mean}, divided by the group's spread, {spread}."),
        "credit_undivided": _("Each reward less the mean {mean}; in this run nothing is divided by the spread."),
        "credit_silent": _("All rewards of the group are equal, so every difference is 0: nothing is learnt from it."),
        "advantage_ppo": _(
            "Every token of {o} has an advantage of its own, from {low} at “{low_token}” to {high} at “{high_token}”."
        ),
        "advantage_grpo": _("Every token of {o} gets the same advantage, {credit}: right steps and wrong ones alike."),
        "update_own": _(
            "Tokens with an advantage above 0 are pushed up, those below 0 down, each time the batch is gone over "
            "({passes} ×). Under each token: its probability afterwards, as a ratio to that before."
        ),
        "update_none": _("While the critic warms up, the policy takes no gradient."),
        "update_other": _(
            "The same functions update the policy. This step's update followed {origin}'s credit, so what {other}'s "
            "would have moved is not recorded."
        ),
    }
