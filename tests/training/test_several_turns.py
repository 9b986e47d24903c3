"""Responses of two turns: what the task says in between is read by the policy; it has no credit, no loss, no number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.compute as pc
import pytest
import torch

from core.algorithms.policy_loss import policy_objective
from core.algorithms.ratio import LEVELS
from core.algorithms.surrogates import SURROGATES
from core.algorithms.types import Credit, Experience
from core.algorithms.value_loss import clipped_value_loss
from core.config import RunConfig
from core.errors import ConfigError, RequestError
from core.given_config import change
from core.learners.registry import LEARNER_KINDS, credit_for, learner
from core.models.start import StartModel, load
from core.presets import preset
from core.tasks.kinds.program import Program, ProgramSettings
from core.training import evaluation, scoring
from core.training.continuations import Oracle
from core.training.record import OF_ANY_TOKEN
from core.training.rollout import Rollout, sample
from core.training.scoring import Sequences
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from tests.registered import surrogates_of

TASK = Program(ProgramSettings(turns=2))
DOUBLED = "0:1,4:9,7:15,9:19="
REPLY = "[0:1:0]="  # to x*2


# -- the task ----------------------------------------------------------------------------------------------------------


def test_the_first_visible_test_that_failed_is_said_and_nothing_of_a_hidden_one() -> None:
    assert TASK.reply(DOUBLED, ["x*2"]) == REPLY
    assert TASK.reply(DOUBLED, ["max(x,1)"]) == "[4:9:4]="  # right for 0
    assert TASK.reply(DOUBLED, ["x*2+"]) == "[0:1:]=", "what is no number is not said"
    assert TASK.reply(DOUBLED, ["x*99999"]) == REPLY
    assert TASK.reply(DOUBLED, ["99999"]) == "[0:1:]=", "nor is a long one"
    assert TASK.reply(DOUBLED, ["x*2+1"]) is None
    assert TASK.reply(DOUBLED, ["{0:1,4:9,7:15,9:19}[x]"]) is None, "it fails hidden tests alone"
    assert TASK.reply(DOUBLED, ["x", "x"]) is None, "there are two turns"
    assert Program(ProgramSettings()).reply(DOUBLED, ["x"]) is None


@pytest.mark.parametrize(
    ("response", "answer", "success"),
    [
        ("x*2+1", "x*2+1", True),
        ("x*2", "x*2", False),
        (f"x*2\n{REPLY}x*2+1", "x*2+1", True),
        (f"x*2\n{REPLY}x", "x", False),
        (f"x*2\n{REPLY}", None, False),
        (f"x\n{REPLY}x*2+1\n{REPLY}x", "x*2+1\n[0:1:0]=x", False),  # no third turn
    ],
)
def test_the_last_answer_counts(response: str, answer: str | None, success: bool) -> None:
    verdict = TASK.verify(DOUBLED, response)
    assert (verdict.answer, verdict.success, verdict.reward) == (answer, success, float(success))
    assert verdict.parts["hidden_tests"] == (1 if success else verdict.parts["hidden_tests"])
    cut = TASK.verify(DOUBLED, response, finished=False)
    assert (cut.reward, cut.success) == (0, False)
    assert not Program(ProgramSettings()).verify(DOUBLED, f"x*2\n{REPLY}x*2+1").success, "in one turn it is one answer"


# -- sampling ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def start() -> StartModel:
    torch.set_num_threads(1)
    return load("program-4-turns")


def roll(start: StartModel, reply: str | None, *, length: int = 60, prompts: Sequence[str] = (DOUBLED,)) -> Rollout:
    """Eight responses to each prompt; to every first answer `reply` is said."""

    def environment(_row: int, answers: Sequence[list[int]]) -> list[int]:
        return start.codec.plain_ids(reply) if reply and len(answers) == 1 else []

    return sample(
        start.model,
        start.codec,
        start.codec.encode(list(prompts), "cpu"),
        num_generations=8,
        max_completion_length=length,
        temperature=1.0,
        generator=torch.Generator().manual_seed(0),
        environment=environment,
    )


def test_what_is_said_stands_behind_the_answers_end_and_is_a_hole(start: StartModel) -> None:
    alone, rollout = roll(start, None), roll(start, REPLY)
    reply, [eos] = start.codec.plain_ids(REPLY), start.codec.end_ids
    for row in range(8):
        first = int(alone.lengths[row])
        ids, mask = rollout.completion_ids[row].tolist(), rollout.mask[row].tolist()
        assert ids[:first] == alone.completion_ids[row, :first].tolist(), "the first answer is as without another turn"
        assert ids[first - 1] == eos
        assert ids[first : first + len(reply)] == reply
        assert mask[: first + len(reply)] == [True] * first + [False] * len(reply)
        end = int(rollout.lengths[row])
        assert all(mask[first + len(reply) : end])
        assert not any(mask[end:])
        assert (ids[end - 1] == eos) is not bool(rollout.truncated[row])
    assert not rollout.logprobs[~rollout.mask].any()
    texts = start.codec.texts(rollout.completion_ids, rollout.lengths)
    assert all(x.split("\n")[1].startswith(REPLY) for x in texts)
    assert [x.split("\n")[0] for x in texts] == start.codec.texts(alone.completion_ids)


def test_both_turns_are_scored_as_they_were_sampled(start: StartModel) -> None:
    """With prompts of two lengths, so that padding is there, too."""
    rollout = roll(start, REPLY, prompts=[DOUBLED, "0:0,2:-2,4:-4,9:-9="])
    assert rollout.prompt_attention is not None
    scored = scoring.score(start.model, Sequences.of(rollout), 1.0)
    assert ((rollout.logprobs - scored.logprobs) * rollout.mask).abs().max() < 1e-4
    assert not scored.logprobs[~rollout.mask].any()
    after = torch.zeros_like(rollout.mask)
    after[:, 1:] = rollout.mask[:, 1:] & ~rollout.mask[:, :-1]
    assert after.any(1).all(), "there is a second turn in each"


def test_where_there_is_no_room_for_it_and_a_token_nothing_is_said(start: StartModel) -> None:
    reply, outcomes = len(start.codec.plain_ids(REPLY)), set()
    for length in (11, 12, 13, 14):  # which responses are drawn depends on it, too
        alone, rollout = roll(start, None, length=length), roll(start, REPLY, length=length)
        for row in range(8):
            first, ended = int(alone.lengths[row]), not bool(alone.truncated[row])
            is_replied = ended and first + reply + 1 <= length
            outcomes.add((ended, is_replied))
            assert int(rollout.lengths[row]) > first + reply if is_replied else int(rollout.lengths[row]) == first
            if ended and not is_replied:
                assert not bool(rollout.truncated[row]), "the answer that ended is whole"
    assert outcomes == {(True, True), (True, False), (False, False)}


# -- a run -------------------------------------------------------------------------------------------------------------

SMALL = {"prompts_per_step": 4, "num_generations": 4, "steps": 2, "eval_every": 2, "trace": "all", "task.heldout": 16}


def config(*learners: object, **settings: object) -> RunConfig:
    base = change(preset("program-two-turns"), {**SMALL, **settings})
    return base.model_copy(update={"learners": tuple(learners)}) if learners else base


@pytest.fixture(scope="module")
def traces() -> dict[str, list[StepTrace]]:
    own = {"gamma": 0.9, "lam": 0.8, "whiten_advantages": False}
    asked = {"ppo": learner("ppo", **own), "grpo": learner("grpo")}
    return {name: list(Trainer(config(x), name).steps()) for name, x in asked.items()}


@pytest.mark.parametrize("name", ["ppo", "grpo"])
def test_the_trace_says_who_wrote_what(name: str, traces: dict[str, list[StepTrace]]) -> None:
    for trace in traces[name]:
        rows = {x["sample"]: x for x in trace.samples.to_pylist()}
        foreign = trace.tokens.filter(pc.invert(trace.tokens["written"]))
        assert foreign.num_rows
        assert all(foreign[x].null_count == foreign.num_rows for x in set(foreign.column_names) - OF_ANY_TOKEN)
        own = trace.tokens.filter(trace.tokens["written"])
        assert own["advantage"].null_count == own["logprob"].null_count == 0
        for number, row in rows.items():
            tokens = [x for x in trace.tokens.to_pylist() if x["sample"] == number and x["pass"] == 0]
            reply = "".join(x["token"] for x in tokens if not x["written"])
            first, *second = row["response"].split("\n")
            assert reply == (TASK.reply(row["prompt"], [first]) or "")
            assert bool(second) == bool(reply)
            assert len(tokens) == row["length"]
            assert row["success"] == TASK.verify(row["prompt"], row["response"], finished=not row["truncated"]).success


def test_gae_crosses_the_holes_as_a_double_sum_in_float64_says(traces: dict[str, list[StepTrace]]) -> None:
    """Σ (γλ)^(l − k) δ_l over the policy's own tokens alone, numbered as if nothing stood between them."""
    gamma, lam, crossed = 0.9, 0.8, 0
    for trace in traces["ppo"]:
        for number in range(trace.samples.num_rows):
            rows = [x for x in trace.tokens.to_pylist() if x["sample"] == number and x["pass"] == 0]
            own = [x for x in rows if x["written"]]
            crossed += len(rows) > len(own)
            values = [*(float(x["value"]) for x in own), 0.0]
            deltas = [float(x["token_reward"]) + gamma * values[i + 1] - values[i] for i, x in enumerate(own)]
            for k, row in enumerate(own):
                expected = sum((gamma * lam) ** (i - k) * deltas[i] for i in range(k, len(own)))
                assert row["delta"] == pytest.approx(deltas[k], abs=1e-5)
                assert row["advantage_raw"] == pytest.approx(expected, abs=1e-5)
                assert row["advantage"] == pytest.approx(expected, abs=1e-5)
                assert row["return"] == pytest.approx(expected + values[k], abs=1e-5)
    assert crossed > 8


