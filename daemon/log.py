"""How events are written: one line each, to a terminal, a pipe or the journal; secrets and customer data removed."""

import json
import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import FilteringBoundLogger

# The journal takes a line's priority from this prefix.
_JOURNAL_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}

# What an event may say. A field that is not in this list is not written: no name, address or comment text can get
# into a log by a new call that nobody thought about.
_FIELDS = frozenset(
    # A list of forty quoted words is no easier to read.
    """
    event level timestamp pass_id trigger invoice entity_id comment_id salesforce_id note_id reason code side hint
    outcome seen owed unchanged held skipped refused due synced failed pending notes magento_calls salesforce_calls
    seconds error since path problems pid version request signal api_used api_limit invoices calls next_try_at
    synchronization setting
    """.split()  # noqa: SIM905
)
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[A-Za-z]{2,}")


def redact(text: str, secrets: Mapping[str, str]) -> str:
    """The text without any secret and without e-mail addresses."""
    for value in sorted(secrets.values(), key=len, reverse=True):  # the longest first: one may begin another
        if len(value) >= 4:
            text = text.replace(value, "[secret]")
    return _EMAIL.sub("[e-mail]", text)


class Redaction:
    """A processor that keeps to the allowed fields and removes secrets and e-mail addresses from them.

    ``secrets`` are those of the settings in force; ``tokens`` those that a side gave for them, by its name.
    """

    def __init__(self) -> None:
        self.secrets: Mapping[str, str] = {}
        self.tokens: dict[str, str] = {}

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Clean one event."""
        for name in [name for name in event if name not in _FIELDS]:
            del event[name]
        for name, value in event.items():
            event[name] = self._clean(value)
        return event

    def clean(self, text: str) -> str:
        """The text without any secret or token that is in use, and without e-mail addresses."""
        return redact(text, {**self.secrets, **self.tokens})

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, list | tuple):
            return [self._clean(part) for part in value]
        return value


redaction = Redaction()

# A terminal or a viewer acts on these instead of showing them: control characters, separators of lines, marks that turn
# the direction of writing, and halves of characters, which no stream takes.
_ACTIVE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def _shown(text: str) -> str:
    """The text with what a terminal would act on spelled out, as JSON spells it."""
    return _ACTIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _all_shown(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: _shown(value) if isinstance(value, str) else value for name, value in event.items()}


def _json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    return _shown(json.dumps(event, ensure_ascii=False, default=str))


def _journal(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    priority = _JOURNAL_PRIORITY[str(event.pop("level", "info"))]
    event.pop("timestamp", None)  # the journal has its own
    name = event.pop("event")
    pairs = " ".join(f"{key}={_quoted(value)}" for key, value in event.items())
    return f"<{priority}>{name} {pairs}".rstrip()


def _quoted(value: object) -> str:
    """In quotes where it could be read as more than one value, or a line break in it would begin a line of its own."""
    text = str(value)
    return repr(value) if not text.isprintable() or any(sign in text for sign in " ='\"") else text


def _first_things_first(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """When, how grave and what, before the rest: a line is read from its left."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return {**first, **{name: value for name, value in event.items() if value is not None}}


def is_journal(stream: TextIO) -> bool:
    """Whether this stream ends in the journal: systemd says which one does, and what it starts inherits the word."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # none of the system's files
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def in_the_journal(text: str, level: str) -> str:
    """A text of several lines as the journal takes it: each one as grave as the level says."""
    return "\n".join(f"<{_JOURNAL_PRIORITY[level]}>{line}" for line in text.splitlines())


def configure(level: str, form: str, stream: TextIO | None = None) -> FilteringBoundLogger:
    """Set up logging for the process: ``form`` is auto, console, json or journal. Returns the logger."""
    stream = sys.stderr if stream is None else stream
    if form == "auto":
        form = "journal" if is_journal(stream) else "console" if stream.isatty() else "json"
    colours = stream.isatty() and "NO_COLOR" not in os.environ
    renderers: Any = {
        "console": [_all_shown, structlog.dev.ConsoleRenderer(colors=colours)],
        "json": [_json],
        "journal": [_journal],
    }[form]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redaction,
            _first_things_first,
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    # The scheduler's library says "missed by" and "maximum number of instances" of what is our normal course.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger
