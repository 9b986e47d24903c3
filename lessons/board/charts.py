"""Which curves the board draws, and what it calls them in the viewer's language."""

from __future__ import annotations

from typing import Any

from lessons.i18n import _

#: What a chart is about, where it is not folded away with the rest.
_GROUPS = {
    "learning": (
        *("reward", "success", "tests", "heldout_tests", "completion_length", "frac_reward_zero_std"),
        *("pair_accuracy", "pair_loss"),
    ),
    "moved": ("kl", "entropy", "clip", "ratio_mean"),
    "critic": ("vf_explained_var", "value_explained", "value_error"),
}
#: From 0 to 1, as shares.
_UNIT = [0, 1]
_GROUP_OF = {key: group for group, keys in _GROUPS.items() for key in keys}


def charts() -> list[dict[str, Any]]:
    """The board's charts: what each draws from a step row, and how far its y-axis always reaches."""
    return [*_of_policy(), *_of_critic(), *_of_data(), *_of_tests(), *_of_pairs(), *_further()]


def _of_policy() -> list[dict[str, Any]]:
    """What the policy earns, and how far it moves."""
    return [
        _chart("reward", _("Reward"), _("Mean reward of the step's responses."), at_least=_UNIT),
        _chart(
            "success",
            _("Success"),
            _("Share of right responses; large points: on held-out questions, which are never trained on."),
            [
                {"column": "success_rate", "title": _("Success, training"), "name": _("line: training batches")},
                _points("heldout_success", _("Success, held-out"), _("dots: held-out questions")),
            ],
            at_least=_UNIT,
        ),
        _chart(
            "kl",
            _("KL to start"),
            _("How far the policy has moved from the frozen start model."),
            at_least=[0, 0.001],  # before a step the KL is rounding alone: no axis for that, whose numbers are all 0
            now_and_then=True,
        ),
        _chart("entropy", _("Entropy"), _("How undecided the policy is about the next token."), at_least=[0, 0]),
        _chart(
            "clip",
            _("Clipped, high / low"),
            _(
                "Of the gradients that all passes take, the share that the clip cuts: above (thick line) and below "
                "(thin). The first optimiser step finds every ratio at 1 and cuts none, which lowers the share: with "
                "two passes in one mini-batch, to half of the second pass's. Under CISPO nothing is cut; the thick "
                "line is the share whose weight is bounded."
            ),
            [
                {"column": "clip_ratio_high", "title": _("Clipped, high side"), "name": _("above")},
                _thin("clip_ratio_low", _("Clipped, low side"), _("below")),
            ],
            at_least=[0, 0],
        ),
        _chart("ratio_mean", _("Ratio, mean"), _("Mean of new over old probability; near 1 if the update is gentle.")),
    ]


def _of_critic() -> list[dict[str, Any]]:
    """What the critic knows."""
    return [
        _chart(
            "vf_explained_var",
            _("Explained variance"),
            _("How much of the returns the critic foresees; below 0 it is worse than a constant. GRPO has no critic."),
            at_most=[-1, 1],
        ),
        _chart(
            "value_explained",
            _("What the critic knows"),
            _(
                "At evaluations the true values of some responses' prefixes are measured. Thick line: the share of "
                "their variance that the critic explains; 1 is all of it, below 0 it is worse than a constant. Dashed: "
                "the share of how the responses came out that it explains. Dotted: what even true values explain of "
                "that; the rest is chance. VinePPO's own values are judged alike; GRPO has none."
            ),
            [
                {"column": "value_explained", "title": _("True values, explained"), "name": _("true values")},
                _thin("value_outcome_explained", _("Outcomes, explained"), _("outcomes"), "dashed"),
                _thin(
                    "value_outcome_ceiling", _("Outcomes, explained by true values"), _("outcomes, at best"), "dotted"
                ),
            ],
            at_most=[-1, 1],
            now_and_then=True,
        ),
        _chart(
            "value_error",
            _("Error of the values"),
            _(
                "Mean squared difference from the true values, measured at evaluations. Thick line: the critic's "
                "values. Dashed: the mean reward of the group's other responses, which is what GRPO has in a value's "
                "place. Dotted: the best single number. Above the dotted line, one number for all would be better."
            ),
            [
                {"column": "value_error", "title": _("Error, critic"), "name": _("critic")},
                _thin("value_error_group_mean", _("Error, mean of the group's others"), _("group's others"), "dashed"),
                _thin("value_error_constant", _("Error, best constant"), _("best constant"), "dotted"),
            ],
            at_least=[0, 0],
            now_and_then=True,
        ),
    ]


def _of_data() -> list[dict[str, Any]]:
    """How a fixed data set lies under the policy."""
    return [
        _chart(
            "coverage",
            _("Data and own responses"),
            _(
                "Of learners with a fixed data set, at evaluations: the mean log-probability per token, under the "
                "policy as it is, of the set's responses (solid) and of fresh ones to the same questions (dashed)."
            ),
            [
                {"column": "coverage_data_logprob", "title": _("log π, data set")},
                {"column": "coverage_fresh_logprob", "title": _("log π, fresh"), "dash": "dashed"},
            ],
            now_and_then=True,
        ),
        _chart(
            "coverage_ess",
            _("Effective sample size"),
            _(
                "Of a fixed data set, weighted by how much likelier its responses are now than when they were written: "
                "1, all count alike; near 0, hardly any says something about this policy."
            ),
            at_least=_UNIT,
            now_and_then=True,
        ),
    ]


