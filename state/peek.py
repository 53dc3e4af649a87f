"""Looks at a state without a trace: not even SQLite's own files for reading appear beside the state."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlite_utils.db import Database

from state.connection import Connection
from state.errors import unusable
from state.file.checks import is_there, require_in_use, require_ours, require_whole
from state.file.lock import holder
from state.file.sqlite import connect
from state.ledger import CURRENCIES
from state.migrations import migrations
from state.sides import Side
from state.sign_ins import FACT


@dataclass(frozen=True, slots=True)
class Peek:
    """The facts of a state about itself. ``exists``: a state is there; ``older``: the next run upgrades the state."""

    exists: bool
    locked: bool = False
    pid: int | None = None
    older: bool = False
    organization_id: str | None = None
    magento_name: str | None = None
    magento: Side = field(default_factory=lambda: Side("magento"))
    currencies: frozenset[str] = frozenset()
    refused_sign_ins: str | None = None


def peek(path: Path) -> Peek:
    """Look at the state; raise StateUnusableError for damage, another program's file, or a newer version's."""
    locked = require_in_use(path)
    if not is_there(path):
        return Peek(False)
    try:
        with closing(_open(path)) as connection:
            return _look(path, connection, locked=locked)
    except sqlite3.Error as error:
        raise unusable(path, str(error)) from None


def _open(path: Path) -> sqlite3.Connection:
    """Open the state for reading; without a log as an immutable file, because even for reading SQLite would make one.

    A log is there beside a running daemon, and after a killed one. Then SQLite uses the memory that readers share, and
    may put that memory in order; it is no part of the state.
    """
    how = "ro" if path.with_name(f"{path.name}-wal").exists() else "ro&immutable=1"
    return connect(path, how, timeout=5)


def _look(path: Path, connection: sqlite3.Connection, *, locked: bool) -> Peek:
    database = Database(connection)
    require_ours(path, database)
    require_whole(path, connection)
    pid = holder(path) if locked else None
    if migrations.pending(database):
        return Peek(True, locked, pid, older=True)
    facts = dict(connection.execute("SELECT name, value FROM facts").fetchall())
    known = Connection(database).select(Side, "SELECT * FROM sides WHERE side = 'magento'")
    side = known[0] if known else Side("magento")
    currencies = frozenset(str(row[0]) for row in connection.execute(CURRENCIES))
    return Peek(
        True,
        locked,
        pid,
        organization_id=facts.get("organization_id"),
        magento_name=facts.get("magento_name"),
        magento=side,
        currencies=currencies,
        refused_sign_ins=facts.get(FACT),
    )
