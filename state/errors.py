"""The errors about a state; light to import, so that a command can name them without the library behind the state."""

import os
from pathlib import Path


class StateError(Exception):
    """An error about the state; ``hint`` tells a person the next step."""

    def __init__(self, message: str, *, path: Path, hint: str) -> None:
        super().__init__(message)
        self.path = path
        self.hint = hint


class StateLockedError(StateError):
    """Another process works on this state; ``pid`` is its id, if readable."""

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{path} is in use by {who}",
            path=path,
            hint="Wait until it has finished, or stop it; only one process works on a state at a time.",
        )
        self.pid = pid


class StateUnusableError(StateError):
    """The file is damaged, foreign, or from a newer version; the daemon leaves the file unchanged."""


class StateMissingError(StateError):
    """No state exists yet: no daemon has run here."""


class StateOlderError(StateError):
    """An older version wrote the state, and no process has brought the state up to date yet."""


class StateReplacedError(StateError):
    """The file was removed or replaced while a process worked on the state."""


class StateStarvedError(StateError):
    """The process lacks the files or the memory to work on the state; the state itself may be good."""


def unusable(path: Path, why: str, *, hint: str | None = None) -> StateUnusableError:
    """Return the error for the unusable state at ``path``, with its owner and a hint."""
    return StateUnusableError(
        f"the state at {path} cannot be used: {why}{_owner(path)}",
        path=path,
        hint=hint
        or "It is left as it is. `invoice-sync state restore FILE` puts a backup back; or move it away to start over: "
        "everything is then read again, and nothing is doubled in Salesforce.",
    )


def starved(path: Path, why: str) -> StateStarvedError:
    """Return the error for a process without the files or memory to open the state at ``path``."""
    return StateStarvedError(
        f"this process lacks open files or memory to work on the state at {path} ({why})",
        path=path,
        hint="Raise its limits (`ulimit -n`, `ulimit -v`, LimitNOFILE= or MemoryMax= of the service).",
    )


def _owner(path: Path) -> str:
    """Return the owner of the file in words, empty for the present user: a foreign owner usually prevents writing."""
    try:
        place = path if path.exists() else path.parent
        owner = place.owner()
        mine = place.stat().st_uid == os.geteuid()
    except (OSError, KeyError):
        return ""
    return "" if mine else f" ({place} belongs to {owner})"