def _of_tests() -> list[dict[str, Any]]:
    """What responses pass, where unit tests decide."""
    return [
        _tests(
            "tests",
            "",
            _("Tests passed"),
            _("Share of unit tests that the step's responses passed: visible ones (solid), hidden ones (dashed)."),
        ),
        _tests(
            "heldout_tests",
            "heldout_",
            _("Tests passed, held-out"),
            _("The same on held-out questions. A policy that learnt to please the visible tests alone shows here."),
            now_and_then=True,
        ),
    ]


def _of_pairs() -> list[dict[str, Any]]:
    """What a reward model in training says of its labels."""
    return [
        _chart(
            "pair_accuracy",
            _("Pairs told apart"),
            _(
                "Of a reward model in training: the share of labels whose preferred response it gives the larger "
                "score; large points: on labels that are held out."
            ),
            [
                {
                    "column": "pair_accuracy",
                    "title": _("Pairs told apart, training"),
                    "name": _("line: training labels"),
                },
                _points("heldout_pair_accuracy", _("Pairs told apart, held-out"), _("dots: held-out labels")),
            ],
            at_least=_UNIT,
        ),
        _chart(
            "pair_loss",
            _("Loss on pairs"),
            _(
                "Of a reward model in training: −log σ(r_j − r_k), 0.69 where it cannot tell a pair apart; large "
                "points: on labels that are held out."
            ),
            [
                {"column": "pair_loss", "title": _("Loss on pairs, training"), "name": _("line: training labels")},
                _points("heldout_pair_loss", _("Loss on pairs, held-out"), _("dots: held-out labels")),
            ],
            at_least=[0, 0],
        ),
    ]


def _further() -> list[dict[str, Any]]:
    """What is looked up when something is odd."""
    return [
        _chart("completion_length", _("Response length"), _("Mean number of tokens per response.")),
        _chart(
            "frac_reward_zero_std",
            _("No-signal groups"),
            _("Share of prompts whose responses got equal rewards: compared with each other, they teach nothing."),
            at_least=[0, 0],
        ),
        _chart(
            "approx_kl",
            _("KL of the update"),
            _(
                "How far this step moved the policy: k3 on the responses whose tokens are kept, after the last pass "
                "against before the first."
            ),
            otherwise={
                "lacks": "approx_kl_update",
                "says": _("This older run averaged it over the moments before each update: too low, and 0 with one."),
                "imported": _("How it was measured, the imported run does not tell."),
            },
        ),
        _chart(
            "clip_ratio",
            _("Clipped, either side"),
            _("Share of tokens whose gradient the clip cuts. Logs from elsewhere may not tell the sides apart."),
            at_least=[0, 0],
        ),
        _chart(
            "group_reward_std",
            _("Reward spread within groups"),
            _("The mean over prompts of the standard deviation of their responses' rewards."),
            at_least=[0, 0],
        ),
        _chart(
            "policy_loss",
            _("Policy loss"),
            _("With the clip, GRPO's is near 0 by construction, and yet it learns."),
        ),
        _chart("value_loss", _("Value loss"), _("The critic's error. GRPO has no critic."), at_least=[0, 0]),
        _chart("grad_norm", _("Gradient norm"), _("Before it is cut to max_grad_norm."), at_least=[0, 0]),
        _chart("truncated_frac", _("Cut-off responses"), _("Responses without an end."), at_least=[0, 0]),
        _chart("tokens_per_second", _("Tokens per second"), _("Speed of the learner."), at_least=[0, 0]),
    ]


def _tests(key: str, prefix: str, title: str, help: str, **more: object) -> dict[str, Any]:
    """Shares of visible and of hidden tests, a line each: a gap that opens between them is gaming."""
    visible = {"column": f"{prefix}visible_tests", "title": _("Visible tests passed"), "name": _("visible")}
    hidden = _thin(f"{prefix}hidden_tests", _("Hidden tests passed"), _("hidden"), "dashed")
    return _chart(key, title, help, [visible, hidden], at_least=[0, 1], **more)


def _points(column: str, title: str, name: str) -> dict[str, Any]:
    """What is measured now and then beside a chart's line."""
    return {"column": column, "title": title, "name": name, "points": True}


def _thin(column: str, title: str, name: str, dash: str | None = None) -> dict[str, Any]:
    """A further line of a chart; its pattern says which, where there are several."""
    return {"column": column, "title": title, "name": name, "thin": True, **({"dash": dash} if dash else {})}


def _chart(
    key: str, title: str, help: str, series: list[dict[str, Any]] | None = None, **more: object
) -> dict[str, Any]:
    about = {"key": key, "title": title, "help": help, "group": _GROUP_OF.get(key, "more")}
    return {**about, "series": series or [{"column": key, "title": title}], **more}
