"""Every page on odd runs that settings allow, and on imported ones: one learner, one of everything, no group, no KL."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

import lessons.shared
from core.config import RunConfig
from core.errors import Message
from core.learners.registry import learner
from core.rewards.verdict import Verdict
from core.runs import lifecycle
from core.runs.foreign import ForeignLearner, add_run, foreign_config
from core.runs.store import RunStore
from core.tasks.kinds.chain_sum import ChainSum
from core.tasks.kinds.countdown import CountdownSettings
from core.tasks.kinds.program import ProgramSettings
from core.tasks.kinds.reply import ReplySettings
from core.training.beginning import begin
from core.training.trace import TOKENS, StepTrace
from lessons.catalog import LESSONS
from lessons.kit.only_credit import difference_words
from tests.helpers import step_trace
from tests.lessons.conftest import make_run
from tests.lessons.real import commit
from tests.lessons.test_pages import OF_NO_RUN

SMALL: dict[str, Any] = {
    "steps": 1,
    "prompts_per_step": 4,
    "num_generations": 4,
    "panel_size": 16,
    "eval_every": 0,
    "device": "cpu",
}
ODD: dict[str, dict[str, Any]] = {
    "ppo alone": {"learners": (learner("ppo"),)},
    "grpo alone": {"learners": (learner("grpo"),)},
    "one response a question": {
        "num_generations": 1,
        "learners": (learner("ppo"), learner("grpo", baseline="none", scale_rewards="none")),
    },
    "all right": {"learners": (learner("ppo"), learner("grpo"))},
    "all wrong": {"learners": (learner("ppo"), learner("grpo"))},
    "the critic warms up": {"learners": (learner("ppo", value_warmup_steps=1),)},
    "one of everything": {
        "prompts_per_step": 1,
        "num_generations": 2,
        "panel_size": 2,
        "learners": (
            learner("ppo", num_iterations=1),
            learner("grpo", num_iterations=1),
            learner("vine", continuations=1),
        ),
    },
    "no reference": {"measure_kl": False, "learners": (learner("ppo", kl_coef=0.0), learner("grpo"))},
    "no group's mean": {
        "learners": (
            learner("ppo"),
            learner("grpo", name="batch", baseline="none", scale_rewards="none", whiten_advantages=True),
            learner("grpo", name="rloo", baseline="leave-one-out", scale_rewards="none"),
        ),
    },
    "two of a kind, the second by its group": {
        "learners": (
            learner("grpo", name="batch", baseline="none", scale_rewards="none"),
            learner("grpo", name="own", scale_rewards="none", whiten_advantages=True, kl_coef=0.05),
        ),
    },
    "continuations alone": {"learners": (learner("vine", continuations=2),)},
    "many right answers": {
        "task": CountdownSettings(),
        "model": "countdown-3x12",
        "learners": (learner("ppo"), learner("grpo")),
    },
    "no right answer": {"task": ReplySettings(), "model": "reply", "learners": (learner("ppo"), learner("grpo"))},
    "a reward model": {
        "task": ReplySettings(),
        "model": "reply",
        "eval_every": 1,
        "learners": (learner("reward-model", judge_pairs=40),),
    },
    "two turns": {
        "task": ProgramSettings(turns=2, heldout=16),
        "model": "program-4-turns",
        "eval_every": 1,
        "learners": (learner("ppo"), learner("grpo")),
    },
    "a placebo": {"learners": (learner("ppo", reward="placebo"), learner("grpo"))},
}
#: Of an import, and what each lacks.
IMPORTED = ("imported without tokens", "imported without a critic's numbers")


@functools.cache
def traces(name: str) -> tuple[StepTrace, ...]:
    config = RunConfig(**{**SMALL, **ODD[name]})
    always = {"all right": 1.0, "all wrong": 0.0}.get(name)
    with pytest.MonkeyPatch.context() as patch:
        if always is not None:

            def verdict(_task: ChainSum, _prompt: str, response: str, *, finished: bool = True) -> Verdict:
                return Verdict(always, bool(always), response[-2:])

            patch.setattr(ChainSum, "verify", verdict)
        return tuple(next(begin(config, x.name).steps()) for x in config.learners)


def odd_run(store: RunStore, name: str) -> str:
    if name in IMPORTED:
        return imported(store, tokens=name != IMPORTED[0])
    config = RunConfig(**{**SMALL, **ODD[name]})
    run_id = store.create(config, "made for a test")
    for trace in traces(name):
        store.append(run_id, trace)
        lifecycle.mark(store, run_id, trace.learner, "finished")
    return run_id


def imported(store: RunStore, *, tokens: bool) -> str:
    """As an import leaves it: a few numbers, hardly a setting known."""
    learners = [ForeignLearner(x, {}, Message("TRL's completions hold no rows.")) for x in ("ppo", "grpo")]
    config = foreign_config("a test", {"steps": 1}, learners)
    made = RunConfig(**{**SMALL, "learners": (learner("ppo"), learner("grpo"))})

    def steps() -> Iterator[StepTrace]:
        for own in config.learners:
            whole = step_trace(made, own.name, 0)
            kept = {"learner", "step", "pass", "sample", "position", "token_id", "token", "logprob"}
            columns = [
                whole.tokens[x.name] if x.name in kept else pa.nulls(whole.tokens.num_rows, x.type) for x in TOKENS
            ]
            table = pa.table(columns, schema=TOKENS) if tokens else TOKENS.empty_table()
            yield StepTrace(own.name, 0, dict.fromkeys(whole.scalars), whole.samples, table, whole.prompt_hash)

    return add_run(store, config, "from elsewhere", steps(), learners)


#: Kinds of elements whose text is read, and those whose label is.
VALUES = ("markdown", "caption", "info", "warning", "success", "header", "subheader", "title", "latex")
LABELS = ("button", "checkbox", "expander", "metric", "multiselect", "radio", "selectbox", "slider", "tab", "toggle")
#: In English one thing is no things.
ONE = re.compile(
    r"(?<![\d.,/×·+−-])\b1 (?:[a-z-]+ ){0,2}?(?:answers|characters|continuations|endings|groups|learners|measurements|"
    r"minutes|numbers|others|passes|points|predictions|prefixes|prompts|queries|questions|responses|runs|samples|seeds|"
    r"steps|tokens|tries|updates|values)\b"
)


def shown(at: AppTest) -> list[str]:
    """All that a page says."""
    values = [str(x.value) for kind in VALUES for x in at.get(kind)]
    labels = [str(getattr(x, "label", "")) for kind in LABELS for x in at.get(kind)]
    options = [str(y) for kind in ("radio", "selectbox") for x in at.get(kind) for y in x.options]
    return [*values, *labels, *options]


def committed(at: AppTest) -> AppTest:
    """The page with every prediction made, so that what follows it stands there, too; run again in any case."""
    predictions = [x for x in at.radio if "_try" in (x.key or "")]
    for radio in predictions:
        radio.set_value(0)
    if predictions:
        at.run()
    for button in (x for x in at.button if (x.key or "").endswith("_commit") and not x.disabled):
        button.click()
    return at.run()


PAGES = [x.key for x in LESSONS if x.key not in OF_NO_RUN]
PAIRS = [(name, key) for name in (*ODD, *IMPORTED) for key in PAGES]


def checked(at: AppTest) -> list[str]:
    assert not at.exception, at.exception[0].value
    assert not at.error
    texts = shown(at)
    assert not [x for x in texts if "first 0 steps" in x or "前 0 步" in x]
    assert not [x for x in texts if re.search(r"\bnan\b|\binf\b", x)]
    return texts


@pytest.fixture(scope="module")
def odd_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], tuple[RunStore, str]]]:
    """For each odd run a store with it alone, for all pages: writing it down costs about as much as showing a page."""
    made: dict[str, tuple[RunStore, str]] = {}

    def of(name: str) -> tuple[RunStore, str]:
        if name not in made:
            store = RunStore(home=tmp_path_factory.mktemp("odd"))
            made[name] = store, odd_run(store, name)
        return made[name]

    yield of
    for store, _ in made.values():
        store.close()


@pytest.fixture
def odd(open_page, odd_stores, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of the odd run `name`, whose store pages show."""
    store, run_id = odd_stores(name)
    monkeypatch.setattr(lessons.shared, "store", lambda: store)
    return run_id


