"""A real run of TRL's GRPOTrainer, watched: the trace recomputes, is TRL's own, and opens like any run of ours.

The recomputation is written in numpy and pandas from formulas.md; it shares no code with core/.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from core.errors import ConfigError
from core.given_config import parse_config
from core.integrations.trl import callback as trl_callback
from core.integrations.trl import check as trl_check
from core.integrations.trl.callback import CreditLabCallback
from core.runs.export import export
from core.runs.feed import Feed
from core.runs.recorded import import_recorded
from core.runs.store import RunStore
from core.tasks.registry import task_for
from tests.integrations.trl_runs import trainer

pytest.importorskip("trl", reason="TRL is a test-only dependency")

#: Ways to run TRL that lead through different parts of the callback.
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "mini-batches": {"per_device_train_batch_size": 6, "steps_per_generation": 2, "max_steps": 8},
    "accumulation": {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 3},
    "several rollouts an update": {
        "per_device_train_batch_size": 12,
        "gradient_accumulation_steps": 2,
        "steps_per_generation": 1,
        "num_iterations": 1,
        "max_steps": 3,
    },
    "reference": {"beta": 0.1, "use_bias_correction_kl": False},
    "sequence": {"importance_sampling_level": "sequence", "loss_type": "grpo", "epsilon": 0.02, "epsilon_high": 0.03},
    "cool": {"temperature": 0.7, "scale_rewards": "batch"},
    "cispo": {"loss_type": "cispo", "epsilon_high": 1.1},
}


class Watched:
    """A run of TRL that was watched, with what both sides say of it."""

    def __init__(self, folder: Path, options: dict[str, Any], **ours: Any) -> None:
        self.callback = CreditLabCallback(folder / "trace", **{"panel_size": 12, "answer_column": "answer", **ours})
        self.trl = trainer(folder / "trl", [self.callback], log_completions=True, **options)
        self.callback.watch(self.trl)
        self.trl.train()
        self.folder = folder / "trace"
        self.head = json.loads((self.folder / "run.json").read_text())
        self.config = parse_config(self.head["config"])
        self.learner: Any = self.config.learners[0]
        self.steps, self.samples, self.tokens = (
            pd.read_parquet(self.folder / f"{x}.parquet") for x in ("steps", "samples", "tokens")
        )
        self.completions = sorted((folder / "trl" / "completions").iterdir())


@pytest.fixture(scope="module", params=WAYS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return Watched(tmp_path_factory.mktemp("run"), WAYS[request.param])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return Watched(tmp_path_factory.mktemp("plain"), {})


def near(recomputed: Any, column: Any) -> None:
    np.testing.assert_allclose(np.asarray(recomputed, float), np.asarray(column, float), rtol=2e-4, atol=2e-5)


# -- the trace, recomputed ---------------------------------------------------------------------------------------------


def test_the_tokens_numbers_follow_from_the_log_probabilities(run: Watched) -> None:
    t, settings = run.tokens, run.learner
    log_ratio = t["logprob"] - t["logprob_old"]
    if settings.importance_sampling_level == "sequence":
        log_ratio = log_ratio.groupby([t["step"], t["pass"], t["sample"]]).transform("mean")
    near(np.exp(log_ratio), t["ratio"])
    near(np.ones(int((t["pass"] == 0).sum())), t.loc[t["pass"] == 0, "ratio"])
    assert (t.loc[t["pass"] == settings.num_iterations, "ratio"] - 1).abs().max() > 0.01
    taken = t["ratio_update"].notna()
    assert (taken == t["clipped"].notna()).all()
    assert (taken == (t["pass"] < settings.num_iterations)).all(), "after the last pass no gradient is taken"
    up = (t["advantage"] > 0) & (t["ratio_update"] > 1 + settings.clip_high)
    down = (t["advantage"] < 0) & (t["ratio_update"] < 1 - settings.epsilon)
    if settings.surrogate == "clip":
        assert (up.astype(int) - down.astype(int) == t["clipped"])[taken].all()
        bounded = np.clip(t["ratio"], 1 - settings.epsilon, 1 + settings.clip_high)
        surrogate = np.minimum(t["ratio"] * t["advantage"], bounded * t["advantage"])
    else:
        bounded = (t["ratio_update"] > 1 + settings.clip_high) & (t["advantage"] != 0)
        assert (bounded.astype(int) == t["clipped"])[taken].all()
        surrogate = np.minimum(t["ratio"], 1 + settings.clip_high) * t["advantage"] * t["logprob"]
    if settings.beta:
        l = t["logprob_ref"] - t["logprob"]  # noqa: E741  the letter of formulas.md
        near(-l, t["kl_k1"])
        near(l**2 / 2, t["kl_k2"])
        near(np.exp(l) - 1 - l, t["kl_k3"])
        surrogate = surrogate - settings.beta * t["kl_k3"]
    else:
        assert t[["logprob_ref", "kl_k1", "kl_k2", "kl_k3"]].isna().all(axis=None)
    near(surrogate, t["objective"])
    absent = ["kl_exact", "token_reward", "value", "delta", "return"]
    assert t[absent].isna().all(axis=None)  # what TRL does not give is null, never 0


def test_credit_follows_from_the_groups_rewards(run: Watched) -> None:
    groups = run.samples.groupby(["step", "group"])["reward"]
    assert (groups.size() == 4).all()
    assert (run.samples.groupby(["step", "group"])["prompt"].nunique() == 1).all()
    centred = run.samples["reward"] - groups.transform("mean")
    by = groups if run.learner.scale_rewards == "group" else run.samples.groupby("step")["reward"]
    std = by.transform(lambda x: x.astype(float).std(ddof=1))
    expected = run.samples.assign(raw=centred, expected=centred / (std + 1e-4))
    joined = run.tokens.merge(expected[["step", "sample", "raw", "expected"]], on=["step", "sample"])
    near(joined["raw"], joined["advantage_raw"])
    np.testing.assert_allclose(joined["expected"], joined["advantage"], rtol=1e-3, atol=1e-3)
    assert joined["advantage"].abs().max() > 0.5


def test_every_pass_holds_the_same_responses_token_by_token(run: Watched) -> None:
    wanted = range(run.learner.num_iterations + 1)
    for _, step in run.tokens.groupby("step"):
        assert sorted(step["pass"].unique()) == list(wanted)
        shown = [step[step["pass"] == x][["sample", "position", "token_id"]].to_numpy().tolist() for x in wanted]
        assert all(x == shown[0] for x in shown)
    first = run.tokens[run.tokens["pass"] == 0].sort_values(["step", "sample", "position"])
    texts = first.groupby(["step", "sample"])["token"].agg("".join)
    for row in run.samples.itertuples():
        assert texts[row.step, row.sample].removesuffix("<eos>") == row.response
    lengths = first.groupby(["step", "sample"]).size().to_numpy()
    assert (lengths == run.samples["length"]).all()


# -- what TRL says itself ----------------------------------------------------------------------------------------------


def test_responses_rewards_and_advantages_are_trls_own(run: Watched) -> None:
    theirs = pd.concat([pd.read_parquet(x) for x in run.completions])
    theirs["reward"] = theirs["right"] + theirs["brevity"]
    keys = ["prompt", "completion"]
    ours = run.samples.merge(
        run.tokens.drop_duplicates(["step", "sample"])[["step", "sample", "advantage"]], on=["step", "sample"]
    )
    for step, own in ours.groupby("step"):
        completions = [
            x
            for _, x in theirs.groupby("step")
            if x[keys].to_numpy().tolist() == own[["prompt", "response"]].to_numpy().tolist()
        ]
        # (of several rollouts an update, TRL writes only the last one's completions)
        assert completions or run.trl.args.gradient_accumulation_steps > run.trl.args.steps_per_generation, step
        for x in completions[:1]:
            near(x["reward"], own["reward"])
            near(x["advantage"], own["advantage"])
    assert run.samples["answer"].tolist() == [
        str(sum(int(x) for x in p[5:-1].split("+"))) for p in run.samples["prompt"]
    ]


def test_losses_and_means_are_trls_own(run: Watched) -> None:
    """One update's loss is minus the mean objective over the tokens it met: those of the pass before."""
    logs = [x for x in run.trl.state.log_history if "loss" in x]
    args = run.trl.args
    per_step = args.steps_per_generation * run.trl.num_iterations / args.gradient_accumulation_steps
    if per_step < 1:  # several rollouts share an update, whose log is of them all; so is the time it took
        shared = run.steps.iloc[: len(run.steps) // 2 * 2]  # an epoch may end with one rollout alone
        assert len(shared) >= 4
        assert shared[["update_time_s", "step_time_s", "tokens_per_second"]].isna().all(axis=None)
        return
    assert (run.steps["step_time_s"] > run.steps["rollout_time_s"]).all()
    per_step = int(per_step)
    for step, row in run.steps.iterrows():
        own = logs[step * per_step : (step + 1) * per_step]
        assert row["policy_loss"] == pytest.approx(np.mean([x["loss"] for x in own]), abs=2e-4)
        assert row["grad_norm"] == pytest.approx(np.mean([x["grad_norm"] for x in own]), rel=1e-3, abs=1e-6)
        assert row["reward"] == pytest.approx(own[0]["reward"], abs=1e-6)
        if run.learner.scale_rewards == "group":  # else TRL says it of the whole batch
            assert row["frac_reward_zero_std"] == pytest.approx(own[0]["frac_reward_zero_std"])
        assert row["completion_length"] == pytest.approx(own[0]["completions/mean_length"])
        if run.learner.surrogate == "clip" and per_step == 2:
            assert row["clip_ratio_low"] == pytest.approx(np.mean([x["clip_ratio/low_mean"] for x in own]), abs=1e-6)
            assert row["clip_ratio_high"] == pytest.approx(np.mean([x["clip_ratio/high_mean"] for x in own]), abs=1e-6)
        if per_step == 2:
            assert row["entropy"] == pytest.approx(own[0]["entropy"], rel=1e-4)
        t = run.tokens[run.tokens["step"] == step]
        gap = (t["logprob"] - t["logprob_old"])[t["pass"] == run.learner.num_iterations].astype(float)
        assert row["approx_kl"] == pytest.approx(float((np.exp(gap) - 1 - gap).mean()), rel=1e-3)
        if per_step == 2:
            for number, log in enumerate(own):
                now = t[t["pass"] == number]
                mean = (
                    now.groupby("sample")["objective"].mean().mean()
                    if run.learner.aggregation != "token-mean"
                    else now["objective"].mean()
                )
                assert log["loss"] == pytest.approx(-mean, abs=2e-4)


def test_the_state_after_the_last_update_is_the_policys_then(run: Watched) -> None:
    """The last pass of the last step, scored anew by the trained model as transformers gives it."""
    t = run.tokens[
        (run.tokens["step"] == run.tokens["step"].max()) & (run.tokens["pass"] == run.learner.num_iterations)
    ]
    last = run.samples[run.samples["step"] == run.samples["step"].max()].set_index("sample")
    model, tokenizer = run.trl.model.eval(), run.trl.processing_class
    for sample, own in t.groupby("sample"):
        prompt = tokenizer(last.loc[sample, "prompt"], add_special_tokens=False).input_ids
        ids = torch.tensor([[*prompt, *own.sort_values("position")["token_id"]]])
        with torch.no_grad():
            logits = model(ids).logits.float()[0, len(prompt) - 1 : -1]
        scores = (logits / run.config.temperature).log_softmax(-1)  # TRL scores, as we do, as it samples
        expected = scores.gather(1, ids[0, len(prompt) :, None])[:, 0]
        near(expected, own.sort_values("position")["logprob"])


def test_watching_changes_nothing_in_the_training(plain: Watched, tmp_path: Path) -> None:
    alone = trainer(tmp_path, [])
    alone.train()
    for (name, ours), theirs in zip(
        plain.trl.model.state_dict().items(), alone.model.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs), name
    before = trainer(tmp_path, []).model.state_dict()
    assert any(not torch.equal(x, before[name]) for name, x in alone.model.state_dict().items())


# -- opening it --------------------------------------------------------------------------------------------------------


def test_it_opens_like_any_run(run: Watched, tmp_path: Path) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    import_recorded(store, run.folder, "watched")
    info = store.get("watched")
    assert (info.status, info.recorded, info.learners[0].step) == ("finished", True, int(run.steps["step"].max()))
    feed = Feed(store)
    live = json.loads(feed.live("watched").text())
    assert live["run"]["source"] == "TRL 1.16.0"
    assert live["run"]["group_size"] == 4
    assert [x["step"] for x in live["rows"]] == run.steps["step"].tolist()
    assert all(
        x["success_rate"] is None and x["kl_exact" if "kl_exact" in x else "value_loss"] is None for x in live["rows"]
    )
    step = json.loads(feed.step("watched", 1).text())
    assert len(step["groups"]) == 3
    assert step["groups"][0]["learners"]["grpo"]["success"] is None
    group = json.loads(feed.group("watched", 1, 2).text())["learners"]["grpo"]
    assert len(group["responses"]) == 4
    assert len(group["responses"][0]["passes"]) == run.learner.num_iterations + 1
    assert group["settings"]["learning_rate"] == pytest.approx(3e-3)
    assert group["settings"]["kl_reward_estimator"] is None  # TRL has none: not recorded
    export(store, "watched", tmp_path / "again")
    assert (tmp_path / "again" / "tokens.parquet").read_bytes() == (run.folder / "tokens.parquet").read_bytes()


def test_its_config_says_what_trl_was_told(plain: Watched) -> None:
    config, settings = plain.config, plain.learner
    assert config.task.kind == "imported"
    assert (config.model, config.seed, config.steps, config.prompts_per_step) == ("chain-sum-3x1", 5, 3, 3)
    assert (config.num_generations, config.max_completion_length, config.measure_kl) == (4, 12, False)
    assert (settings.num_iterations, settings.epsilon, settings.clip_high, settings.beta) == (2, 0.2, 0.2, 0.0)
    assert (settings.scale_rewards, settings.aggregation, settings.kl_coef) == ("group", "token-mean", 0.0)
    assert plain.head["versions"]["trl"] == "1.16.0"
    with pytest.raises(ConfigError, match=r"imported from TRL 1\.16\.0: it can be looked at, but not trained"):
        task_for(config.task)


# -- options, and what goes wrong --------------------------------------------------------------------------------------


def test_without_a_last_look_the_trace_ends_before_the_last_update(plain: Watched, tmp_path: Path) -> None:
    short = Watched(tmp_path, {}, score_after=False)
    assert sorted(short.tokens["pass"].unique()) == [0, 1]
    same = plain.tokens[plain.tokens["pass"] < 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, short.tokens.reset_index(drop=True), check_dtype=False)
    assert plain.steps["approx_kl"].notna().all()
    assert short.steps["approx_kl"].isna().all(), "nobody looked at the policy after its last update"


def test_a_panel_keeps_whole_groups_and_success_is_what_was_said(tmp_path: Path) -> None:
    run = Watched(tmp_path, {}, panel_size=5, success_from=0.5)
    assert sorted(run.tokens["sample"].unique()) == [0, 1, 2, 3]
    assert (run.samples["success"] == (run.samples["reward"] >= 0.5)).all()
    near(run.samples.groupby("step")["success"].mean(), run.steps["success_rate"])
    assert len(run.samples) == 36


def test_what_this_lab_has_no_formula_for_stays_null(tmp_path: Path) -> None:
    run = Watched(tmp_path, {"loss_type": "sapo", "beta": 0.1})
    assert run.tokens[["clipped", "objective"]].isna().all(axis=None)
    assert run.steps[["clip_ratio_low", "clip_ratio_high"]].isna().all(axis=None)
    assert run.tokens[["ratio", "kl_k3", "advantage", "entropy"]].notna().all(axis=None)
    assert "loss_type=sapo" in run.head["learners"][0]["warning"]
    assert {"grpo.aggregation", "grpo.surrogate"} <= set(run.config.task.unrecorded)  # type: ignore[union-attr]


def test_a_response_that_nobody_scored_has_no_reward(tmp_path: Path) -> None:
    def sometimes(completions: list[str], **_: Any) -> list[float | None]:
        return [None if i % 4 == 1 else float(i) for i, _ in enumerate(completions)]

    run = Watched(tmp_path, {"rewards": (sometimes,), "max_steps": 2})
    unscored = run.samples["reward"].isna()
    assert unscored.tolist() == [i % 4 == 1 for i in range(12)]
    assert run.steps["reward"].iloc[0] == pytest.approx(run.samples["reward"].mean())
    credit = run.tokens[run.tokens["pass"] == 0].groupby("sample")["advantage"].first()
    assert (credit[unscored.to_numpy()] == 0).all()


def test_conversations_are_shown_as_what_was_said(tmp_path: Path) -> None:
    def template(trl: Any) -> None:
        trl.processing_class.chat_template = "<bos>{% for m in messages %}{{ m['content'] }}{% endfor %}"

    callback = CreditLabCallback(tmp_path / "trace")
    trl = trainer(
        tmp_path / "trl", [callback], rewards=(lambda completions, **_: [0.0] * len(completions),), max_steps=2
    )
    template(trl)
    trl.train_dataset = trl.train_dataset.map(lambda x: {"prompt": [{"role": "user", "content": x["prompt"][5:]}]})
    callback.watch(trl)
    trl.train()
    samples = pd.read_parquet(tmp_path / "trace" / "samples.parquet")
    assert samples["prompt"].str.fullmatch(r"\d\+\d\+\d=").all()
    assert samples["response"].str.match(r"\d").all()


def test_one_sentence_before_anything_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="needs out=FOLDER, keep=True, or both"):
        CreditLabCallback()
    callback = CreditLabCallback(tmp_path / "trace")
    trl = trainer(tmp_path, [callback])
    with pytest.raises(ConfigError, match=r"call callback\.watch\(trainer\) before trainer\.train\(\)"):
        trl.train()
    with pytest.raises(ConfigError, match=r"give it to the trainer as well, as callbacks=\[callback\]"):
        CreditLabCallback(tmp_path / "other").watch(trl)
    with monkeypatch.context() as patch:
        patch.setattr(trl_check, "PINNED", "1.15")
        with pytest.raises(ConfigError, match=r"private methods of TRL 1\.15, but TRL 1\.16\.0 is installed"):
            callback.watch(trl)
    with monkeypatch.context() as patch:
        patch.setattr(trl, "_compute_loss", lambda model, batch: None)
        with pytest.raises(ConfigError, match="but this GRPOTrainer's _compute_loss is another one"):
            callback.watch(trl)
    assert not (tmp_path / "trace").exists()


