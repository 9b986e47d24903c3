"""What a run was made with."""

from __future__ import annotations

import platform
from importlib.metadata import version

#: Raised by hand when a change makes the same config give other numbers.
CREDIT_LAB = "0.1.0"


def versions() -> dict[str, str]:
    """Versions of all that numbers depend on."""
    return {
        "credit-lab": CREDIT_LAB,
        "python": platform.python_version(),
        "torch": version("torch"),
        "transformers": version("transformers"),
        "numpy": version("numpy"),
        "platform": f"{platform.system()} {platform.machine()}",
    }
