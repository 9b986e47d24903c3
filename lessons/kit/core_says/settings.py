"""Sentences of core.config and core.tasks: a setting, a data set, a file of questions that cannot be."""

from __future__ import annotations

from lessons.i18n import N_

SENTENCES = (
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
    # core.tasks
    N_(
        "task.heldout: {given} questions cannot be kept apart, as there are {total} sums of {terms} numbers of up to "
        "{digits} digit(s); at most {bound} are allowed"
    ),
    N_("task: this run was imported from {source}: it can be looked at, but not trained; choose another task"),
    N_(
        "task.dataset: {name} cannot be used: its questions are others in every process, so that no run could be "
        "repeated"
    ),
    N_("task.dataset: composite cannot be used, as it is made of other data sets; name one of them"),
    N_("task.dataset: reasoning-gym has no data set called {name}; did you mean {names}?"),
    N_("task.dataset: reasoning-gym has no data set called {name}; for example chain_sum, gsm_symbolic or countdown"),
    N_("task.options: {name} does not accept these options ({cause})"),
    N_("task.options: {name} cannot be set, as questions follow from the run's own seed"),
    N_("task.options: {name} cannot be set, as it names a file"),
    N_("task.options: {data} has no option called {name}; did you mean {names}?"),
    N_("task.options: {data} has no option called {name}; it has {names}"),
    N_("task.options: {name} must be between {low} and {high}, but is {given}"),
    N_("task.options: {name} must be a number, but is {given}"),
    N_("task.options: {name} must be a whole number, but is {given}"),
    N_("task.options: {data} cannot make questions with these options ({cause})"),
    N_(
        "task.options: {data} has too few questions with these options: {apart} to keep apart and {trained} to train "
        "on were found, and {bound} of each are needed"
    ),
    N_(
        "task.options: {data} needs more than {seconds} seconds for its first questions with these options; choose "
        "easier ones"
    ),
    N_("task.options: {data} asks questions of more than {bound} characters with these options; choose smaller ones"),
    N_("{setting}: must be JSON: text, numbers, true, false, null, and lists and objects of them"),
    N_("{setting}: may have at most {bound} characters as JSON, but have {given}"),
    N_("{setting}: may have at most {bound} bytes in all, but have {given}"),
    N_("{setting}: question {number} is the same as question {first}"),
    N_("{setting}: field required (given: {given})"),
    N_("{setting}: tuple should have at least {bound} items after validation, not {count} (given: {given})"),
    # core.tasks.kinds.questions: a file's lines
    N_("the file has {given} questions; {low} to {high} are possible"),
    N_("the file has {given} bytes; at most {bound} are possible"),
    N_("line {line}: {cause}"),
    N_("the file is not UTF-8 text; save it as UTF-8"),
    N_('not JSON; write {{"question": "…", "answer": "…"}} on a line of its own'),
    N_('not a JSON object; write {{"question": "…", "answer": "…"}}'),
    N_("there is no place for {name}; only question and answer are possible"),
    N_("{name} is missing"),
    N_("{name} must be text or a number"),
    N_("{name} is empty"),
    N_("{name} has characters that are no text"),
    N_("{name} has {given} characters; at most {bound} are possible"),
    N_("{name} is not JSON"),
    N_("the same question as in line {line}"),
    N_("{count} more lines cannot be read"),
    N_("{found} questions are kept apart, not {wanted}: {left} of {total} are left to train on."),
)
