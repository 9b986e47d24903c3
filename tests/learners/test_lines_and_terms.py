"""Every line of every learner's formula, read as numbers, against the terms of the card and the loss that trains.

The terms are held against the tensors that trained elsewhere (test_terms.py), so a line that agrees with them is right.
"""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest
import torch

from core.algorithms.aggregation import LINES, aggregate
from core.learners.registry import LEARNER_KINDS, AnyLearner, learner, lines, needs_of, refused, terms_of
from core.terms import Data, Value, evaluate
from core.training.terms import terms_for
from lessons.board.declared import forms
from tests.learners.latex import At, Formula, Letter, Runs, statements
from tests.learners.test_terms import at_random


@dataclass(frozen=True)
class Step:
    """Random responses, what a learner's terms make of them, and the letters that its formula may use."""

    settings: AnyLearner

    @cached_property
    def data(self) -> Data:
        return at_random(self.settings)

    @cached_property
    def values(self) -> Mapping[str, Value]:
        return evaluate(terms_for(self.settings), self.data, recompute=True)

    @property
    def tokens(self) -> list[tuple[int, int]]:
        return [(int(i), int(t)) for i, t in np.argwhere(self.data.mask)]

    def length(self, i: int) -> int:
        return int(self.data.mask[i].sum())

    def group(self, i: int) -> list[int]:
        numbers = self.data.responses["group"]
        return [j for j in range(len(numbers)) if numbers[j] == numbers[i]]

    def term(self, name: str) -> Letter:
        return lambda at: number(self.values[name].at(at["i"], at["t"]))

    def column(self, name: str) -> Letter:
        return lambda at: float(self.data.tokens[name][at["i"], at["t"]])

    def score(self, i: int) -> float:
        return number(self.values["score"].at(i)) if "score" in self.values else float(self.data.responses["reward"][i])

    def estimate(self, name: str, at: At, *, sampled: bool) -> float:
        """k1, k2 or k3 of a token by its definition (core/algorithms/kl.py's source)."""
        ref, now = self.column("logprob_ref")(at), self.column("logprob_old" if sampled else "logprob")(at)
        gap = ref - now
        return {"k1": -gap, "k2": gap**2 / 2, "k3": math.exp(gap) - 1 - gap}[name]

    @property
    def runs(self) -> Runs:
        return {
            "i": lambda _: [{"i": i} for i in range(len(self.data.mask))],
            "t": lambda at: [{"t": t} for t in range(self.length(at.get("j", at["i"])))],
            "i,t": lambda _: [{"i": i, "t": t} for i, t in self.tokens],
            "l": lambda at: [{"l": n} for n in range(self.length(at["i"]) - at["t"])],
            "j": lambda at: [{"j": j} for j in self.group(at["i"])],
            "j\\nei": lambda at: [{"j": j} for j in self.group(at["i"]) if j != at["i"]],
        }

    def read(self, text: str, letters: Mapping[str, Letter], at: At) -> float:
        return Formula(text, letters, self.runs).value(at)

    def agrees(self, text: str, letters: Mapping[str, Letter], wanted: Letter, *, rel: float = 1e-9) -> None:
        """Raises AssertionError where the formula gives another number than is wanted, at any token."""
        for i, t in self.tokens:
            at = {"i": i, "t": t}
            assert self.read(text, letters, at) == pytest.approx(wanted(at), rel=rel, abs=1e-12), (text, at)


def number(x: float | None) -> float:
    assert x is not None
    return x


# -- what each line says, by its place ---------------------------------------------------------------------------------