@pytest.mark.parametrize(("name", "key"), PAIRS)
def test_a_page_takes_an_odd_run(open_page, odd: str, key: str) -> None:
    at = open_page(key, run=odd, lang="en")
    texts = checked(at) + checked(committed(at))
    assert not sorted({x[:300] for x in texts if ONE.search(x)})


@pytest.mark.parametrize("lang", ["zh-TW"])
@pytest.mark.parametrize(("name", "key"), PAIRS[::3])  # every page and every run are among them
def test_a_page_takes_an_odd_run_in_chinese(open_page, odd: str, key: str, lang: str, speaking: None) -> None:
    checked(open_page(key, run=odd, lang=lang))


def infos(at: AppTest) -> str:
    return "\n".join(x.value for x in at.info)


def test_what_follows_from_a_success_rate_alone_is_not_said_of_rewards_between(open_page, store: RunStore) -> None:
    at = open_page("how-grpo-works", run=odd_run(store, "no right answer"), lang="en")
    assert "more than two values" in infos(at)
    assert "more than two values" not in infos(open_page("how-grpo-works", run=odd_run(store, "a placebo"), lang="en"))


@pytest.mark.parametrize("key", ["what-is-true", "same-answers"])
def test_responses_of_several_turns_are_shown_and_not_written_anew(open_page, store: RunStore, key: str) -> None:
    run_id = odd_run(store, "two turns")
    assert any("\n" in x for x in store.samples(run_id, "ppo", 0)["response"].to_pylist())
    at = open_page(key, run=run_id, lang="en")
    if key == "same-answers":  # what could be changed there stands beside the credit that is predicted first
        commit(at)
    assert "a page cannot write them anew" in infos(at)
    assert "is no character of this model" not in "\n".join(shown(at))


