"""A response of four tokens worked out in full. Its inputs are an example; every other number is computed by the
functions that train, on a tensor of this size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from core.learners.registry import AnyLearner, needs_of
from lessons.i18n import _
from lessons.kit.display import literal, token_name
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
    #: Of each of those, as for the response itself: log-probabilities (old, reference, new). Empty: they are its own,
    #: which is right for whom only their rewards count.
    others_logprobs: tuple[tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]], ...] = field(default=())

    def logprobs(self, count: int) -> dict[str, list[tuple[float, ...]]]:
        """Column of the trace → a row for each of so many responses, this one first."""
        own = (self.logprobs_old, self.logprobs_ref, self.logprobs_new)
        each = [own, *(self.others_logprobs or (own,) * (count - 1))][:count]
        return dict(zip(("logprob_old", "logprob_ref", "logprob"), map(list, zip(*each, strict=True)), strict=True))


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

#: What an example brings token by token; everything else is computed.
INPUTS = frozenset({"logprob_old", "logprob_ref", "logprob", "value"})

#: Name of a quantity → its four numbers. Names are the trace's, and "value_next".
Numbers = dict[str, tuple[float, ...]]


def responses_of(example: Example, settings: AnyLearner) -> int:
    """How many responses the example is made of: its group, where the learner compares one."""
    needs = needs_of(settings)
    return 1 + len(example.others) if needs.groups or needs.whole_groups else 1


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

    count = responses_of(example, settings)

    def rows(numbers: Sequence[float]) -> torch.Tensor:
        return torch.tensor([numbers] * count, dtype=torch.float64)

    old, ref, new = (torch.tensor(x, dtype=torch.float64) for x in example.logprobs(count).values())
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
    shown = torch.arange(count if needs_of(settings).whole_groups else 1)
    loss = policy_objective(new[shown], take(experience, shown), take(credit, shown), settings, len(example.tokens))
    computed: dict[str, torch.Tensor | None] = {
        "logprob_old": old,
        "logprob_ref": ref,
        "logprob": new,
        "kl": ESTIMATORS[settings.kl_reward_estimator](old, ref),
        f"old_{settings.kl_reward_estimator}": ESTIMATORS[settings.kl_reward_estimator](old, ref),
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
        **credit.extra,
        **{f"kl_{name}": estimate(new, ref) for name, estimate in ESTIMATORS.items()},
    }
    numbers = {name: tuple(x[0].tolist()) for name, x in computed.items() if x is not None}
    if "value_next" in numbers:
        numbers["value_next"] = (*numbers["value_next"][:-1], 0.0)  # nothing follows the end
    return numbers


@dataclass(frozen=True)
class Line:
    """One quantity of the table: its name among the learner's terms (or the trace's columns), its sign, what it is."""

    key: str
    symbol: str  # LaTeX
    words: str  # translated
    given: bool = False  # an input here, also where a term of that name exists: it is not filled in


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
        Line("ratio", r"\rho_t", _("ratio of the new probability to the old one")),
    ]


def objective_line(words: str) -> Line:
    """What the update pushes up: the surrogate, made of ratio and advantage."""
    return Line("objective", "J_t", words)


def ppo_lines(settings: AnyLearner) -> list[Line]:
    """PPO's quantities in the order in which they are computed."""
    return [
        old_policy_line(),
        Line("logprob_ref", r"\log\pi_{\text{ref}}", _("the frozen reference's log-probability of it")),
        Line(
            f"old_{settings.kl_reward_estimator}",
            f"{settings.kl_reward_estimator}_t",
            _("KL estimate: how much more likely the token is to the policy than to the reference"),
        ),
        Line("token_reward", "r_t", _("reward of the token: KL penalty, and at the end the response's reward")),
        Line("value", "V_t", _("what the critic expects before the token is written")),
        Line(
            "delta",
            r"\delta_t",
            _("surprise: reward plus what is expected afterwards, minus what was expected before"),
        ),
        Line("advantage_raw", r"A_t", _("GAE: this surprise and the faded ones after it, from the end backwards")),
        Line("return", "R_t", _("what the critic is fitted to")),
        Line(
            "advantage",
            r"\hat A_t",
            _("whitened: the batch's mean taken away, divided by its standard deviation"),
        ),
        *ratio_lines(),
        objective_line(_("clipped objective: the smaller of the two products")),
    ]


