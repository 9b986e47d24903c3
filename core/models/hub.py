"""Models of the Hugging Face hub, where one is reachable: safetensors and settings only, never code or pickles."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from core.errors import ConfigError, Message, cause_of
from core.models.fetching import Progress, need_space, watched

#: How long the hub may take to answer at all.
TIMEOUT_S = 5.0

#: Of the files beside the weights only what a model or a tokenizer reads; nothing of subfolders (other formats).
_WANTED = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "*.model", "merges.txt", "vocab.txt"]
_UNWANTED = ["*/*", "consolidated*"]


def is_id(name: str) -> bool:
    """Whether a name has the form `organisation/model`."""
    return bool(re.fullmatch(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", name)) and ".." not in name


def cached_config(name: str) -> dict[str, Any] | None:
    """The config.json of a model that was downloaded before; None where there is none."""
    if not is_id(name):
        return None
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(name, "config.json")
    try:
        config = json.loads(Path(path).read_text(encoding="utf-8")) if isinstance(path, str) else None
    except (OSError, ValueError):
        return None
    return config if isinstance(config, dict) else None


def folder(name: str, progress: Progress) -> Path:
    """The folder of a hub's model, downloaded where it is not in Hugging Face's own cache yet.

    What is in the cache is used as it is, so that it works offline and stays the same model. Raises ConfigError.
    """
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
    from huggingface_hub.file_download import repo_folder_name

    wanted: dict[str, Any] = {"allow_patterns": _WANTED, "ignore_patterns": _UNWANTED}
    try:
        return Path(snapshot_download(name, local_files_only=True, **wanted))
    except Exception:  # not there, or not all of it
        progress(Message("Looking for {name} on the hub.", name=name), None)
    try:
        info = HfApi().model_info(name, timeout=TIMEOUT_S, files_metadata=True)
    except (RepositoryNotFoundError, GatedRepoError) as error:
        raise ConfigError(
            "model: the hub has no public model called {given} (a gated one needs `hf auth login` first)",
            given=repr(name),
        ) from error
    except Exception as error:
        raise ConfigError(
            "model: {given} is no bundled model, no saved one and no folder here, and the hub cannot be reached to "
            "look for it there ({cause})",
            given=repr(name),
            cause=type(error).__name__,
        ) from error
    files = [x for x in info.siblings or [] if _is_wanted(x.rfilename)]
    if not any(x.rfilename.endswith(".safetensors") for x in files):
        raise ConfigError(
            "model: {given} has no weights as safetensors on the hub, and no other kind is read here", given=repr(name)
        )
    total = sum(x.size or 0 for x in files)
    cache = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model")
    need_space(cache, total, name)

    def download() -> Path:
        try:
            return Path(snapshot_download(name, etag_timeout=TIMEOUT_S, **wanted))
        except Exception as error:
            raise ConfigError(
                "model: {given} could not be downloaded ({cause}); start again to go on",
                given=repr(name),
                cause=cause_of(error),
            ) from error

    return watched(download, cache, max(1, total), name, progress)


def _is_wanted(name: str) -> bool:
    from fnmatch import fnmatch

    return any(fnmatch(name, x) for x in _WANTED) and not any(fnmatch(name, x) for x in _UNWANTED)