def test_a_run_whose_learners_compare_with_no_groups_mean_is_no_example_of_it(open_page, store: RunStore) -> None:
    other = make_run(store, name="another")
    at = open_page("how-grpo-works", run=odd_run(store, "no group's mean"), lang="en")
    assert "In the run “made for a test” no response is compared with its group's mean (batch, RLOO:" in infos(at)
    assert not [x.value for x in at.caption if "Real numbers" in x.value and "made for a test" in x.value]
    assert [x.value for x in at.caption if "Real numbers: GRPO at step" in x.value and "“another”" in x.value]
    assert "not shown here" not in infos(open_page("how-grpo-works", run=other, lang="en"))


def test_a_learner_that_does_is_found_beside_one_that_does_not(open_page, store: RunStore) -> None:
    name = "two of a kind, the second by its group"
    at = open_page("how-grpo-works", run=odd_run(store, name), lang="en")
    captions = "\n".join(x.value for x in at.caption)
    assert "Real numbers: own at step 1 of the run “made for a test”" in captions
    assert "takes a KL penalty off each reward before it compares" in captions
    assert "shifts and scales all of the batch's advantages" in captions
    assert not infos(at)
    plain = open_page("how-grpo-works", run=odd_run(store, "all right"), lang="en")
    captions = "\n".join(x.value for x in plain.caption)
    assert "takes a KL penalty off" not in captions
    assert "shifts and scales" not in captions


@pytest.mark.parametrize(
    ("key", "name", "sentence"),
    [
        ("how-grpo-works", "ppo alone", "No GRPO of the run “made for a test” has made a step"),
        ("how-ppo-works", "grpo alone", "No PPO of the run “made for a test” has made a step"),
        ("same-answers", "continuations alone", "No PPO of the run “made for a test” has made a step"),
    ],
)
def test_a_run_without_the_pages_learner_is_not_replaced_without_a_word(
    open_page, store: RunStore, key: str, name: str, sentence: str
) -> None:
    assert f"{sentence}, so it is not shown here." in infos(open_page(key, run=odd_run(store, name), lang="en"))
    assert sentence not in infos(open_page(key, run=odd_run(store, "all right"), lang="en"))


def test_who_compares_with_nothing_is_not_called_one_that_compares_groups() -> None:
    def pair(**other: Any) -> str:
        return difference_words(RunConfig(learners=(learner("ppo"), learner("grpo", scale_rewards="none", **other))))

    assert "no two learners to compare" in pair(baseline="none")
    assert "differ in the credit" in pair(baseline="leave-one-out")
    assert "differ in the credit" in pair()


def test_a_single_step_is_one_and_more_are_some(open_page, store: RunStore) -> None:
    at = open_page("how-grpo-works", run=odd_run(store, "grpo alone"), lang="en")
    text = next(x.value for x in at.markdown if "all right or all wrong" in x.value)
    assert "In this run's only step the success rate is" in text
    at = open_page("how-grpo-works", run=make_run(store, steps=3), lang="en")
    text = next(x.value for x in at.markdown if "all right or all wrong" in x.value)
    assert "Over this run's 3 steps the success rate is" in text


def test_the_lab_says_what_a_reward_models_run_is_and_offers_no_policy_to_save(open_page, store: RunStore) -> None:
    at = open_page("lab", run=odd_run(store, "a reward model"), lang="en")
    assert any("learns from labelled pairs" in x.value for x in at.markdown)
    assert not [x for x in at.button if "_save_" in (x.key or "")]
