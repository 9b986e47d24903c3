"""Sentences that come out of core, in the viewer's language.

core speaks English, one sentence a problem, and knows no viewer. Each kind of sentence is listed here as a template; a
sentence that fits one is shown in translation, any other as it is.
"""

from __future__ import annotations

import functools
import re

from lessons.parts.i18n import N_, _

#: What a worker does before its first step. The browser hears these sentences itself, so it is told them as kinds.
PREPARING = (
    N_("Downloading {name}: {done} of {total} MB."),
    N_("Looking for {name} on the hub."),
    N_("Checking {name}."),
    N_("Reading {name}."),
    N_("Converting {name}."),
    N_("Writing {name}."),
    N_("Loading the weights of {name}."),
    N_("Answering the held-out questions before training."),
    N_("Answering the held-out questions after training."),
)
TEMPLATES = (
    *PREPARING,
    # core.config
    N_("{setting}: there is no setting of this name; did you mean {names}?"),
    N_("{setting}: there is no setting of this name; see `python -m core settings` for all of them"),
    N_("{setting}: there is no setting of this name"),
    N_("{setting}: must be more than {bound}, but is {given}"),
    N_("{setting}: must be at least {bound}, but is {given}"),
    N_("{setting}: must be less than {bound}, but is {given}"),
    N_("{setting}: must be at most {bound}, but is {given}"),
    N_("{setting}: must be one of {choices}, but is {given}"),
    N_("{setting}: input should be a valid number, unable to parse string as a number (given: {given})"),
    N_("{setting}: input should be a valid number (given: {given})"),
    N_("{setting}: input should be a finite number (given: {given})"),
    N_("{setting}: input should be a valid integer, unable to parse string as an integer (given: {given})"),
    N_("{setting}: input should be a valid integer, got a number with a fractional part (given: {given})"),
    N_("{setting}: input should be a valid integer (given: {given})"),
    N_("{setting}: input should be a valid boolean, unable to interpret input (given: {given})"),
    N_("{setting}: input should be a valid string (given: {given})"),
    N_("{setting}: string should match pattern {pattern} (given: {given})"),
    N_('{setting}: must be JSON such as {{"name": 2}}, but is {given}'),
    N_("Upload a file with your questions (Settings), or choose a data set."),
    N_("{setting}: string should have at most {bound} characters (given: {given})"),
    N_("{setting}: string should have at least {bound} character (given: {given})"),
    N_(
        "{learner}: num_mini_batches={given} does not divide the {batch} responses of a step "
        "(prompts_per_step × num_generations)"
    ),
    N_("num_generations must be at least 2 for GRPO: one response has no group to compare with"),
    N_("prompts_per_step × num_generations is {batch}; at most {bound} responses per step are allowed"),
    N_("{learner}: dual_clip has no meaning with surrogate=cispo; set it to none"),
    N_(
        "{learner}: without a baseline, scale_rewards must be none, but is {given} (rewards that are all equal have no "
        "spread to be divided by); whiten_advantages is possible"
    ),
    N_("two learners are called the same ({names}); give each its own name"),
    N_("there is no preset called {given}; there are {names}"),
    # core.tasks, core.models
    N_(
        "task.heldout: {given} questions cannot be kept apart, as there are {total} sums of {terms} numbers of up to "
        "{digits} digit(s); at most {bound} are allowed"
    ),
    N_("model: there is no bundled model and no folder with a model.safetensors called {given}; bundled are {names}"),
    N_("model: the tokenizer of {given} must have three distinct tokens for pad, bos and eos"),
    # core.runs.errors
    N_("The store at {place} could not be used: {cause}."),
    N_("The folder of the store at {place} cannot be used: {cause}."),
    N_("The disk is full: nothing more can be written to {place}. Free some space, then resume the run."),
    N_("The store at {place} is locked by another program. Close it, or try again in a moment."),
    N_(
        "The store at {place} is damaged and cannot be read. It was left as it is: move the file away (a new one is "
        "made), or put a backup in its place."
    ),
    N_("The store at {place} cannot be opened. Check that its folder exists and may be read and written."),
    N_("The store at {place} may be read but not written. Check the rights of the file and its folder."),
    N_("The disk under {place} failed or is full: it could not be read or written."),
    N_("The store's address cannot be used: {cause}."),
    N_("A run's name must have 1 to 200 characters, but this has {given}."),
    # core.runs.lifecycle, .worker, .launcher: why a run waits, stopped or failed
    N_("Its worker process is gone (was the machine or the app restarted?). Resume continues it."),
    N_("The app was closed. Resume continues it."),
    N_("The app was closed while it waited for its turn. Resume starts it."),
    N_("The worker process ended with exit code {code} before it could say why."),
    N_(
        "The worker process was ended by signal {signal}, perhaps because memory ran out. Resume continues from its "
        "last checkpoint."
    ),
    N_("The worker process was ended by signal {signal}. Resume continues from its last checkpoint."),
    N_("A checkpoint could not be written to {place}: {cause}. Free some space, then resume."),
    N_("A file could not be written or read: {cause}."),
    N_("Training failed: {cause} (details in {place})."),
    N_("Sampled and re-scored log-probabilities differ by up to {given}."),
    N_("No worker process could be started: {cause}."),
    N_("The process that starts workers ended (details in {place})."),
    N_("It waits for its turn: {limit} run at a time train here."),
    N_("It waits for its turn: {limit} runs at a time train here."),
    N_("The run {given} was started before; resume it instead."),
    N_("The run {given} is being started or stopped just now; wait a moment."),
    N_("This run was recorded elsewhere; start a new one to train."),
    N_("The run has made {done} steps already; ask for more than that."),
    N_("The run has made all its {done} steps; ask for more steps to continue it."),
    N_("CREDIT_LAB_MAX_RUNS must be a whole number above 0, but is {given}."),
    N_("Training is switched off here (CREDIT_LAB_TRAINING=off); recorded runs can be looked at."),
    N_("Training needs Linux or macOS (on Windows: WSL), as workers are forked; recorded runs can be looked at."),
    # core.insight
    N_(
        "the models of step {step} are not kept, and training up to it again would take {again} responses; at most "
        "{bound} are allowed, so choose an earlier step"
    ),
    N_("a response needs at least one character"),
    N_("a response may have at most {bound} characters, but this has {given}"),
    N_("{given} is no character of this model; it knows {names}"),
    N_("the policy still is the reference, so the KL has no gradient"),
    N_("this learner has no values to start from"),
    # core.training, core.runs.export
    N_("{settings}: cannot change while a run goes on; start a new run with it"),
    N_("device: {given} is not available on this machine; available are {names}, or auto"),
    N_("The export could not be written to {place}: {cause}."),
)


def translate(text: str) -> str:
    """`text`, a sentence a line, in the viewer's language where its kind is known."""
    return "\n".join(_line(line) for line in text.splitlines())


def matches(sentence: str) -> str | None:
    """The template that the sentence was made from, if it is a known one."""
    found = _match(sentence)
    return found[0] if found else None


def _line(sentence: str) -> str:
    found = _match(sentence)
    return sentence if found is None else _(found[0]).format(**found[1])


def _match(sentence: str) -> tuple[str, dict[str, str]] | None:
    for template in TEMPLATES:
        match = _pattern(template).fullmatch(sentence.strip())
        if match:
            return template, match.groupdict()
    return None


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(f"(?P<{x}>.+?)" if i % 2 else re.escape(_unbraced(x)) for i, x in enumerate(pieces)), re.DOTALL
    )


def _unbraced(text: str) -> str:
    """As str.format leaves it."""
    return text.replace("{{", "{").replace("}}", "}")
