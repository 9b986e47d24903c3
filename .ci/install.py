"""Installs the app into a virtual environment and tries it from a folder elsewhere: `python .ci/install.py`.

Takes some minutes, and two gigabytes among the temporary files, which are removed again. `--keep DIR` makes the
environment there and leaves it. Fails with an exit code above 0 where anything does not work as it does from here.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 120


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", type=Path, metavar="DIR", help="make the environment here, and leave it")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory(prefix="credit-lab-install-") as scratch:
        place = (keep or Path(scratch) / "venv").resolve()
        install(place)
        elsewhere = Path(scratch) / "elsewhere"
        (elsewhere / "core").mkdir(parents=True)
        for decoy in ("core/__init__.py", "app.py"):  # what stands in the current folder is not to be taken for ours
            (elsewhere / decoy).write_text("raise SystemExit('the wrong file was imported')\n")
        home = Path(scratch) / "home"
        os.environ["CREDIT_LAB_HOME"] = str(home)
        os.environ.pop("PYTHONPATH", None)
        nothing_is_missing(place, elsewhere)
        it_trains(place, elsewhere)
        it_serves(place, elsewhere)
    print("The installed app works.")


def install(place: Path) -> None:
    """torch first and alone, as in the Makefile; then the app with the locked versions of everything."""
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    pip = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    torch = next(x for x in (ROOT / "requirements.txt").read_text("utf-8").splitlines() if x.startswith("torch=="))
    subprocess.run([*pip, torch], check=True)
    subprocess.run([*pip, ROOT, "--constraint", ROOT / "requirements.lock"], check=True)


def nothing_is_missing(place: Path, elsewhere: Path) -> None:
    """Every file that git keeps of the two packages, the front door and Streamlit's settings."""
    listed = ["git", "ls-files", "core", "lessons", "app.py", ".streamlit"]
    kept = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    site = Path(printed_by(place, elsewhere, "import core, pathlib; print(pathlib.Path(core.__file__).parents[1])"))
    there = [x for x in kept if (ROOT / x).exists()]
    missing = [x for x in there if not (site / x).is_file() or (site / x).read_bytes() != (ROOT / x).read_bytes()]
    if len(there) < 100 or missing:
        sys.exit(f"of {len(there)} files these are not installed: {', '.join(missing)}")
    print(f"{len(there)} files are installed.")


def printed_by(place: Path, elsewhere: Path, code: str) -> str:
    """What the installed package prints of itself."""
    asked = [place / "bin" / "python", "-P", "-c", code]
    return subprocess.run(asked, cwd=elsewhere, check=True, capture_output=True, text=True).stdout.strip()


def it_trains(place: Path, elsewhere: Path) -> None:
    command = [place / "bin" / "credit-lab", "train", "--preset", "chain-sum", "--steps", "2", "--out", "out"]
    subprocess.run([place / "bin" / "credit-lab", "--help"], cwd=elsewhere, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(command, cwd=elsewhere, check=True)
    status = json.loads((elsewhere / "out" / "run.json").read_text("utf-8"))["status"]
    if status != "finished":
        sys.exit(f"the run is {status}, not finished")


def it_serves(place: Path, elsewhere: Path) -> None:
    """The page, the shipped runs and the files of the board, with the settings of .streamlit."""
    recorded = printed_by(place, elsewhere, "from core.runs.recorded import SHIPPED; print(*SHIPPED)").split()
    if not recorded:
        sys.exit("no recorded run is installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    url, log = f"http://127.0.0.1:{port}", elsewhere / "app.log"
    with log.open("w") as output:
        environment = {**os.environ, "STREAMLIT_SERVER_HEADLESS": "true"}
        command = [place / "bin" / "credit-lab", "app", "--port", str(port)]
        app = subprocess.Popen(command, cwd=elsewhere, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while fetched(f"{url}/_stcore/health") != b"ok":
            if app.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the app does not serve:\n{log.read_text()}")
            time.sleep(0.2)
        if b"<title>" not in (fetched(url) or b""):
            sys.exit("the app serves no page")
        for run in recorded:
            live = json.loads(fetched(f"{url}/api/runs/{run}/live?since=0") or b"{}")
            if live.get("run", {}).get("status") != "finished":
                sys.exit(f"the recorded run {run} is not served: {live}")
        board = (fetched(f"{url}/assets/live/any/board.js") or b"").decode()
        if not re.search(r"export class Board\b", board):
            sys.exit("the board's script is not served")
        print(f"The app serves its page, {', '.join(recorded)} and the board ({len(board)} characters).")
    finally:
        app.terminate()
        app.wait(30)


def fetched(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, OSError):
        return None


if __name__ == "__main__":
    main()
