"""What *Verifiable rewards* says of the tasks' default runs is what was recorded, with as much as the seeds tell."""

from __future__ import annotations

import statistics

import pytest

from core.insight.seed_results import paired
from core.insight.task_outcomes import PLACEBO, read
from lessons.i18n import LANGUAGES
from lessons.kit.numbers import signed
from lessons.verifiable_rewards import outcomes

KEY = "verifiable-rewards"
ROWS = read()
TASKS = list(dict.fromkeys(x.task for x in ROWS))  # of which there is a record


def values(task: str, learner: str, name: str) -> list[float]:
    return [getattr(x, name) for x in ROWS if (x.task, x.learner) == (task, learner)]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_table_has_each_tasks_recorded_means_and_the_sentences_their_paired_differences(open_page, lang) -> None:
    at = open_page(KEY, lang=lang)
    assert not at.exception
    table = next(x.value for x in at.markdown if x.value.startswith("| ") and x.value.count("±") >= 5 * len(TASKS))
    lines = table.splitlines()
    assert len(lines) == 2 + len(TASKS)
    texts = "\n".join(str(x.value) for x in at.markdown)
    for task, line in zip(TASKS, lines[2:], strict=True):
        wanted = [values(task, "grpo", "start"), *(values(task, x, "heldout") for x in ("ppo", "grpo", PLACEBO))]
        cells = [f"{statistics.fmean(x):.3f} ± {statistics.stdev(x):.3f}" for x in wanted]
        places = [line.find(x) for x in cells]
        assert -1 not in places
        assert places == sorted(places)
        for learner in ("grpo", PLACEBO):
            known = paired(values(task, learner, "heldout"), values(task, learner, "start"))
            assert signed(known.mean, 3) in texts


def test_what_the_seeds_do_not_tell_apart_is_said_so(open_page) -> None:
    at = open_page(KEY, lang="en")
    lines = [x for block in at.markdown for x in str(block.value).splitlines() if x.startswith("- ") and "placebo" in x]
    assert len(lines) == len(TASKS)
    for task, line in zip(TASKS, lines, strict=True):
        apart = [known.low > 0 or known.high < 0 for known in (outcomes.risen(task, x) for x in ("grpo", PLACEBO))]
        assert line.count("do not tell them apart") == apart.count(False)


def test_without_a_record_the_page_says_so(open_page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "rows", lambda: ())
    at = open_page(KEY, lang="en")
    assert not at.exception
    assert "This is not recorded here yet." in [x.value for x in at.info]
