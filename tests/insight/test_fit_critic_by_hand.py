"""Fitting a start model's critic, part by part on made-up numbers: what is asked, what is measured, what is written."""

from __future__ import annotations

import json
import stat
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from core.algorithms.foresight import best_constant, foresight
from core.algorithms.types import Experience
from core.errors import Message
from core.insight import fit_critic
from core.insight.agreement import compare
from core.insight.whatif import StoredStep
from core.learners.registry import learner
from core.models import critics
from core.models.bundled import weights_hash
from core.tasks.registry import recipes
from core.training.continuations import Responses
from tests.insight.test_study_by_hand import LENGTHS, made_up, true_values

MODEL = "chain-sum-6x1"
SEED = 2**31 - 2


# -- fitting ---------------------------------------------------------------------------------------------------------


def test_a_critic_is_fitted_to_one_fresh_answer_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    bars: list[Any] = []

    class Made:
        def __init__(self, config: Any, name: str) -> None:
            self.config, self.name, self.settings = config, name, config.learner(name)
            self.value_model, self.start_hash, self.device, self.dtype = "critic", "hash", "cpu", "float32"
            self.policy, self.codec, self.task, self.max_length = "policy", "codec", "task", 11

    class Bar:
        def __init__(self, **options: Any) -> None:
            self.options, self.n, self.texts, self.refreshed = options, -1.0, list[str](), 0
            bars.append(self)

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None: ...

        def set_description(self, text: str) -> None:
            self.texts.append(text)

        def refresh(self) -> None:
            self.refreshed += 1

    def plan_of(*given: Any) -> Any:
        seen["plan"] = given
        return SimpleNamespace(rollouts=3, responses=128)

    def learn(model: Any, asker: Any, plan: Any, progress: Any) -> None:
        seen["learn"] = (model, asker, plan)
        progress(Message("asked"), None)
        assert bars[-1].n == 0.0
        progress(Message("half {n}", n=2), 0.5)

    monkeypatch.setattr(fit_critic, "Trainer", Made)
    monkeypatch.setattr(fit_critic, "Asker", lambda *given: given)
    monkeypatch.setattr(fit_critic, "tqdm", Bar)
    monkeypatch.setattr(fit_critic, "fitted", SimpleNamespace(plan_of=plan_of, learn=learn))
    monkeypatch.setattr(fit_critic, "LEARNING_RATE", 2e-3)
    trainer, responses = fit_critic.fit(MODEL, updates=7)
    assert responses == 3 * 128
    config, settings, *rest = seen["plan"]
    assert config == trainer.config
    assert (config.task, config.model, config.seed) == (recipes()[MODEL].task, MODEL, SEED)
    assert (config.prompts_per_step, config.num_generations, config.eval_every) == (128, 1, 0)
    assert [x.model_dump() for x in config.learners] == [learner("ppo", kl_coef=0.0).model_dump()]
    assert trainer.name == "ppo"  # type: ignore[attr-defined]
    fitted = {"value_pretrain_updates": 7, "value_pretrain_learning_rate": 2e-3}
    assert settings.model_dump() == {**learner("ppo", kl_coef=0.0).model_dump(), **fitted}
    assert rest == ["hash", "cpu", "float32"]
    model, asker, plan = seen["learn"]
    assert (model, plan.rollouts) == ("critic", 3)
    assert asker == ("policy", "codec", "task", config, settings, 11)
    bar = bars[0]
    assert bar.options == {"total": 1.0, "bar_format": "{l_bar}{bar}| {elapsed}<{remaining}"}
    assert (bar.texts, bar.n, bar.refreshed) == (["asked", "half 2"], 0.5, 2)
    fit_critic.fit(MODEL)
    assert seen["plan"][1].value_pretrain_updates == 1200


# -- measuring -------------------------------------------------------------------------------------------------------