class Filling:
    """The right-hand sides of a worked example's lines, from the learner's own terms."""

    def __init__(self, example: Example, settings: AnyLearner, digits: int = 3) -> None:
        import numpy as np

        from core.terms import Data, clip_sides, evaluate
        from core.training.terms import known_values, terms_for

        count = responses_of(example, settings)
        self.terms, self.digits = terms_for(settings), digits
        shape = (count, len(example.tokens))
        columns = {
            **{name: np.array(x, dtype=float) for name, x in example.logprobs(count).items()},
            **({} if example.values is None else {"value": np.tile(np.array(example.values, dtype=float), (count, 1))}),
        }
        self.data = Data(
            settings=known_values(settings),
            mask=np.ones(shape, dtype=bool),
            responses={
                "reward": np.array([example.reward, *example.others][:count], dtype=float),
                "group": np.zeros(count),
                "truncated": np.zeros(count),
            },
            tokens=columns,
        )
        self.values = evaluate(self.terms, self.data, recompute=True)
        self.sides = clip_sides(self.terms, self.data, self.values)

    def numbers(self, key: str) -> tuple[float, ...]:
        """A term's number at each token of the response: what no column of the trace holds, such as DPO's margin."""
        return tuple(self.values[key].at(0, t) or 0.0 for t in range(self.data.mask.shape[1]))

    def line(self, line: Line, t: int, before: Sequence[str]) -> str | None:
        """What token t's number follows from, as LaTeX; None where it is an input. `before`: the lines shown so far."""
        from core.terms.latex import Filled

        if line.key == "clipped":
            return self._side(t)
        if line.given or line.key not in self.terms.trees:
            return None
        written = Filled(
            self.terms, self.data, self.values, 0, t, lambda x: x not in before, lambda x: num(x, self.digits)
        )
        return written.term(line.key)

    def _side(self, t: int) -> str:
        """The token's ratio against the bound that it is nearest to, and the sign of its advantage."""
        from core.terms import evaluate_tree

        ratio, advantage = (self.values[x].at(0, t) or 0.0 for x in ("ratio", "advantage"))
        bounds = [x for region in self.terms.regions for x in (region.ratio_from, region.ratio_to) if x is not None]
        known = [evaluate_tree(x, self.data, self.values).at() or 0.0 for x in bounds]
        bound = min(known, key=lambda x: abs(x - ratio))
        sign, side = (">" if advantage > 0 else "<"), (">" if ratio > bound else "<")
        return rf"(A {sign} 0,\ {num(ratio, self.digits)} {side} {num(bound, self.digits)})"


def worked(
    example: Example, settings: AnyLearner, lines: Sequence[Line], *, key: str, param: str = "ex", digits: int = 3
) -> None:
    """The table line by line, walked with Back and Next; the newest line is filled in for each token."""
    with st.spinner(_("Loading the functions that train…")):
        numbers = work_out(example, settings)
    filling = Filling(example, settings, digits)
    numbers |= {x.key: filling.numbers(x.key) for x in lines if x.key not in numbers}
    subs = [Sub(line.key.replace("_", "-"), said_of(line), 1) for line in lines]
    with st.container(key=f"{key}_worked"):
        st.fragment(_walk)(example, numbers, filling, lines, subs, key, param, digits)


def said_of(line: Line) -> str:
    """What a line is, and that its numbers are an example's where they are inputs: they look like a run's."""
    given = line.given or line.key in INPUTS
    return _("{quantity} (made up)").format(quantity=line.words) if given else line.words


def _walk(
    example: Example,
    numbers: Numbers,
    filling: Filling,
    lines: Sequence[Line],
    subs: Sequence[Sub],
    key: str,
    param: str,
    digits: int,
) -> None:
    place = stepper(subs, key=key, param=param, shortcuts=False, jump=False)
    shown = lines[: place.number]
    with st.container(key=f"{key}_table"):
        st.html(table(example.tokens, [(x.symbol, x.words, numbers[x.key]) for x in shown], digits))
    line, before = shown[-1], [x.key for x in shown[:-1]]
    made = [filling.line(line, t, before) for t in range(len(example.tokens))]
    if made[0] is not None:
        rows = [
            rf"\text{{{_tex(token)}}}: \quad {line.symbol.replace('_t', f'_{t + 1}')} &= {made[t]} "
            rf"{_sign(numbers[line.key][t], digits)} {result(numbers[line.key][t], digits)}"
            for t, token in enumerate(example.tokens)
        ]
        equation(r"\footnotesize\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}")


def _sign(value: float, digits: int) -> str:
    """ "=" where the printed number is exact, "≈" where it is rounded."""
    return "=" if abs(value - round(value, digits)) < 1e-9 else r"\approx"


def _tex(token: str) -> str:
    shown = token_name(literal(token, 12))
    return "".join(f"\\{c}" if c in "#$%&_{}" else "" if c in "\\^~" else c for c in shown)
