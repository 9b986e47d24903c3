"""Every button that starts a run, pressed twice: one run begins, and the second press leads to it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lessons.a_trained_reward_model import training
from lessons.catalog import lesson
from tests.lessons.test_a_reward_models_run import trained as trained  # a fixture

ROOT = Path(__file__).parents[2]
#: Key of a button → the lesson it is on, and what its link has to say for it to be on.
BUTTONS = {
    "lab_start": ("lab", {}),
    "loop_sample": ("the-loop", {}),
    "real_start": ("a-real-instruct-model", {}),
    "proxy_train": ("when-the-proxy-breaks", {}),
    "rm_train": ("a-trained-reward-model", {"judge": "warm"}),
    "rm_policy": ("a-trained-reward-model", {"who": "ppo"}),
    "vr_placebo_start": ("verifiable-rewards", {}),
    "truth_race": ("what-is-true", {}),
}
#: Where a button's key is handed on: file → the function that has it from its caller.
HANDED_ON = {"lessons/kit/controls.py", "lessons/kit/preset_start.py"}


@pytest.mark.parametrize("key", BUTTONS)
def test_a_second_press_begins_no_second_run(open_page, store, launcher, request, key: str) -> None:
    at_lesson, link = BUTTONS[key]
    if key == "rm_policy":
        link = {**link, training.RUN: request.getfixturevalue("trained")}
    before = {x.id for x in store.runs()}
    at = open_page(at_lesson, lang="en", **link)
    for _press in range(2):
        if key not in [x.key for x in at.button]:  # the first press has led to the lab
            at.switch_page(f"{Path(lesson(at_lesson).path)}").run()
        at.button(key=key).proto.disabled = False  # a double press was made before it stood there so
        at.button(key=key).click().run()
        assert not at.exception
    assert len({x.id for x in store.runs()} - before) == 1
    assert len(launcher.started) == 1


def test_an_upload_that_is_in_is_not_imported_again(open_page, store) -> None:
    content = json.dumps({"steps": []}).encode()  # whatever it is: nothing is read here
    at = open_page("runs", lang="en")
    at.file_uploader(key="runs_import_files").set_value([("a.json", content, "")]).run()
    asked: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lessons.runs.imports._import", lambda files, name: asked.append(len(files)) or "some-run")
        for _press in range(2):
            at.button(key="runs_take").click().run()
        assert asked == [1]
        at.text_input(key="runs_import_name").set_value("again, under another name")
        at.button(key="runs_take").click().run()
    assert asked == [1, 1]


def test_only_one_function_of_the_pages_starts_runs_and_every_button_that_calls_it_is_pressed_above() -> None:
    made, keys = set[str](), set[str]()
    for file in sorted((ROOT / "lessons").rglob("*.py")):
        place, tree = file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))
        constants = _constants(tree)
        for call in _calls(tree):
            if _starts_by_itself(call):
                made.add(place)
            for value in _button(call, _taken(tree)):
                if isinstance(value, ast.Constant):
                    keys.add(str(value.value))
                elif isinstance(value, ast.Name) and value.id in constants:
                    keys.add(constants[value.id])
                else:
                    assert place in HANDED_ON, f"{place}: a start whose button is not known"
    assert made == {"lessons/kit/starting.py"}
    assert keys == BUTTONS.keys()


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (x for x in ast.walk(tree) if isinstance(x, ast.Call))


def _constants(tree: ast.Module) -> dict[str, str]:
    """What a module's names of texts stand for."""
    values = [(x.targets, x.value.value) for x in tree.body if isinstance(x, ast.Assign) and _is_text(x.value)]
    pairs = [
        (y.elts, x.value.elts)
        for x in tree.body
        if isinstance(x, ast.Assign) and isinstance(x.value, ast.Tuple)
        for y in x.targets
        if isinstance(y, ast.Tuple)
    ]
    values += [
        ([name], value.value)
        for names, texts in pairs
        for name, value in zip(names, texts, strict=True)
        if _is_text(value)
    ]
    return {name.id: text for names, text in values for name in names if isinstance(name, ast.Name)}


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _taken(tree: ast.Module) -> set[str]:
    """Which of the functions that start a run a module has: imported, or its own."""
    own = {x.name for x in tree.body if isinstance(x, ast.FunctionDef)}
    modules = {"lessons.kit.controls", "lessons.kit.starting", "lessons.kit.preset_start"}
    imports = [x for x in tree.body if isinstance(x, ast.ImportFrom) and x.module in modules]
    return (own | {y.name for x in imports for y in x.names}) & {"start", "start_run", "start_preset"}


def _button(call: ast.Call, taken: set[str]) -> list[ast.expr]:
    """The key of the button that a call starts a run for; nothing where it starts none."""
    if not isinstance(call.func, ast.Name) or call.func.id not in taken:
        return []
    if call.func.id == "start_preset":
        return [x.value for x in call.keywords if x.arg == "key"]
    return call.args[:1]


def _starts_by_itself(call: ast.Call) -> bool:
    """Whether it writes a run down, or asks a launcher to start one: launcher().start(…), store.create(…)."""
    if not isinstance(call.func, ast.Attribute):
        return False
    made = call.func.value
    thread = isinstance(made, ast.Call) and ast.unparse(made.func) == "threading.Thread"
    return call.func.attr == "create" or (call.func.attr == "start" and isinstance(made, ast.Call) and not thread)
