"""The room that a picture is given before the browser has drawn it, so that the text below it stands still.

A picture comes later than the text around it: its modules are fetched first. Its container is at least as high as such
a picture is at the width of the window, until the module has drawn it (frontend/lesson.js) or present mode fits it.
"""

from __future__ import annotations

#: Module (and the beginning of its key, where there it has another) → pixels on a phone, on a desk, on a wide screen:
#: the lowest of the lessons' pictures at 400, 1280 and 1920, held by tests/e2e/test_every_page.py. A module that is not
#: here has no usual height.
ROOMS: dict[str, tuple[int, int, int]] = {
    "answers": (511, 264, 241),
    "clip": (1129, 622, 571),
    "credits": (526, 370, 212),
    "credits_home": (526, 212, 212),  # on that page its response stands in one line
    "fall": (528, 373, 373),
    "kl": (753, 441, 441),
    "loop": (1105, 540, 540),
    "margins": (706, 459, 406),
    "pipeline": (1433, 793, 591),
    "race": (462, 385, 385),
    "stepper": (477, 446, 446),
    "verdicts": (746, 392, 392),
}
#: The lab's own, which fills the first screen.
LAB = 900
#: The lab's buttons on a phone: their second row comes later than the first.
LAB_CONTROLS = 118
#: The lowest term of the glossary; a line for its name or for the page that shows it, and those for what it is.
TERM, TERM_LINE, TERM_TEXT = 105, 30, 60

_WIDTHS = ("(max-width: 640px)", "(min-width: 641px) and (max-width: 1599px)", "(min-width: 1600px)")


def room_key(module: str, key: str) -> str:
    """The key of the container of a picture with this component key."""
    return f"room_{module}_{key}"


def without_room(key: str) -> str:
    """The style element for a container with this key in which no picture comes."""
    return f"<style>html .st-key-{key} {{ min-height: 0; }}</style>"


def rules() -> str:
    """The style rules that reserve it."""
    lines = [
        f".st-key-lab {{ min-height: max({LAB}px, 100vh); }}",
        f"@media {_WIDTHS[0]} {{",
        f"  .st-key-lab_controls {{ min-height: {LAB_CONTROLS}px; align-content: flex-start; }}",
        "}",
        f"[class*=st-key-term_] {{ min-height: {TERM}px; }}",
        # What Streamlit shows in the place of an element that it is still fetching the script of.
        f"[class*=st-key-term_] [data-testid=stSkeleton] {{ height: {TERM_LINE}px; }}",
        f"[class*=st-key-term_] > :nth-child(2) [data-testid=stSkeleton] {{ height: {TERM_TEXT}px; }}",
    ]
    for i, width in enumerate(_WIDTHS):
        own = " ".join(f"[class*=st-key-room_{name}_] {{ min-height: {high[i]}px; }}" for name, high in ROOMS.items())
        lines.append(f"@media {width} {{ {own} }}")
    return "\n".join(lines)