def _reward(step: Step, line: str) -> None:
    """A reward per token, or a response's."""
    k = {f"k_{{{n},t}}": (lambda at, n=n: step.estimate(f"k{n}", at, sampled=True)) for n in (1, 2, 3)}  # type: ignore[misc]
    own: Letter = lambda at: float(step.data.responses["reward"][at["i"]])  # noqa: E731
    letters: dict[str, Letter] = {**k, "r_i": own, r"\mathbb{1}[t = T]": lambda at: at["t"] == step.length(at["i"]) - 1}
    if line == "r_i":
        step.agrees(line, letters, lambda at: step.score(at["i"]))
        return
    [(left, right)] = statements(line)
    if "response_score" in step.values:  # of a reward model r is what it says
        letters[r"r_\phi(q, o_i)"] = lambda at: float(step.data.responses["score"][at["i"]])
        step.agrees(right, letters, lambda at: number(step.values["response_score"].at(at["i"])))
        return
    step.agrees(right, letters, step.term("token_reward") if left == "r_t" else lambda at: step.score(at["i"]))


def _of_pairs(step: Step) -> dict[str, Letter]:
    """What a formula of pairs speaks of: who is chosen, the margin, and each token's probabilities."""
    if "chosen" not in step.values:
        return {}
    names = {r"\theta": "logprob", r"\text{old}": "logprob_old", r"\text{ref}": "logprob_ref"}
    probability: dict[str, Letter] = {
        rf"\pi_{{{policy}}}(o_{{j,t}} \mid s_t)"
        if policy.startswith(r"\text")
        else rf"\pi_{policy}(o_{{j,t}} \mid s_t)": (
            lambda at, name=name: math.exp(step.column(name)({"i": at["j"], "t": at["t"]}))
        )  # type: ignore[misc]
        for policy, name in names.items()
    }
    chosen: dict[str, Letter] = {
        "s_i": lambda at: number(step.values["chosen"].at(at["i"])),
        "s_j": lambda at: number(step.values["chosen"].at(at["j"])),
        "m": lambda at: number(step.values["margin"].at(at["i"])),
    }
    return probability | chosen


def _of_labels(step: Step) -> dict[str, Letter]:
    """The scores of a labelled pair, and where a response's score is read."""
    if "preferred_score" not in step.values:
        return {}
    return {
        "r_j": lambda at: number(step.values["preferred_score"].at(at["i"])),
        "r_k": lambda at: number(step.values["other_score"].at(at["i"])),
        r"\mathbb{1}[t = T]": lambda at: at["t"] == step.length(at["i"]) - 1,
    }


def _advantage(step: Step, line: str) -> None:
    def following(at: At) -> float:
        after = {**at, "t": at["t"] + 1}
        return step.column("value")(after) if after["t"] < step.length(at["i"]) else 0.0

    letters: dict[str, Letter] = {
        "r_i": lambda at: step.score(at["i"]),
        "r_j": lambda at: step.score(at["j"]),
        "G": lambda at: len(step.group(at["i"])),
        r"\operatorname{mean}(r_1,\dots,r_G)": lambda at: statistics.fmean(map(step.score, step.group(at["i"]))),
        "l": lambda at: at["l"],
        **_of_pairs(step),
        **_of_labels(step),
    }
    if "token_reward" in step.values:
        letters["r_t"] = step.term("token_reward")
    if "delta" in step.values:
        letters[r"\delta_{t+l}"] = lambda at: step.term("delta")({"i": at["i"], "t": at["t"] + at["l"]})
        letters |= {f"V{phi}(s_t)": step.column("value") for phi in ("", r"_\phi")}
        letters |= {f"V{phi}(s_{{t+1}})": following for phi in ("", r"_\phi")}
    for left, right in statements(line):
        if left == "V(s)":
            measured = [float(x) for x in range(3, 3 + needs_of(step.settings).continuations)]
            ends: Runs = {"k": lambda _, x=measured: [{"k": n} for n in range(len(x))]}  # type: ignore[misc]
            drawn = Formula(right, {r"r(s\,o^k)": lambda at, x=measured: x[at["k"]]}, ends)  # type: ignore[misc]
            assert drawn.value({}) == pytest.approx(statistics.fmean(measured))
        else:
            named = {r"\delta_t": "delta", "R_t": "return", "m": "margin", "s_i": "chosen"}
            own = (
                "advantage_raw" if "advantage_raw" in step.values else "advantage"
            )  # where it is no credit, but a weight
            step.agrees(right, letters, step.term(named.get(left, own)))


