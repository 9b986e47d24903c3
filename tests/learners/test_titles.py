"""Where a person reads, a learner has its title, not the key that its run calls it by."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from core.learners.kind import LearnerKind
from core.learners.registry import LEARNER_KINDS, learner
from core.learners.titles import known_titles, title_of
from core.learners.variants import VARIANTS, Variant
from lessons.board.declared import learner_titles
from lessons.i18n import LANGUAGES, use_language
from lessons.kit.display import learner_title

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "lessons" / "board" / "frontend"


@pytest.mark.parametrize("kind", LEARNER_KINDS.values(), ids=lambda x: x.name)
def test_a_kinds_usual_learner_is_called_by_its_title(kind: LearnerKind) -> None:
    settings = learner(kind.name)
    assert title_of(settings.name) == kind.title
    assert title_of(f"{settings.name}-2") == f"{kind.title} 2"


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=lambda x: x.name)
def test_a_variants_learner_is_called_by_its_title(variant: Variant) -> None:
    assert title_of(variant.name) == variant.title


def test_what_a_name_adds_is_kept_and_a_name_of_ones_own_stays() -> None:
    assert title_of("reward-model") == "Reward model"
    assert title_of("ppo-fitted") == "PPO fitted"
    assert title_of("reinforce-pp-baseline-b") == "REINFORCE++-baseline b", "the longest that it begins with"
    assert [title_of(x) for x in ("mine", "ppofitted", "grpo2")] == ["mine", "ppofitted", "grpo2"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_browser_calls_them_the_same(lang: str) -> None:
    names = [y for x in known_titles() for y in (x, f"{x}-2-b", f"{x}s")]
    with use_language(lang):
        sent = {"titles": learner_titles(), "names": names}
        wanted = [learner_title(x) for x in names]
    script = Path(__file__).with_name("titles.mjs")
    made = subprocess.run(
        ["node", str(script), str(FRONTEND)], input=json.dumps(sent), capture_output=True, text=True, check=True
    )
    assert json.loads(made.stdout) == wanted


#: Names of file formats, and the first letter of a task's title: not of learners.
OTHER_CAPITALS = {"lessons/a_trained_reward_model/files.py", "lessons/the_loop/live.py"}


def test_no_page_writes_a_learners_key_in_capitals() -> None:
    capitals = re.compile(r"\.(?:upper|toUpperCase)\(\)")
    files = [x for ext in ("py", "js", "mjs") for x in (ROOT / "lessons").rglob(f"*.{ext}") if "vendor" not in x.parts]
    assert len(files) > 200
    written = {str(x.relative_to(ROOT)) for x in files if capitals.search(x.read_text(encoding="utf-8"))}
    assert written == OTHER_CAPITALS