def test_grpo_gives_both_turns_the_responses_one_advantage(traces: dict[str, list[StepTrace]]) -> None:
    for trace in traces["grpo"]:
        rewards = [x["reward"] for x in trace.samples.to_pylist()]
        for number, reward in enumerate(rewards):
            group = rewards[number // 4 * 4 : number // 4 * 4 + 4]
            mean = sum(group) / 4
            std = (sum((x - mean) ** 2 for x in group) / 3) ** 0.5
            expected = 0.0 if max(group) == min(group) else (reward - mean) / (std + 1e-4)
            rows = [x for x in trace.tokens.to_pylist() if x["sample"] == number and x["pass"] == 0]
            assert [x["advantage"] for x in rows if x["written"]] == pytest.approx(
                [expected] * sum(x["written"] for x in rows), abs=1e-4
            )
            assert {x["advantage"] for x in rows if not x["written"]} <= {None}


@pytest.mark.parametrize("name", ["ppo", "grpo"])
def test_a_checkpoint_goes_on_as_the_straight_run(
    name: str, traces: dict[str, list[StepTrace]], tmp_path: Path
) -> None:
    own = {"gamma": 0.9, "lam": 0.8, "whiten_advantages": False} if name == "ppo" else {}
    trainer = Trainer(config(learner(name, **own)), name)
    next(trainer.steps())
    trainer.save(tmp_path / "1.pt")
    [again] = Trainer.load(tmp_path / "1.pt").steps()
    assert again.tokens.equals(traces[name][1].tokens)
    assert again.samples.equals(traces[name][1].samples)


def test_a_policys_second_turn_is_measured_on_held_out_questions_too() -> None:
    answers = [x for each in evaluation.heldout(Trainer(config(), "grpo")) for x in each]
    assert any("\n" in x.text for x in answers)
    for answer in answers:
        first, *second = answer.text.split("\n")
        assert answer.answer is None or answer.answer in (first, *second) or second[0].endswith(answer.answer)


def test_who_cannot_learn_from_several_turns_says_so() -> None:
    for kind, words in (("sft", "its responses are given"), ("dpo", "its responses are given"), ("vine", "afresh")):
        with pytest.raises(ConfigError, match=words):
            change(
                RunConfig(preset="program", task=ProgramSettings(), model="program-4", learners=(learner(kind),)),
                {"task.turns": 2},
            )
    asked = config(value_check_responses=8)
    assert asked.checked(asked.learners[0]) == 0
    with pytest.raises(RequestError, match="several turns"):
        Oracle.of(Trainer(asked, "ppo")).estimate(None)  # type: ignore[arg-type]


# -- no gradient comes from an environment's tokens --------------------------------------------------------------------

BATCH, LENGTH = 8, 9
FORMS = [
    (kind, form, level)
    for kind in LEARNER_KINDS
    for form in SURROGATES
    for level in LEVELS
    if form in surrogates_of(LEARNER_KINDS[kind]) and LEARNER_KINDS[kind].trains == "policy"
]


def experience(seed: int) -> Experience:
    """Random responses, most of them with holes; what stands in those is random, too."""
    draw = torch.Generator().manual_seed(seed)

    def numbers() -> torch.Tensor:
        return torch.randn(BATCH, LENGTH, dtype=torch.float64, generator=draw)

    lengths = torch.randint(3, LENGTH + 1, (BATCH, 1), generator=draw)
    place = torch.arange(LENGTH)
    holes = (torch.rand(BATCH, LENGTH, generator=draw) < 0.4) & (place != lengths - 1)
    old = -numbers().abs()
    return Experience(
        mask=(place < lengths) & ~holes,
        logprobs_old=old,
        logprobs_ref=old + 0.3 * numbers(),
        rewards=torch.randint(0, 2, (BATCH,), generator=draw).double(),
        group=torch.arange(BATCH) // 4,
        truncated=torch.rand(BATCH, generator=draw) < 0.2,
        values=numbers(),
        value_after=numbers()[:, 0],
    )


def elsewhere(x: torch.Tensor, mask: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """x with other log-probabilities where the policy wrote nothing."""
    return torch.where(mask, x, -3 * torch.rand(x.shape, dtype=x.dtype, generator=draw))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("kind", "form", "level"), FORMS)
def test_the_log_probabilities_of_an_environments_tokens_change_no_gradient(
    kind: str, form: str, level: str, seed: int
) -> None:
    given, draw = experience(seed), torch.Generator().manual_seed(100 + seed)
    more = {"kl_coef": 0.1} if kind in ("ppo", "grpo") else {}
    settings = learner(kind, surrogate=form, importance_sampling_level=level, **more)
    new = given.logprobs_old + 0.3 * torch.randn(BATCH, LENGTH, dtype=torch.float64, generator=draw)
    for aggregation in ("token-mean", "seq-mean-token-mean", "seq-mean-token-sum-norm"):
        settings = settings.model_copy(update={"aggregation": aggregation, "beta": 0.05 if kind == "grpo" else 0})
        changed = replace(
            given,
            logprobs_old=elsewhere(given.logprobs_old, given.mask, draw),
            logprobs_ref=elsewhere(given.logprobs_ref, given.mask, draw),  # type: ignore[arg-type]
            values=elsewhere(given.values, given.mask, draw),  # type: ignore[arg-type]
        )
        first, credit = gradient(new, given, settings)
        second, other = gradient(elsewhere(new, given.mask, draw), changed, settings)
        assert first[given.mask].abs().sum() > 0 or not credit.advantages.any()
        assert torch.equal(first, second), "to the bit"
        assert not first[~given.mask].any()
        assert torch.equal(credit.advantages, other.advantages)
        assert not credit.advantages[~given.mask].any()
        if credit.returns is not None:
            assert torch.equal(critics(given, credit), critics(changed, other))


def gradient(new: torch.Tensor, given: Experience, settings: object) -> tuple[torch.Tensor, Credit]:
    """Of the loss, with respect to the policy's log-probabilities [B, T]."""
    credit = credit_for(settings)(given)  # type: ignore[arg-type]
    leaf = new.clone().requires_grad_()
    policy_objective(leaf, given, credit, settings, LENGTH).loss.backward()  # type: ignore[arg-type]
    assert leaf.grad is not None
    return leaf.grad, credit


def critics(given: Experience, credit: Credit) -> torch.Tensor:
    """The gradient of the critic's loss with respect to its values."""
    assert given.values is not None
    assert credit.returns is not None
    leaf = torch.where(given.mask, given.values + 0.1, 0).requires_grad_()
    torch.where(given.mask, clipped_value_loss(leaf, given.values, credit.returns, 0.2), 0).sum().backward()
    assert leaf.grad is not None
    return leaf.grad
