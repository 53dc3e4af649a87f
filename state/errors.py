"""Why a state cannot be used; light to import, so that a command can name it without the library behind the state."""

import os
from pathlib import Path


class StateError(Exception):
    """The state cannot be used as it is; ``hint`` says what a person can do about it."""

    def __init__(self, message: str, *, path: Path, hint: str) -> None:
        super().__init__(message)
        self.path = path
        self.hint = hint


class StateLockedError(StateError):
    """Another process works on this state; ``pid`` is its id when it could be read."""

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{path} is in use by {who}",
            path=path,
            hint="Wait until it has finished, or stop it; only one process works on a state at a time.",
        )
        self.pid = pid


class StateUnusableError(StateError):
    """The file is damaged, foreign, or from a newer version. It is left as it is."""


class StateMissingError(StateError):
    """There is no state yet: nothing has run here."""


class StateOlderError(StateError):
    """An older version wrote it, and no process has brought it up to date yet."""


class StateReplacedError(StateError):
    """The file was removed or replaced while a process worked on it."""


class StateStarvedError(StateError):
    """The process lacks the files or the memory to work on the state; the state itself may be well."""


def unusable(path: Path, why: str, *, hint: str | None = None) -> StateUnusableError:
    """The state at ``path`` cannot be used, with who owns it and what to do."""
    return StateUnusableError(
        f"the state at {path} cannot be used: {why}{_owner(path)}",
        path=path,
        hint=hint
        or "It is left as it is. `invoice-sync state restore FILE` puts a backup back; or move it away to start over: "
        "everything is then read again, and nothing is doubled in Salesforce.",
    )


def starved(path: Path, why: str) -> StateStarvedError:
    """Return why the process cannot open the state at ``path``: it lacks files or memory."""
    return StateStarvedError(
        f"this process lacks open files or memory to work on the state at {path} ({why})",
        path=path,
        hint="Raise its limits (`ulimit -n`, `ulimit -v`, LimitNOFILE= or MemoryMax= of the service).",
    )


def _owner(path: Path) -> str:
    """Whose file it is, where that is not us: the usual reason why it cannot be written."""
    try:
        place = path if path.exists() else path.parent
        owner = place.owner()
        mine = place.stat().st_uid == os.geteuid()
    except (OSError, KeyError):
        return ""
    return "" if mine else f" ({place} belongs to {owner})"
