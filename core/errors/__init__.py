"""What is refused and what is reported, as data: a `Message` is an English template with values, `Refusal` raises some.

core knows no viewer and no language. Whoever shows a message chooses: `str(message)` is English, pages translate the
template (lessons.i18n.tell) and fill it in afterwards. The store keeps messages as JSON, so that what one viewer caused
is read by the next in their own language.
"""

from core.errors.message import MOST_CHARACTERS, MOST_READ, Message, MessageValue, all_of, fill, verbatim
from core.errors.refusal import ConfigError, DivergedError, Refusal, RequestError, cause_of
from core.errors.template import N_, key_of, places

__all__ = [
    "MOST_CHARACTERS",
    "MOST_READ",
    "N_",
    "ConfigError",
    "DivergedError",
    "Message",
    "MessageValue",
    "Refusal",
    "RequestError",
    "all_of",
    "cause_of",
    "fill",
    "key_of",
    "places",
    "verbatim",
]
