"""A connection that says which state is damaged, whenever that is found: at the first page read, or at the last."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from state.errors import StateUnusableError, starved, unusable
from state.room import is_starved

T = TypeVar("T")
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT", "SQLITE_MISMATCH")
_STARVATION = ("SQLITE_CANTOPEN", "SQLITE_NOMEM", "SQLITE_IOERR")
_HALF_MADE = re.compile(r"no such (table|column)|has no column named")
_UNDECODABLE = re.compile(r"Could not decode to UTF-8 column '([^']*)'")


class FileConnection(sqlite3.Connection):
    """SQLite's, with the path of the state that it is to."""

    path: Path = Path()

    def cursor(self, factory: Any = None) -> Any:  # every statement goes through one
        """A cursor that raises StateError where the state itself is the cause."""
        made = super().cursor(factory or FileCursor)
        if isinstance(made, FileCursor):
            made.path = self.path
        return made

    def execute(self, *arguments: Any) -> Any:
        """Run one statement. SQLite's own does so without asking for a cursor here."""
        return self.cursor().execute(*arguments)

    def executemany(self, *arguments: Any) -> Any:
        """Run one statement for each of the rows."""
        return self.cursor().executemany(*arguments)


class FileCursor(sqlite3.Cursor):
    """SQLite's; damage found while rows are fetched is told like damage found at once."""

    path: Path = Path()

    def execute(self, *arguments: Any) -> Any:
        """Run one statement."""
        return _told(self.path, super().execute, *arguments)

    def executemany(self, *arguments: Any) -> Any:
        """Run one statement for each of the rows."""
        return _told(self.path, super().executemany, *arguments)

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        return _told(self.path, super().fetchone)

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        return _told(self.path, super().fetchall)

    def __next__(self) -> Any:
        return _told(self.path, super().__next__)


def connect(path: Path, how: str, *, timeout: float) -> FileConnection:
    """Open the file, never make one. ``how``: the mode of SQLite's URI."""
    uri = f"{path.absolute().as_uri()}?mode={how}"
    connection = _told(
        path, sqlite3.connect, uri, uri=True, timeout=timeout, check_same_thread=False, factory=FileConnection
    )
    assert isinstance(connection, FileConnection)
    connection.path = path
    return connection


def damaged(connection: sqlite3.Connection, what: str) -> StateUnusableError:
    """The state of this connection holds what cannot be: ``what`` names the row."""
    path = connection.path if isinstance(connection, FileConnection) else Path()
    return unusable(path, f"it is damaged ({what})")


def _told(path: Path, call: Callable[..., T], *arguments: Any, **options: Any) -> T:
    try:
        return call(*arguments, **options)
    except sqlite3.Error as error:
        told = _state_error(path, error)
        if told is None:
            raise
        raise told from None


def _state_error(path: Path, error: sqlite3.Error) -> Exception | None:
    """The same as a StateError, where the state or this process is the cause; None: it says nothing of either."""
    name, text = getattr(error, "sqlite_errorname", None) or "", str(error)
    if name.startswith(_DAMAGE):
        return unusable(path, f"it is damaged ({text})")
    if name == "SQLITE_ERROR" and _HALF_MADE.search(text):
        return unusable(path, f"it is damaged or half made ({text})")
    undecodable = _UNDECODABLE.match(text)
    if undecodable:  # not its text: that is what nobody can read
        return unusable(path, f"it is damaged (column {undecodable[1]} holds bytes that are no text)")
    if name.startswith(_STARVATION) and is_starved():
        return starved(path, text)
    return None
