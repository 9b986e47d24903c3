"""A response of four tokens worked out in full. Its inputs are an example; every other number is computed by the
functions that train, on a tensor of this size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import streamlit as st

from core.learners.registry import AnyLearner, discount_of, needs_of
from lessons.i18n import _
from lessons.kit.display import literal
from lessons.kit.lesson.engine import engine
from lessons.kit.lesson.formula import equation
from lessons.kit.lesson.stepper import Sub, stepper
from lessons.kit.lesson.worked_table import table


@dataclass(frozen=True)
class Example:
    """The inputs: what the models said about each token, the response's reward, and the other responses' rewards."""

    tokens: tuple[str, ...]
    logprobs_old: tuple[float, ...]
    logprobs_ref: tuple[float, ...]
    logprobs_new: tuple[float, ...]  # after an update
    reward: float
    values: tuple[float, ...] | None = None  # the critic's, of the prefix before each token; None without a critic
    others: tuple[float, ...] = field(default=())  # rewards of the rest of its group


#: The sum 9+7= begun: right, right, wrong, end. A wrong digit at the third place, as the critic notices.
FOUR = Example(
    tokens=("1", "6", "0", "<eos>"),
    logprobs_old=(-0.1, -0.3, -1.2, -0.2),
    logprobs_ref=(-0.2, -0.3, -1.0, -0.2),
    logprobs_new=(-0.08, -0.25, -1.5, -0.19),
    reward=0.0,
    values=(0.5, 0.6, 0.7, 0.1),
    others=(1.0, 1.0, 0.0),
)

#: Name of a quantity → its four numbers. Names are the trace's, and "value_next".
Numbers = dict[str, tuple[float, ...]]


def work_out(example: Example, settings: AnyLearner) -> Numbers:
    """Every number of the four tokens, through credit_for and policy_objective; quantities that the learner has not
    are missing. Whitening, if on, is over these four tokens alone: they are the whole batch here.
    """
    engine()
    import torch

    from core.algorithms.kl import ESTIMATORS
    from core.algorithms.policy_loss import policy_objective
    from core.algorithms.types import Experience, take
    from core.learners.registry import credit_for

    count = 1 if not needs_of(settings).groups else 1 + len(example.others)

    def rows(numbers: Sequence[float]) -> torch.Tensor:
        return torch.tensor([numbers] * count, dtype=torch.float64)

    old, ref = rows(example.logprobs_old), rows(example.logprobs_ref)
    experience = Experience(
        mask=torch.ones_like(old, dtype=torch.bool),
        logprobs_old=old,
        logprobs_ref=ref,
        rewards=torch.tensor([example.reward, *example.others][:count], dtype=torch.float64),
        group=torch.zeros(count, dtype=torch.long),
        truncated=torch.zeros(count, dtype=torch.bool),
        values=None if example.values is None else rows(example.values),
        value_after=None if example.values is None else torch.zeros(count, dtype=torch.float64),
    )
    credit = credit_for(settings)(experience)
    first = torch.tensor([0])
    loss = policy_objective(
        rows(example.logprobs_new)[:1], take(experience, first), take(credit, first), settings, len(example.tokens)
    )
    found: dict[str, torch.Tensor | None] = {
        "logprob_old": old,
        "logprob_ref": ref,
        "logprob": rows(example.logprobs_new),
        "kl": ESTIMATORS[settings.kl_reward_estimator](old, ref),
        "token_reward": credit.token_rewards,
        "value": experience.values,
        "value_next": None if experience.values is None else torch.roll(experience.values, -1, 1),
        "delta": credit.deltas,
        "advantage_raw": credit.advantages_raw,
        "return": credit.returns,
        "advantage": credit.advantages,
        "ratio": loss.ratio,
        "clipped": loss.clipped,
        "objective": loss.objective,
    }
    numbers = {name: tuple(x[0].tolist()) for name, x in found.items() if x is not None}
    if "value_next" in numbers:
        numbers["value_next"] = (*numbers["value_next"][:-1], 0.0)  # nothing follows the end
    return numbers


@dataclass(frozen=True)
class Line:
    """One quantity of the table: where it stands in Numbers, its sign, what it is, and how it is made of the others.

    `filled(numbers, t)` is the right-hand side for token t with its numbers in it, as LaTeX (use `num`); None where
    the quantity is an input.
    """

    key: str
    symbol: str  # LaTeX
    words: str  # translated
    filled: Callable[[Numbers, int], str] | None = None


def num(value: float, digits: int = 3) -> str:
    """A number for LaTeX, in brackets where negative."""
    text = result(value, digits)
    return f"({text})" if text.startswith("-") else text


def result(value: float, digits: int = 3) -> str:
    """The same without brackets, as what comes after an equals sign."""
    text = f"{abs(value):.{digits}f}".rstrip("0").rstrip(".") or "0"
    return f"-{text}" if value < 0 and text != "0" else text


def old_policy_line() -> Line:
    return Line("logprob_old", r"\log\pi_{\text{old}}", _("the policy's log-probability when it sampled the token"))


def ratio_lines() -> list[Line]:
    """From the policy after an update to the ratio; `old_policy_line` comes somewhere before."""
    return [
        Line("logprob", r"\log\pi_\theta", _("the policy's log-probability after an update")),
        Line(
            "ratio",
            r"\rho_t",
            _("ratio of the new probability to the old one"),
            lambda n, t: rf"e^{{{num(n['logprob'][t])} - {num(n['logprob_old'][t])}}}",
        ),
    ]


def objective_line(settings: AnyLearner, words: str, digits: int = 3) -> Line:
    """The min of the two products, with the ratio held in the settings' range (PPO's clip, eq. 7)."""

    def filled(n: Numbers, t: int) -> str:
        a, low, high = num(n["advantage"][t], digits), 1 - settings.epsilon, 1 + settings.clip_high
        bounded = min(max(n["ratio"][t], low), high)
        return rf"\min({num(n['ratio'][t], digits)} \cdot {a},\ {num(bounded, digits)} \cdot {a})"

    return Line("objective", r"J_t", words, filled)


def ppo_lines(settings: AnyLearner, last: int = 3) -> list[Line]:
    """PPO's quantities in the order in which they are computed; `last` is the last token's place."""
    discount = discount_of(settings)
    gamma, decay = num(discount.gamma), num(discount.gamma * discount.lam)

    def reward(n: Numbers, t: int) -> str:
        score = "" if t < last else rf" + \underbrace{{{num(n['score'][0])}}}_{{\text{{reward}}}}"
        return rf"-{num(settings.kl_coef)} \cdot {num(n['kl'][t])}{score}"

    def raw(n: Numbers, t: int) -> str:
        following = n["advantage_raw"][t + 1] if t < last else 0.0
        return rf"{num(n['delta'][t])} + {decay} \cdot {num(following)}"

    return [
        old_policy_line(),
        Line("logprob_ref", r"\log\pi_{\text{ref}}", _("the frozen reference's log-probability of it")),
        Line(
            "kl",
            r"k1_t",
            _("KL estimate: how much more likely the token is to the policy than to the reference"),
            lambda n, t: rf"{num(n['logprob_old'][t])} - {num(n['logprob_ref'][t])}",
        ),
        Line("token_reward", "r_t", _("reward of the token: KL penalty, and at the end the response's reward"), reward),
        Line("value", "V_t", _("what the critic expects before the token is written")),
        Line(
            "delta",
            r"\delta_t",
            _("surprise: reward plus what is expected afterwards, minus what was expected before"),
            lambda n, t: (
                rf"{num(n['token_reward'][t])} + {gamma} \cdot {num(n['value_next'][t])} - {num(n['value'][t])}"
            ),
        ),
        Line("advantage_raw", r"A_t", _("GAE: this surprise and the faded ones after it, from the end backwards"), raw),
        Line(
            "return",
            "R_t",
            _("what the critic is fitted to"),
            lambda n, t: f"{num(n['advantage_raw'][t])} + {num(n['value'][t])}",
        ),
        Line(
            "advantage",
            r"\hat A_t",
            _("whitened: the batch's mean taken away, divided by its standard deviation"),
            lambda n, t: rf"({num(n['advantage_raw'][t])} - {num(n['mean'][0])}) / {num(n['std'][0])}",
        ),
        *ratio_lines(),
        objective_line(settings, _("clipped objective: the smaller of the two products")),
    ]


def worked(
    example: Example, settings: AnyLearner, lines: Sequence[Line], *, key: str, param: str = "ex", digits: int = 3
) -> None:
    """The table line by line, walked with Back and Next; the newest line is filled in for each token."""
    with st.spinner(_("Loading the functions that train…")):
        numbers = work_out(example, settings)
    numbers["score"] = (example.reward,)
    raw = numbers["advantage_raw"]
    numbers["mean"] = (sum(raw) / len(raw),)
    numbers["std"] = (_spread_of(numbers),)
    subs = [Sub(line.key.replace("_", "-"), line.words, 1) for line in lines]
    st.fragment(_walk)(example, numbers, lines, subs, key, param, digits)


def _spread_of(numbers: Numbers) -> float:
    """By what the raw advantages were divided: read off the function's result, not computed a second time."""
    raw, used = numbers["advantage_raw"], numbers["advantage"]
    gaps = [(a - b, c - d) for a, c in zip(raw, used, strict=True) for b, d in zip(raw, used, strict=True)]
    wide = max(gaps, key=lambda x: abs(x[1]))
    return wide[0] / wide[1] if wide[1] else 1.0


def _walk(
    example: Example, numbers: Numbers, lines: Sequence[Line], subs: Sequence[Sub], key: str, param: str, digits: int
) -> None:
    place = stepper(subs, key=key, param=param, shortcuts=False, jump=False)
    shown = lines[: place.number]
    with st.container(key=f"{key}_table"):
        st.html(table(example.tokens, [(x.symbol, x.words, numbers[x.key]) for x in shown], digits))
    line = shown[-1]
    if line.filled is not None:
        rows = [
            rf"\text{{{_tex(token)}}}: \quad {line.symbol.replace('_t', f'_{t + 1}')} &= {line.filled(numbers, t)} "
            rf"{_sign(numbers[line.key][t], digits)} {result(numbers[line.key][t], digits)}"
            for t, token in enumerate(example.tokens)
        ]
        equation(r"\footnotesize\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}")


def _sign(value: float, digits: int) -> str:
    """ "=" where the printed number is exact, "≈" where it is rounded."""
    return "=" if abs(value - round(value, digits)) < 1e-9 else r"\approx"


def _tex(token: str) -> str:
    shown = "eos" if token == "<eos>" else literal(token, 12)
    return "".join(f"\\{c}" if c in "#$%&_{}" else "" if c in "\\^~" else c for c in shown)
