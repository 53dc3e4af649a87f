"""Writes events, one line each, to a terminal, a pipe or the journal, without secrets and customer data."""

import json
import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import FilteringBoundLogger

from daemon.redaction import Redaction
from daemon.words import visible

# The journal takes a line's priority from this prefix.
_JOURNAL_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


def _all_shown(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: visible(value) if isinstance(value, str) else value for name, value in event.items()}


def _json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    return visible(json.dumps(event, ensure_ascii=False, default=str))


def _journal(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    priority = _JOURNAL_PRIORITY[str(event.pop("level", "info"))]
    event.pop("timestamp", None)  # the journal has its own
    name = event.pop("event")
    pairs = " ".join(f"{key}={_quoted(value)}" for key, value in event.items())
    return f"<{priority}>{name} {pairs}".rstrip()


def _quoted(value: object) -> str:
    """Return the value, in quotes where a reader could take the text for several values or lines."""
    text = str(value)
    return repr(value) if not text.isprintable() or any(sign in text for sign in " ='\"") else text


def _first_things_first(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return the event with its time, level and name before the rest, because a line is read from its left."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return {**first, **{name: value for name, value in event.items() if value is not None}}


def is_journal(stream: TextIO) -> bool:
    """Return whether this stream ends in the journal.

    systemd names that stream in a variable, which the processes of a service inherit.
    """
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # not a file of the system
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def in_the_journal(text: str, level: str) -> str:
    """Return a text of several lines for the journal, with the level's priority on each line."""
    return "\n".join(f"<{_JOURNAL_PRIORITY[level]}>{line}" for line in text.splitlines())


def open_log(level: str, form: str, redaction: Redaction, stream: TextIO | None = None) -> FilteringBoundLogger:
    """Return a logger for the stream, or else for stderr.

    ``form`` is auto, console, json or journal.
    """
    stream = sys.stderr if stream is None else stream
    if form == "auto":
        form = "journal" if is_journal(stream) else "console" if stream.isatty() else "json"
    colours = stream.isatty() and "NO_COLOR" not in os.environ
    renderers: Any = {
        "console": [_all_shown, structlog.dev.ConsoleRenderer(colors=colours)],
        "json": [_json],
        "journal": [_journal],
    }[form]
    # The scheduler's library logs "missed by" and "maximum number of instances" in our normal course. Its logger is the
    # process's own, and all that share the process want it silent.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redaction,
            _first_things_first,
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
    )
    return logger