def test_training_goes_on_where_recording_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: RunStore, run_id: str, trace: Any) -> None:
        if trace.step == 1:
            raise OSError("No space left on device")
        kept(self, run_id, trace)

    kept = RunStore.append
    monkeypatch.setattr(RunStore, "append", full)
    with pytest.warns(UserWarning, match=r"Recording stopped: No space left on device\. TRL goes on training"):
        run = Watched(tmp_path, {})
    assert run.trl.state.global_step == 6
    assert run.steps["step"].tolist() == [0]
    assert run.head["status"] == "failed"
    assert run.head["reason"].startswith("Recording stopped")


def test_among_the_apps_runs_it_is_live_and_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))
    met: list[str] = []

    class Person(trl_callback.TrainerCallback):
        """Looks at the run after the fourth update, and stops it."""

        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == 4:
                info = RunStore().get(str(callback.run_id))
                met.extend([info.status, str(info.learners[0].step), str(info.recorded)])
                RunStore().control(info.id, "stop")

    callback = CreditLabCallback(keep=True, name="Watched live")
    trl = trainer(tmp_path / "trl", [callback, Person()], max_steps=20)
    callback.watch(trl)
    trl.train()
    info = RunStore().get(str(callback.run_id))
    assert met == ["running", "1", "False"]
    assert trl.state.global_step == 5
    assert (info.name, info.status, info.recorded, info.learners[0].step) == ("Watched live", "stopped", True, 2)
    assert info.config.steps == 10
