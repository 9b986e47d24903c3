"""The recorded study: how right each method's credit is, over a whole training and several seeds."""

from __future__ import annotations


def study_section() -> None:
    pass