def _normalisation(step: Step, line: str) -> None:
    """Each statement on what the one before it left; nothing in between is a term, so the last is compared."""
    ddof = {name: getattr(step.settings, name, 1) for name in ("scale_ddof", "whiten_ddof")}

    def std(numbers: list[float], name: str) -> float:
        return float(np.std(numbers, ddof=ddof[name]))

    everyone = range(len(step.data.mask))
    if "advantage_raw" not in step.values:
        assert line == r"\text{none}"
        return
    now = {token: step.term("advantage_raw")({"i": token[0], "t": token[1]}) for token in step.tokens}
    for left, right in statements(line) if line != r"\text{none}" else []:
        assert left == "A"
        before = list(now.values())
        letters: dict[str, Letter] = {
            "A": lambda at, x=now: x[at["i"], at["t"]],  # type: ignore[misc]
            r"\operatorname{mean}(A)": lambda _, x=before: statistics.fmean(x),
            r"\operatorname{std}(A)": lambda _, x=before: std(x, "whiten_ddof"),
            r"\operatorname{std}(r_1,\dots,r_G)": lambda at: std(
                [step.score(j) for j in step.group(at["i"])], "scale_ddof"
            ),
            r"\operatorname{std}(\text{all } r)": lambda _: std([step.score(j) for j in everyone], "scale_ddof"),
        }  # type: ignore[dict-item]
        now = {(i, t): step.read(right, letters, {"i": i, "t": t}) for i, t in step.tokens}
    for (i, t), x in now.items():
        assert x == pytest.approx(step.term("advantage")({"i": i, "t": t}), rel=1e-6), line


def _ratio(step: Step, line: str) -> None:
    probability: dict[str, Letter] = {
        r"\pi_\theta(o_t \mid s_t)": lambda at: math.exp(step.column("logprob")(at)),
        r"\pi_{\text{old}}(o_t \mid s_t)": lambda at: math.exp(step.column("logprob_old")(at)),
        "|o_i|": lambda at: step.length(at["i"]),
    }
    if "ratio" not in step.values:
        assert line == r"\text{none}"
        return
    assert line.startswith(r"\rho_t = ")
    step.agrees(line.rpartition(" = ")[2], probability, step.term("ratio"))


def _surrogate(step: Step, line: str) -> None:
    letters: dict[str, Letter] = {
        r"\rho_t": lambda at: step.term("ratio")(at),
        "A_t": step.term("advantage"),
        r"\pi_\theta(o_t \mid s_t)": lambda at: math.exp(step.column("logprob")(at)),
        "|o_i|": lambda at: step.length(at["i"]),
        **_of_pairs(step),
        **_of_labels(step),
    }
    if "ratio" not in step.values:
        del letters[r"\rho_t"]
    first, *bounds = line.split(r",\quad J_t \ge ")
    [(left, right)] = statements(first)
    assert left == "J_t"

    def bounded(at: At) -> float:
        shown = step.read(right, letters, at)
        for bound in bounds:
            formula, condition = bound.split(r" \text{ if } ")
            assert condition == "A_t < 0"
            if letters["A_t"](at) < 0:
                shown = max(shown, step.read(formula, letters, at))
        return shown

    for i, t in step.tokens:
        at = {"i": i, "t": t}
        assert bounded(at) == pytest.approx(step.term("surrogate_value")(at), rel=1e-9, abs=1e-12), line


def _kl(step: Step, line: str) -> None:
    k = {f"k_{{{n},t}}": (lambda at, n=n: step.estimate(f"k{n}", at, sampled=False)) for n in (1, 2, 3)}  # type: ignore[misc]
    bonus = step.settings.entropy_coef
    wanted: Letter = lambda at: step.term("objective")(at) - (bonus * step.column("entropy")(at) if bonus else 0)  # noqa: E731
    letters = {**k, "J_t": step.term("surrogate_value")}
    step.agrees("J_t" if line == r"\text{none}" else line, letters, wanted)


