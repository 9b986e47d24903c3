"""The study of long sums: what it trains, how it is summed up, and that its file grows and is read again."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from core.config import RunConfig
from core.given_config import change
from core.insight import long_sums, seed_results
from core.insight.long_sums import Setup, setups, table, train
from core.insight.seed_results import SeedResult, difference, paired, read, student, write
from core.learners.registry import learner, needs_of
from core.models import bundled, critics
from core.presets import preset


def outcome(setup: str, seed: int, success: float = 0.5) -> SeedResult:
    return SeedResult(setup, seed, (success,) * long_sums.STEPS, (None,) * long_sums.STEPS, 7680, 10.0)


def test_every_setup_can_be_trained_here_and_writes_as_many_responses_a_step() -> None:
    for setup in setups().values():
        config = setup.config(0)
        assert config.prompts_per_step * config.num_generations == long_sums.RESPONSES
        assert config.steps == long_sums.STEPS
        assert config.model in bundled.names()
        named = getattr(config.learners[0], "value_model", None)
        assert named is None or named in critics.names()
        assert config.task.model_dump() == {"kind": "chain-sum", "terms": 6, "digits": 1, "heldout": 256}


def test_setups_are_what_their_names_say() -> None:
    chosen = setups()
    assert (chosen["grpo-4x32"].config(0).num_generations, chosen["batch-128x1"].config(0).num_generations) == (32, 1)
    assert chosen["ppo-fitted-16x8"].settings.model_dump() == preset("long-sums").learners[0].model_dump()
    assert chosen["ppo-fitted-16x8-blind"].settings.model_dump() == preset("long-sums-blind").learners[0].model_dump()
    assert needs_of(chosen["ppo-oracle-0-16x8"].settings).continuations == 8
    assert not needs_of(chosen["batch-128x1"].settings).critic
    frozen = chosen["ppo-frozen-0.5-16x8"].settings.model_dump()
    assert (frozen["value_freeze_after"], frozen["lam"], frozen["value_model"]) == (0, 0.5, "chain-sum-6x1-critic")


def test_setups_are_those_that_the_recorded_file_was_measured_with() -> None:
    """A name, a number of questions or a setting that changes makes the recorded numbers another study's."""
    recorded = json.loads(seed_results.LONG_SUMS.read_text(encoding="utf-8"))["about"]
    own = json.loads(json.dumps(long_sums._about()))
    for name, setup in own["setups"].items():  # what is younger than the file changes nothing at its default
        known = recorded["setups"][name]["settings"]
        default = learner(setup["settings"]["algorithm"]).model_dump()
        setup["settings"] = {x: y for x, y in setup["settings"].items() if x in known or y != default[x]}
    assert own.pop("versions").keys() == recorded.pop("versions").keys()
    assert {"version": 1, **own} == recorded
    assert list(own["setups"]) == list(recorded["setups"])
    rows = read()
    for name, setup in setups().items():
        mine = [x for x in rows if x.setup == name]
        assert sorted(x.seed for x in mine) == list(range(setup.seeds)), name
        assert {bool(x.known) for x in mine} == {setup.checked}, name


@pytest.mark.parametrize("name", ["vine-16x8", "ppo-zero-16x8", "batch-128x1-blind"])
def test_a_setups_run_is_the_presets_but_for_what_the_study_says(name: str) -> None:
    setup = setups()[name]
    own, base = setup.config(4).model_dump(), preset("long-sums").model_dump()
    checks = {"eval_every": 10, "value_check_responses": 128, "panel_size": 128} if name == "ppo-zero-16x8" else {}
    expected = {
        "seed": 4,
        "steps": 60,
        "measure_kl": False,
        "model": "chain-sum-6x1-blind" if name.endswith("blind") else "chain-sum-6x1",
        "prompts_per_step": 128 if "128x1" in name else 16,
        "num_generations": 1 if "128x1" in name else 8,
        "eval_every": 0,
        "value_check_responses": 0,
        "panel_size": 1,
        "learners": [setup.settings.model_dump()],
        **checks,
    }
    assert {**base, **expected} == {**own, "learners": list(own["learners"])}


@pytest.mark.parametrize(("freedom", "known"), [(1, 12.7062), (2, 4.3027), (4, 2.7764), (9, 2.2622), (30, 2.0423)])
def test_students_quantile_is_that_of_the_tables(freedom: int, known: float) -> None:
    assert student(freedom) == pytest.approx(known, abs=5e-5)


def test_a_paired_difference_has_the_interval_of_students_t() -> None:
    first, second = [0.70, 0.64, 0.68, 0.66, 0.71], [0.61, 0.60, 0.66, 0.59, 0.65]
    own = [0.09, 0.04, 0.02, 0.07, 0.06]
    known = paired(first, second)
    half = 2.77645 * statistics.stdev(own) / math.sqrt(5)
    assert known.mean == pytest.approx(0.056)
    assert (known.low, known.high) == (pytest.approx(0.056 - half, abs=1e-6), pytest.approx(0.056 + half, abs=1e-6))
    with pytest.raises(ValueError, match="at least two seeds"):
        paired([0.5], [0.4])


