"""The ways in which an unreadable record breaks every answer that would hold it."""

from __future__ import annotations

from typing import Literal, get_args

Way = Literal[
    "error", "fatal", "not found", "bad request", "bad gateway", "unavailable", "gateway time-out", "empty", "message",
    "cut", "cut on the wire", "not a number", "not utf-8", "warning", "mark", "deep", "long number", "text id", "huge",
    "reset", "drop", "silence",
]  # fmt: skip
WAYS: tuple[Way, ...] = get_args(Way)
"""All ways, in their order above."""
READABLE: Way = "mark"
"""A byte order mark: the answer stays readable."""
