"""Sentences of core.runs and core.training: the store, workers, why a run waits, stopped or failed, what is saved."""

from __future__ import annotations

from lessons.i18n import N_

SENTENCES = (
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
    N_("A step was recorded by another version of the app: {cause}."),
    # core.runs.migrations, core.runs.records, core.stored_config: what another version of the app wrote
    N_(
        "The store at {place} has tables of version {found}, but this version of the app knows them up to version "
        "{known}: start the newer one, or set CREDIT_LAB_HOME to another folder."
    ),
    N_("The run {given} was made by another version of the app ({version}): {cause}."),
    N_("The run {given} was made by another version of the app: {cause}."),
    N_("its settings are of version {found}, and this version of the app reads them up to version {known}"),
    N_("its steps are of version {found}, and this version of the app reads them up to version {known}"),
    N_("its settings are not JSON that describes a run"),
    N_("there is no setting {names} here"),
    N_("there is no learner of the kind {given} here"),
    N_("there is no task of the kind {given} here"),
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
    N_(
        "In bfloat16, rounding alone makes sampled and re-scored log-probabilities differ by up to {given}; the old "
        "policy's are therefore scored again, and every ratio begins at 1."
    ),
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
    N_("A checkpoint needs {needed} MB at {place}, but only {free} MB are free. Free some space, then resume."),
    N_("There is no run {given}; it may have been deleted."),
    N_("The run {given} has no step {step} of a learner {learner}."),
    N_("step {step} of this run keeps no tokens of a group {group}"),
    N_("no learner of this run has finished a step {step}"),
    N_("there is no learner called {given}; this run has {names}"),
    # lessons.kit.isolated
    N_("It took longer than ten minutes and was ended."),
    N_("It failed without saying why; the server's log may tell."),
    # core.runs.save
    N_("This run was recorded elsewhere: its weights are not here, so there is no model to save."),
    N_(
        "There is no checkpoint of {learner} yet; one is written every {every} steps, and when the run pauses, stops "
        "or ends."
    ),
    N_("The checkpoint {place} cannot be read ({cause})."),
    N_("The model could not be written to {place}: {cause}."),
    # core.training, core.runs.export
    N_("{settings}: cannot change while a run goes on; start a new run with it"),
    N_("device: {given} is not available on this machine; available are {names}, or auto"),
    N_("The export could not be written to {place}: {cause}."),
    N_(
        "{learner}: a KL in the loss or reward needs the start model, which this run does not keep; start a new run "
        "with it, or with measure_kl"
    ),
    N_(
        "FloatingPointError: the gradient is {given}: the loss has left the range of numbers; lower the learning rate "
        "(now {rate}) or max_grad_norm (now {norm})"
    ),
    N_("There is no export format {given}; there are {names}."),
)