def test_a_difference_is_of_the_seeds_that_both_have() -> None:
    rows = [outcome("grpo-16x8", s, 0.5) for s in (0, 1, 2)] + [outcome("vine-16x8", s, 0.6) for s in (1, 2, 5)]
    known = difference(rows, "vine-16x8", "grpo-16x8", "first-20")
    assert (known.mean, known.seeds) == (pytest.approx(0.1), 2)


def test_spans_are_the_first_twenty_all_and_the_last_ten_steps() -> None:
    rising = SeedResult("grpo-16x8", 0, tuple(x / 59 for x in range(60)), (), 0, 0.0)
    assert rising.mean("first-20") == pytest.approx(9.5 / 59)
    assert rising.mean("all-60") == pytest.approx(0.5)
    assert rising.mean("last-10") == pytest.approx(54.5 / 59)


def test_the_file_is_read_as_it_was_written_and_grows(tmp_path: Path) -> None:
    path = tmp_path / "some" / "long-sums.json"
    rows = [outcome("vine-16x8", 1, 0.25), outcome("grpo-16x8", 0)]
    write(rows, list(setups()), {}, path)
    assert read(path) == sorted(rows, key=lambda x: list(setups()).index(x.setup))
    assert read(tmp_path / "none.json") == []
    stored = json.loads(path.read_text())
    stored["about"]["version"] = 99
    path.write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="is of version 99, and this reads version 1"):
        read(path)


def test_only_what_the_file_lacks_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, trained = tmp_path / "long-sums.json", list[tuple[str, int]]()
    write([outcome("grpo-16x8", 0)], list(setups()), {}, path)

    def instead(setup: Setup, seed: int) -> SeedResult:
        trained.append((setup.name, seed))
        return outcome(setup.name, seed, 0.75)

    monkeypatch.setattr(long_sums, "train", instead)
    wanted = ["grpo-16x8", "ppo-frozen-0-16x8"]
    long_sums.main(["--seeds", "7", "--only", *wanted, "--out", str(path)])
    assert trained == [("ppo-frozen-0-16x8", 0)] + [(name, s) for s in range(1, 5) for name in wanted] + [
        ("grpo-16x8", 5),
        ("grpo-16x8", 6),
    ]
    assert {(x.setup, x.seed) for x in read(path)} == {("grpo-16x8", 0), *trained}
    assert torch.get_num_threads() == 1, "seconds are of one core"
    printed, rows = capsys.readouterr().out, read(path)
    assert printed.startswith("ppo-frozen-0-16x8        seed 0: first-20 0.750 all-60 0.750 last-10 0.750  10 s\n")
    tables = table(rows), long_sums.differences(rows), long_sums.critics(rows), long_sums.knowing(rows)
    assert printed.endswith("s\n" + "\n\n".join(tables) + "\n")
    line = next(x for x in printed.splitlines() if x.startswith("| grpo-16x8 "))
    assert line == "| grpo-16x8 | 7 | 0.714 (0.094) | 0.714 (0.094) | 0.714 (0.094) | 0.500 | 7,680 | 10 |"


def test_the_table_names_the_worst_seed_at_the_end() -> None:
    rows = [outcome("grpo-16x8", 0, 0.9), outcome("grpo-16x8", 1, 0.3)]
    assert table(rows).splitlines()[2].split(" | ")[5] == "0.300"


def test_an_outcome_holds_the_trainers_own_numbers() -> None:
    """Three steps, beside what the trainer reports of each."""
    from core.training.trainer import Trainer

    torch.set_num_threads(1)
    setup = setups()["ppo-fitted-16x8"]
    short = change(setup.config(3), {"steps": 3})

    class Short(Setup):
        def config(self, seed: int):  # type: ignore[no-untyped-def]
            return change(super().config(seed), {"steps": 3})

    own = train(Short(setup.name, setup.settings, setup.questions, setup.model), 3)
    traces = [x.scalars for x in Trainer(short, "ppo").steps()]
    assert own.success == tuple(x["success_rate"] for x in traces)
    assert own.explained == tuple(x["vf_explained_var"] for x in traces)
    assert own.scored == 38_400 + 3 * 128  # what the bundled critic had seen counts
    assert own.seconds > 0


