"""What is wrong with a setting, as one sentence that says what is allowed."""

from __future__ import annotations

from typing import Any


def names_of(values: dict[str, Any]) -> list[str]:
    """What the learners of unvalidated values are called, so that a sentence can name one instead of counting it."""
    learners = values.get("learners", ())
    named = [x.get("name", x.get("algorithm")) if isinstance(x, dict) else None for x in learners]
    return [str(x) for x in named]


def closest(values: dict[str, Any], key: str) -> str:
    """Which settings are called nearly so."""
    import difflib

    known = [x for x in values if x not in ("learners", "task")]
    known += [f"task.{x}" for x in values["task"] if x != "kind"]
    for learner in values["learners"]:
        known += [f"{learner['name']}.{x}" for x in learner if x not in ("name", "algorithm")]
    near = difflib.get_close_matches(key, [*known, *{x.rpartition(".")[2] for x in known}], n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else "see `python -m core settings` for all of them"


def sentence(problem: Any, learners: list[str]) -> str:
    """Pydantic's problem as a sentence."""
    place = setting_name(problem["loc"], learners)
    kind, context, given = problem["type"], problem.get("ctx", {}), problem["input"]
    bounds = {
        "greater_than": ("gt", "more than"),
        "greater_than_equal": ("ge", "at least"),
        "less_than": ("lt", "less than"),
        "less_than_equal": ("le", "at most"),
    }
    if kind == "extra_forbidden":
        return f"{place}: there is no setting of this name"
    if kind in bounds:
        name, words = bounds[kind]
        return f"{place}: must be {words} {context[name]}, but is {given}"
    if kind == "literal_error":
        return f"{place}: must be one of {context['expected']}, but is {given!r}"
    if kind == "value_error":
        return f"{place}: {context['error']}" if place else str(context["error"])
    return f"{place}: {problem['msg'][0].lower()}{problem['msg'][1:]} (given: {given!r})"


def setting_name(location: tuple[int | str, ...], learners: list[str]) -> str:
    """Where pydantic found a problem, as a person writes it: `ppo.lam`, `task.terms`, `steps`."""
    if len(location) >= 2 and location[0] == "learners" and isinstance(location[1], int):
        # learners · index · discriminator · field: said as `ppo.lam`, as it is written on the command line
        return ".".join([learners[location[1]], *(str(x) for x in location[3:])])
    if len(location) >= 2 and location[0] == "task":  # task · kind · field
        return ".".join(["task", *(str(x) for x in location[2:])])
    return ".".join(str(x) for x in location)