def _aggregation(step: Step, line: str) -> None:
    longest = 9
    letters: dict[str, Letter] = {
        "|o_i|": lambda at: step.length(at["i"]),
        "J_{i,t}": step.term("objective"),
        "B": lambda _: len(step.data.mask),
        r"T_{\max}": lambda _: longest,
    }
    [(left, right)] = statements(line)
    assert left == "L"
    shown = step.read(right, letters, {})
    objective = torch.tensor(step.values["objective"].numbers)
    trained = -aggregate(objective, torch.tensor(step.data.mask), step.settings.aggregation, longest)
    assert shown == pytest.approx(float(trained), rel=1e-6), line


READERS: dict[str, Callable[[Step, str], None]] = {
    "reward": _reward,
    "advantage": _advantage,
    "normalisation": _normalisation,
    "ratio": _ratio,
    "surrogate": _surrogate,
    "kl": _kl,
    "aggregation": _aggregation,
}


def tried(kind: str) -> Iterator[AnyLearner]:
    """Every form of the kind, and each estimator of the KL where one is charged."""
    start = learner(kind)
    for one, other in itertools.product(("k1", "k2", "k3"), repeat=2):
        charged = {"kl_coef": 0.2, "kl_reward_estimator": one, "beta": 0.3, "kl_loss_estimator": other}
        yield start.model_copy(update=charged)
    for settings in forms(LEARNER_KINDS[kind]):
        if refused(settings) is None and not getattr(settings, "bootstrap_truncated", False):
            yield settings


#: So many lines these kinds have at a place, those that are made for one objective fewer, and any other at least one.
LEAST = {"reward": 4, "ratio": 2, "surrogate": 4, "kl": 4, "aggregation": len(LINES)}
KNOWN = ("ppo", "grpo", "vine", "sft", "dpo", "offline-pg", "reward-model")
FEWER = {
    "sft": {"reward": 1, "ratio": 1, "surrogate": 1},
    "dpo": {"reward": 1, "ratio": 1, "surrogate": 1, "aggregation": 1},
    "offline-pg": {"reward": 1},
    "reward-model": {"reward": 1, "ratio": 1, "surrogate": 1, "aggregation": 1},
}


@pytest.mark.parametrize("place", READERS)
@pytest.mark.parametrize("kind", LEARNER_KINDS)
def test_every_line_gives_the_terms_numbers(kind: str, place: str) -> None:
    shown: dict[tuple[object, ...], AnyLearner] = {}
    for settings in tried(kind):
        expressions = tuple(x.expression for x in terms_of(settings))
        used = {y for x in expressions for y in re.findall(r"\w+", x)} | {"scale_ddof", "whiten_ddof"}
        numbers = tuple((x, y) for x, y in settings if x in used)
        shown.setdefault((lines(settings)[place], expressions, numbers), settings)  # type: ignore[index]
    for settings in shown.values():
        READERS[place](Step(settings), lines(settings)[place])  # type: ignore[index]
    least = {**LEAST, **FEWER.get(kind, {})} if kind in KNOWN else {}
    assert len({line for line, *_ in shown}) >= least.get(place, 1)


def test_sizes_within_products_are_read() -> None:
    runs: Runs = {"t": lambda _: [{"t": t} for t in range(3)]}
    text = r"\operatorname{sgn}(a)\,\Bigl(\textstyle\prod_t \bigl|\min(a\,b_t,\ 2 b_t)\bigr|\Bigr)^{1/|o|}"
    letters: dict[str, Letter] = {"a": lambda _: -8.0, "b_t": lambda at: at["t"] + 1.0, "|o|": lambda _: 3.0}
    assert Formula(text, letters, runs).value({}) == pytest.approx(-8 * 6 ** (1 / 3))
    assert Formula("|a| |a|", letters, runs).value({}) == 64