@pytest.mark.parametrize("checked", [True, False])
def test_an_outcome_is_summed_up_from_the_numbers_of_each_step(monkeypatch: pytest.MonkeyPatch, checked: bool) -> None:
    asked: list[tuple[RunConfig, str]] = []

    class Made:
        def __init__(self, config: RunConfig, name: str) -> None:
            asked.append((config, name))

        def steps(self) -> Iterator[SimpleNamespace]:
            for i in range(22):
                numbers = {"success_rate": i / 100, "step_time_s": 0.5, "samples_seen": 128 * (i + 1)}
                if i == 3:
                    numbers = dict.fromkeys(numbers)
                critic = {} if i == 4 else {"vf_explained_var": -i / 10}
                yield SimpleNamespace(step=i, scalars={**numbers, **critic, "value_explained": i + 0.25})

    monkeypatch.setattr(long_sums, "Trainer", Made)
    setup = Setup("made-up", learner("ppo", name="mine"), questions=8, checked=checked)
    own = train(setup, 7)
    assert asked == [(setup.config(7), "mine")]
    assert (own.setup, own.seed, own.scored, own.seconds) == ("made-up", 7, 22 * 128, 10.5)
    assert own.success == tuple(0.0 if i == 3 else i / 100 for i in range(22))
    assert own.explained == tuple(None if i == 4 else -i / 10 for i in range(22))
    assert own.known == ((0.25, 10.25, 20.25) if checked else ())


def test_the_documents_tables_are_those_of_the_recorded_results() -> None:
    text = (Path(__file__).parents[2] / "docs" / "long-sums.md").read_text(encoding="utf-8")
    rows = read()
    assert len(rows) > 200
    for own in (table(rows), long_sums.differences(rows), long_sums.critics(rows), long_sums.knowing(rows)):
        assert f"\n\n{own}\n\n" in text + "\n", "each is there from its first line to its last"
    for pairs, shown in ((long_sums.PAIRS, long_sums.differences(rows)), (long_sums.KNOWING, long_sums.knowing(rows))):
        assert [x.split(" | ")[0] for x in shown.splitlines()[2:]] == [f"| {x} − {y}" for x, y in pairs]


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_spread_and_a_difference_need_two_seeds(seeds: int) -> None:
    known = (0.9, 0.2, 0.4)
    names = ("ppo-fitted-1e-4-16x8", "ppo-fitted-16x8")
    rows = [SeedResult(x, i, (i / 4,) * 60, (), 0, 0.0, known) for x in names for i in range(seeds)]
    rows += [SeedResult(names[0], 2, (0.5,) * 60, (), 0, 0.0, known)]  # which the other has not
    line = next(x for x in table(rows).splitlines() if x.startswith("| ppo-fitted-16x8 "))
    assert line.split(" | ")[2] == ("0.000" if seeds == 1 else "0.125 (0.177)")
    for shown in (long_sums.differences(rows), long_sums.knowing(rows)):
        lines = shown.splitlines()[2:]
        assert len(lines) == seeds - 1
        assert all(x.startswith("| ppo-fitted-1e-4-16x8 − ppo-fitted-16x8 | 2 | +0.000 (") for x in lines)


def test_what_the_document_says_of_the_critics_is_so() -> None:
    rows = read()
    slow, fitted, frozen = "ppo-fitted-1e-4-16x8", "ppo-fitted-16x8", "ppo-frozen-0.95-16x8"
    assert seed_results.known_difference(rows, slow, fitted).low > 0
    assert seed_results.known_difference(rows, fitted, frozen).low > 0
    assert seed_results.knowledge(rows, frozen)[-1][0] < 0
    assert seed_results.difference(rows, frozen, fitted, "last-10").low > 0
    for span in seed_results.SPANS:
        known = seed_results.difference(rows, slow, fitted, span)
        assert known.low < 0 < known.high


def test_a_difference_in_knowledge_leaves_the_first_evaluation_out() -> None:
    first = [SeedResult("ppo-zero-16x8", i, (), (), 0, 0.0, (9.0, 0.2 + i / 10, 0.4, None)) for i in range(2)]
    second = [SeedResult("vine-16x8", i, (), (), 0, 0.0, (-9.0, 0.1, 0.1, 0.1)) for i in range(2)]
    known = seed_results.known_difference([*first, *second], "ppo-zero-16x8", "vine-16x8")
    assert (known.mean, known.seeds) == (pytest.approx(0.225), 2)
    with pytest.raises(ValueError, match="not all seeds"):
        seed_results.known_difference([*first, outcome("vine-16x8", 0)], "ppo-zero-16x8", "vine-16x8")


def test_what_differs_by_seed_is_counted_by_the_median() -> None:
    rows = [SeedResult("vine-16x8", i, (1.0,) * 60, (), x, 0.0) for i, x in enumerate((100, 900, 300))]
    assert seed_results.median_scored(rows, "vine-16x8") == 300
    assert " | 300 | " in table(rows)


def test_what_a_critic_knows_is_the_median_and_the_lowest_of_seeds() -> None:
    known = [(0.6, 0.1), (0.5, None), (0.7, -0.4)]
    rows = [SeedResult("ppo-zero-16x8", i, (), (), 0, 0.0, x) for i, x in enumerate(known)]
    assert seed_results.knowledge(rows, "ppo-zero-16x8") == [(0.6, 0.5), (pytest.approx(-0.15), -0.4)]
    assert seed_results.knowledge(rows, "vine-16x8") == []