@pytest.fixture
def step() -> StoredStep:
    mask = torch.arange(4) < torch.tensor(LENGTHS)[:, None]
    old, ref, values = (torch.where(mask, made_up(i), 0) for i in range(3))
    rewards, group = torch.tensor([1.0, 0.0, 0.0, 1.0], dtype=torch.float64), torch.tensor([0, 0, 1, 1])
    experience = Experience(mask, -old, -ref, rewards, group, torch.zeros(4, dtype=torch.bool), values)
    return StoredStep(SimpleNamespace(), experience, (-old,))  # type: ignore[arg-type]


def test_the_numbers_are_of_fresh_answers_beside_the_measured_values(step, monkeypatch) -> None:
    seen = step.experience
    responses = Responses(["?"] * 4, torch.zeros(4, 4), seen.mask, seen.rewards)
    truth, asked = true_values(5), []
    truth.advantages[1, 0], truth.advantages_high[1, 0] = -0.6, -0.4  # a wrong answer that one token ruined
    truth.advantages[2, 0], truth.advantages_high[2, 0] = -0.7, 0.1  # and one of which that is doubtful

    class Oracle:
        @classmethod
        def of(cls, whose: Any) -> Oracle:
            asked.append(whose)
            return cls()

        def estimate(self, given: Responses, *, continuations: int, seed: int) -> Any:
            asked.append((given, continuations, seed))
            return truth

    def examined(trainer: Any, own: Any) -> Any:
        asked.append((trainer, own))
        return step, responses

    monkeypatch.setattr(fit_critic, "Oracle", Oracle)
    monkeypatch.setattr(fit_critic, "examined", examined)
    settings = learner("ppo", kl_coef=0.0, gamma=0.9, lam=0.7)
    trainer: Any = SimpleNamespace(settings=settings)
    numbers = fit_critic.measured(trainer)
    assert asked == [
        (trainer, {"prompts_per_step": 16, "num_generations": 8}),
        trainer,
        (responses, 64, SEED),
    ]
    change = torch.zeros(4, 4, dtype=torch.float64)  # λ = 0: what each token changed the critic's value by
    others = torch.zeros(4, 4, dtype=torch.float64)
    for b, n in enumerate(LENGTHS):
        v = [*seen.values[b, :n].tolist(), 0.0]
        for t in range(n):
            reward = float(seen.rewards[b]) if t == n - 1 else 0.0
            change[b, t] = reward + 0.9 * v[t + 1] - v[t]
            others[b, t] = float(seen.rewards[[1, 0, 3, 2][b]])
    known = foresight(seen.values, truth.values, seen.rewards, seen.mask)
    blame = asdict(compare(change, truth.advantages, seen.mask, seen.rewards, truth.advantages_high))
    assert numbers.pop("lambda_0") == {x: y if y is None else pytest.approx(y, abs=1e-6) for x, y in blame.items()}
    assert blame["blamed"] == 1
    assert numbers == {
        "responses": 4,
        "continuations": 64,
        "success": 0.5,
        "explained_variance": known.explained,
        "outcome_explained": known.outcome,
        "ceiling": foresight(truth.values, truth.values, seen.rewards, seen.mask).outcome,
        "error": known.error,
        "group_mean_error": pytest.approx(foresight(others, truth.values, seen.rewards, seen.mask).error, abs=1e-6),
        "constant_error": best_constant(truth.values, seen.mask),
    }


# -- writing ---------------------------------------------------------------------------------------------------------

NUMBERS: dict[str, Any] = {
    "responses": 4,
    "continuations": 64,
    "success": 0.51234567,
    "explained_variance": 0.71234567,
    "outcome_explained": 0.31,
    "ceiling": 0.42,
    "error": 0.01234,
    "group_mean_error": 0.09876,
    "constant_error": 0.0555,
    "lambda_0": {"blame_accuracy": 0.75, "chance": 0.25, "blamed": 12},
}


