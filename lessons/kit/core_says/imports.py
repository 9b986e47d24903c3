"""Sentences of core.runs.importing and what it imports: files that are no run, and what a run from elsewhere lacks."""

from __future__ import annotations

from lessons.i18n import N_

SENTENCES = (
    N_("There is no file or folder {place}."),
    N_("The files could not be read: {cause}."),
    N_("The files could not be read as a run: {kind}, {cause}."),
    N_("That is {given} MiB; at most {bound} MiB can be imported."),
    N_(
        "This is not a run: it must be this app's export (run.json, steps.parquet, samples.parquet, tokens.parquet, "
        "as a folder or ZIP), TRL's completions (completions_00001.parquet, one or many, as a file, folder or ZIP) or "
        "a log in UNIPO's format (JSON)."
    ),
    N_(
        "This Parquet file ({columns}) is not a run: it must be this app's export (run.json, steps.parquet, "
        "samples.parquet, tokens.parquet, as a folder or ZIP), TRL's completions (completions_00001.parquet, one or "
        "many, as a file, folder or ZIP) or a log in UNIPO's format (JSON)."
    ),
    N_("Of this app's four files {names} is missing."),
    N_("There are {given} files; at most {bound} can be imported."),
    N_("The ZIP holds two files called {name}."),
    N_("The ZIP is broken, encrypted or of a kind that cannot be read."),
    N_("{name} is not a Parquet file, or is cut short."),
    N_("{name} must have the columns {columns}, but has {given}."),
    N_("{name} is damaged and cannot be read."),
    N_("There are {given} UNIPO logs; at most 4 fit into one run."),
    N_("The files in {place} are not a trace: {cause}."),
    N_("The files in {place} were made by another version of the app: {cause}."),
    N_("{place} has no {name}; it is not a run's description."),
    N_("This run's settings cannot be described by the settings that there are here."),
    N_("{what} must be text, but is {given}."),
    N_("{what} has {given} characters; at most {bound} are allowed."),
    N_("{what} must be a number or null, but is {given}."),
    # core.integrations.trl.completions
    N_("TRL's completions hold no rows."),
    N_("There are too many completions; at most {steps} steps and {responses} responses are allowed."),
    N_("The column step of TRL's completions must hold whole numbers."),
    N_("The column step of TRL's completions has a gap."),
    N_("The column advantage of TRL's completions must hold numbers."),
    N_("TRL's completions keep no numbers per token; the lab shows the responses, their rewards and their advantages."),
    N_(
        "TRL's completions keep no numbers per token; the lab shows the responses, their rewards and their advantages. "
        "Which columns make up the reward could not be told from the advantages: {columns}."
    ),
    # core.integrations.unipo.logs
    N_("The JSON is nested too deeply."),
    N_("Line {line} of the UNIPO log is not JSON."),
    N_("A UNIPO log's entries must be a list of objects."),
    N_("A UNIPO log's header must name its algorithm, e.g. ppo or grpo."),
    N_("The UNIPO log has no entries."),
    N_("The UNIPO log has {given} steps; at most {bound} are allowed."),
    N_("The UNIPO log is too long; at most {responses} responses and {tokens} tokens are allowed."),
    N_("Its algorithm is called {name}; it is shown like GRPO."),
    N_("Step {step}: the prompts must be a list, but are {given}."),
    N_("{where}: every prompt must have a list of responses."),
    N_("{where}: every response must be an object, but one is {given}."),
    N_("{where}: tokens must be an object with a list of ids."),
    N_("{where}: token ids must be whole numbers from 0."),
    N_("{what} must be a list as long as ids ({count}), but is {given}."),
    # core.integrations.trl.settings, core.integrations.trl.callback: a run that TRL trains
    N_(
        "TRL's loss here (loss_type={kind}) has parts that this lab has no formula for: which tokens were clipped and "
        "the objective per token are not recorded."
    ),
    N_("Recording stopped: {cause}."),
)