PLANTED = {
    "the other sign of a penalty": ("ppo", {}, "reward", " - 0.05", " + 0.05"),
    "another estimator": ("ppo", {"kl_reward_estimator": "k2"}, "reward", "k_{2,t}", "k_{3,t}"),
    "a reward at every token": ("ppo", {}, "reward", r"\mathbb{1}[t = T]\,", ""),
    "the sum for the mean": ("grpo", {"baseline": "leave-one-out"}, "advantage", r"\tfrac{1}{G-1}", ""),
    "a group for the others": ("grpo", {"baseline": "leave-one-out"}, "advantage", "G-1", "G"),
    "the others for the group": (
        "grpo",
        {},
        "advantage",
        r"\operatorname{mean}(r_1,\dots,r_G)",
        r"\tfrac{1}{G-1}\textstyle\sum_{j \ne i} r_j",
    ),
    "a baseline where none is": (
        "grpo",
        {"baseline": "none", "scale_rewards": "none"},
        "advantage",
        "r_i",
        r"r_i - \operatorname{mean}(r_1,\dots,r_G)",
    ),
    "the batch's spread": ("grpo", {}, "normalisation", r"r_1,\dots,r_G", r"\text{all } r"),
    "no spread": ("grpo", {}, "normalisation", r"\operatorname{std}(r_1,\dots,r_G) + ", ""),
    "whitening without a mean": ("ppo", {}, "normalisation", r" - \operatorname{mean}(A)", ""),
    "no whitening": (
        "ppo",
        {},
        "normalisation",
        r"A \leftarrow (A - \operatorname{mean}(A)) \,/\, \operatorname{std}(A)",
        r"\text{none}",
    ),
    "gamma for gamma lambda": ("ppo", {"gamma": 0.9}, "advantage", "0.855^l", "0.9^l"),
    "the policy's lambda for the critic's": ("ppo", {"lam_critic": 0.5}, "advantage", "0.5^l", "0.95^l"),
    "a return without the value": ("ppo", {"lam_critic": 0.5}, "advantage", r"R_t = V_\phi(s_t) + ", "R_t = "),
    "another number of an oracle's endings": (
        "ppo",
        {"oracle_continuations": 4},
        "advantage",
        r"\tfrac{1}{4}",
        r"\tfrac{1}{5}",
    ),
    "the value before": ("ppo", {}, "advantage", r"V_\phi(s_{t+1})", r"V_\phi(s_t)"),
    "another number of endings": ("vine", {}, "advantage", r"\tfrac{1}{8}", r"\tfrac{1}{7}"),
    "the ratio upside down": (
        "ppo",
        {},
        "ratio",
        r"\frac{\pi_\theta(o_t \mid s_t)}{\pi_{\text{old}}(o_t \mid s_t)}",
        r"\frac{\pi_{\text{old}}(o_t \mid s_t)}{\pi_\theta(o_t \mid s_t)}",
    ),
    "no root of the product": ("ppo", {"importance_sampling_level": "sequence"}, "ratio", "^{1/|o_i|}", ""),
    "one token's for the response's": (
        "ppo",
        {"importance_sampling_level": "sequence"},
        "ratio",
        r"\textstyle\prod_t ",
        "",
    ),
    "no clip": ("ppo", {}, "surrogate", r"\operatorname{clip}(\rho_t,\, 0.8,\, 1.2)", r"\rho_t"),
    "another estimator in the loss": ("ppo", {"beta": 0.1}, "kl", "k_{3,t}", "k_{1,t}"),
    "the KL added": ("ppo", {"beta": 0.1}, "kl", " - ", " + "),
    "tokens for responses": ("ppo", {"aggregation": "seq-mean-token-mean"}, "aggregation", r"\frac{1}{|o_i|}", ""),
    "the loss upside down": ("ppo", {}, "aggregation", "L = -", "L = "),
    "another constant": ("ppo", {"aggregation": "seq-mean-token-sum-norm"}, "aggregation", r"T_{\max}", r"B"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_wrong_line_is_noticed(fault: str) -> None:
    kind, changes, place, right, wrong = PLANTED[fault]
    settings = learner(kind, **changes)
    line = lines(settings)[place]  # type: ignore[index]
    assert right in line
    READERS[place](Step(settings), line)
    with pytest.raises(AssertionError):
        READERS[place](Step(settings), line.replace(right, wrong))