@pytest.fixture
def critic(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = SimpleNamespace(value_model=nn.Linear(3, 2), start_hash="start")

    def measured(trainer: Any) -> dict[str, Any]:
        assert trainer is made
        return NUMBERS

    monkeypatch.setattr(fit_critic, "measured", measured)
    return made


def test_the_card_says_what_was_fitted_and_what_it_knows(critic, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "critic"
    card = fit_critic.write(folder, MODEL, critic, 1536, updates=1234)
    hash_of = weights_hash(critic.value_model)
    assert card == {
        "name": "chain-sum-6x1-critic",
        "model": MODEL,
        "start_sha256": "start",
        "weights_sha256": hash_of,
        "torch": torch.__version__,
        "responses": 1536,
        "updates": 1234,
        "learning_rate": 1e-3,
        "task": recipes()[MODEL].task.model_dump(),
        "measured": NUMBERS,
    }
    text = (folder / critics.CARD).read_text(encoding="utf-8")
    assert text.startswith('{\n "name": "chain-sum-6x1-critic"')
    assert text.endswith("}\n")
    rounded = {**NUMBERS, "success": 0.512346, "explained_variance": 0.712346}
    assert json.loads(text) == {**card, "measured": rounded}
    weights = load_file(folder / critics.WEIGHTS)
    assert {x: y.tolist() for x, y in weights.items()} == {
        x: y.tolist() for x, y in critic.value_model.state_dict().items()
    }
    assert stat.S_IMODE((folder / critics.WEIGHTS).stat().st_mode) == 0o644
    fit_critic.write(folder, MODEL, critic, 1536)  # over what was there
    assert json.loads((folder / critics.CARD).read_text(encoding="utf-8"))["updates"] == 1200


def test_the_readme_is_the_card_in_words(critic, tmp_path: Path) -> None:
    fit_critic.write(tmp_path, MODEL, critic, 153600, updates=1234)
    text = " ".join((tmp_path / "README.md").read_text(encoding="utf-8").split())
    for words in (
        "# chain-sum-6x1-critic",
        "A critic for `chain-sum-6x1`",
        "what 153,600 fresh answers of the start policy scored (one answer a question, 1,234 updates of 128 answers, a "
        "learning rate that rises to 0.001 and",
        f"`python -m core.insight.fit_critic chain-sum-6x1` (torch {torch.__version__}, one CPU thread)",
        "`value_model=chain-sum-6x1-critic`",
        "Measured on 4 other responses of the start policy (0.512 right), the true values being the mean of 64 fresh",
        "it explains 0.712 of the true values' variance, and 0.310 of the outcomes', of which the measured values "
        "explain 0.420.",
        "the true values: 0.0123; of the best constant 0.0555, of the mean of the other answers to the same question "
        "0.0988.",
        "ruined the answer in 0.750 of 12 wrong answers (any token alike: 0.250).",
        f"`{weights_hash(critic.value_model)}`",
    ):
        assert words in text
    none = {"blame_accuracy": None, "chance": None, "blamed": 0}
    without = {**NUMBERS, "lambda_0": none}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit_critic, "measured", lambda _: without)
        fit_critic.write(tmp_path, MODEL, critic, 1)
    text = " ".join((tmp_path / "README.md").read_text(encoding="utf-8").split())
    assert "in 0.000 of 0 wrong answers (any token alike: 0.000)" in text


# -- the command -----------------------------------------------------------------------------------------------------


def test_the_command_fits_writes_where_it_is_read_and_prints_the_card(monkeypatch, tmp_path, capsys) -> None:
    written, threads = [], torch.get_num_threads()

    def fit(model: str) -> tuple[str, int]:
        assert torch.get_num_threads() == 1
        return f"trainer of {model}", 99

    monkeypatch.setattr(fit_critic, "fit", fit)
    monkeypatch.setattr(fit_critic, "write", lambda *given: written.append(given) or {"card": 1})
    try:
        fit_critic.main([MODEL])
        fit_critic.main([MODEL, "--out", str(tmp_path)])
    finally:
        torch.set_num_threads(threads)
    rest = (MODEL, f"trainer of {MODEL}", 99)
    assert written == [(critics.FOLDER / "chain-sum-6x1-critic", *rest), (tmp_path, *rest)]
    assert capsys.readouterr().out == '{\n "card": 1\n}\n' * 2
    for arguments in ([], ["no-such-model"]):
        with pytest.raises(SystemExit):
            fit_critic.main(arguments)
