"""Lists on pages are joined in the way of the page's language."""

import ast
from pathlib import Path

import lessons
from lessons.i18n import listed, use_language

#: An error of ours, a header's bytes, a program's text, and what parts clauses in pictures, which is no list.
OTHERS = {
    ("i18n/__init__.py", "', '.join"),
    ("server.py", "b', '.join"),
    ("board/strips.py", "_(', ')"),
    ("board/labels.py", "_(', ')"),
    ("kit/pipeline/words.py", "_(', ')"),
    ("kit/two_credits.py", "_(', ')"),
    ("kl/picture.py", "_(', ')"),
    ("verifiable_rewards/programs.py", "', '.join"),  # the arguments of a call, in Python
}


def test_no_page_joins_a_list_by_hand() -> None:
    folder, places = Path(lessons.__file__).parent, set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            text = ast.unparse(node.func)
            if text.endswith("', '.join"):
                places.add((path.relative_to(folder).as_posix(), text))
            elif ast.unparse(node) == "_(', ')":
                places.add((path.relative_to(folder).as_posix(), ast.unparse(node)))
    assert places == OTHERS


def test_a_list_has_the_comma_of_the_language() -> None:
    with use_language("zh-TW"):
        assert listed(["PPO", "GRPO"]) == "PPO、GRPO"
    with use_language("en"):
        assert listed(["PPO", "GRPO"]) == "PPO, GRPO"
