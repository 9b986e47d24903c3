"""The model card of a saved policy: README.md, with Hugging Face's head of YAML. Every text from outside is escaped."""

from __future__ import annotations

import json
import re
from statistics import NormalDist
from typing import Any

from core.rewards import REWARDS, VERIFIER

#: Everything that Markdown or HTML could read as more than itself.
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$&:@])")


def card(facts: dict[str, Any]) -> str:
    """The card as Markdown, from the facts in credit-lab.json beside it."""
    base, settings = facts["base"], facts["settings"]
    head = [f"license: {_yaml(base['license'] or 'unknown')}", f"base_model: {_yaml(base['name'])}"]
    head += ["library_name: transformers", "pipeline_tag: text-generation", "tags:", "- reinforcement-learning"]
    head += [f"- {facts['algorithm']}", "- credit-lab"]
    run = f" in the run “{text(facts['run'])}”" if facts["run"] else ""
    own = settings["task"].get("questions")
    parts = [
        "---\n" + "\n".join(head) + "\n---",
        f"# {text(base['name'])}, trained by {text(facts['learner'])}",
        f"{facts['parameters']:,} parameters, made from {text(base['name'])} by online reinforcement learning with "
        f"{_rewards(facts)} ({facts['algorithm']}, {facts['steps']} steps){run} of Credit Lab.",
        f"- Start weights, SHA-256: `{base['hash']}`\n- These weights, SHA-256: `{facts['hash']}` (float32)\n"
        f"- Seed: {settings['seed']}\n- Licence of the start model: {_license(base['license'])}",
        "## Data\n\n"
        + (f"{own} questions of the trainer's own, which are no part of this folder. " if own else "")
        + "No text was trained on: the model answered questions, and a verifier said which answers were right. The "
        "task and its settings:\n\n" + _code(settings["task"]),
        "## Measured results\n\n" + _results(facts),
        "## All settings\n\n" + _code({k: v for k, v in settings.items() if k != "task"}),
        "## Made with\n\n" + _code(facts["versions"]),
        "Only the answers to such questions were measured. How the training changed anything else is not known.",
    ]
    return "\n\n".join(parts) + "\n"


def _rewards(facts: dict[str, Any]) -> str:
    """What it learnt from; a folder that was saved before rewards had names learnt from the verifier's."""
    name = facts.get("reward", VERIFIER)
    return "verifiable rewards" if name == VERIFIER else f"rewards from {text(REWARDS[name].title)}"


def text(value: str) -> str:
    """One line of plain text that no Markdown reader takes for anything else."""
    from core.text import visible

    return _SPECIAL.sub(r"\\\1", visible(" ".join(str(value).split())))


def _yaml(value: str) -> str:
    return json.dumps(str(value))  # every JSON string is a YAML string


def _code(value: Any) -> str:
    """JSON in a fence that nothing inside can close."""
    written = json.dumps(value, indent=1)  # ASCII: nothing unseen, no line but its own
    fence = "`" * max(3, 1 + max((len(x) for x in re.findall("`+", written)), default=0))
    return f"{fence}json\n{written}\n{fence}"


def _license(name: str | None) -> str:
    return text(name) if name else "not stated; see the start model"


def _results(facts: dict[str, Any]) -> str:
    measured = [x for x in facts["results"] if "questions" in x]
    if measured:
        rows = ["| | steps | greedy | sampled |", "|---|---|---|---|"]
        for x in measured:
            low, high = _wilson(x["greedy"], x["questions"])
            greedy = f"{x['greedy']:.3f} ({low:.3f} to {high:.3f})"
            rows.append(f"| {x['when']} training | {x['step']} | {greedy} | {x['sampled']:.3f} |")
        first = measured[0]
        note = (
            f"Share of right answers to {first['questions']} held-out questions, none of which was trained on: the "
            f"likeliest answer (with its 95 % Wilson interval), and {first['samples']} sampled ones a question."
        )
        return "\n".join(rows) + "\n\n" + note
    finals = [f"after {x['step']} steps {shares}" for x in facts["results"] if (shares := _shares(x))]
    seen = [f"before step {step}: {rate:.3f}" for step, rate in _ends(facts["heldout"])]
    if not finals and not seen:
        return "None: the run was saved before its held-out questions were asked."
    return (
        "Share of right answers to held-out questions, none of which was trained on: " + "; ".join(finals + seen) + "."
    )


def _shares(result: dict[str, Any]) -> str:
    """What a final evaluation measured: sampled answers, the likeliest ones, or one of the two."""
    return ", ".join(f"{result[x]:.3f} {x}" for x in ("sampled", "greedy") if result[x] is not None)


def _ends(heldout: list[tuple[int, float]]) -> list[tuple[int, float]]:
    return heldout if len(heldout) < 2 else [heldout[0], heldout[-1]]


def _wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of core.algorithms.intervals.wilson, without tensors."""
    z = NormalDist().inv_cdf(0.975)
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)
