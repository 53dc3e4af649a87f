"""A look at a state that leaves no trace: not even the files that SQLite puts beside one while it reads."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlite_utils.db import Database

from state.connection import Connection
from state.errors import unusable
from state.file.lock import holder
from state.file.opening import is_there, require_in_use, require_ours, require_whole
from state.file.sqlite import connect
from state.ledger import CURRENCIES
from state.migrations import migrations
from state.sides import Side
from state.sign_ins import FACT


@dataclass(frozen=True, slots=True)
class Peek:
    """What a state says of itself. ``exists``: whether there is one; ``older``: the next run upgrades it."""

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
    """Look; StateUnusableError when it is damaged, another program's, or a newer version's."""
    locked = require_in_use(path)
    if not is_there(path):
        return Peek(False)
    try:
        with closing(_open(path)) as connection:
            return _look(path, connection, locked=locked)
    except sqlite3.Error as error:
        raise unusable(path, str(error)) from None


def _open(path: Path) -> sqlite3.Connection:
    """Where nobody works on it there is no log beside it, and SQLite would make one even for reading.

    A log is there beside a daemon, and after one that was killed; then the memory that its readers share, which is no
    part of the state, is used and may be put in order.
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
