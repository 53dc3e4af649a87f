"""Readings of Magento that are under way: where each one began and how far it has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from state.connection import Connection
from state.kinds import ScanKind


@dataclass(frozen=True, slots=True)
class Scan:
    """A poll, a backfill or a ``band``'s round of the sweep.

    ``began_at`` is Magento's clock at its first answer; ``newest`` the newest stamp seen.
    """

    TABLE: ClassVar[str] = "scans"

    id: int
    kind: ScanKind
    since: datetime | None
    began_at: datetime | None = None
    after_id: int = 0
    newest: datetime | None = None
    band: str | None = None


class Scans:
    """At most one open scan of a kind, of the sweep one of each band."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, kind: ScanKind, band: str | None = None) -> Scan | None:
        """The scan of this kind and band that has not finished, or None."""
        this = "SELECT * FROM scans WHERE kind = ? AND band IS ?"
        found = self._connection.select(Scan, this, [kind, band])
        if found and found[0].since is None and kind == "poll":
            raise self._connection.damaged(f"scans row {found[0].id}: since is missing")
        return found[0] if found else None

    def bands(self) -> set[str]:
        """The bands of the sweep whose round is under way."""
        return {row[0] for row in self._connection.execute("SELECT band FROM scans WHERE kind = 'sweep'")}

    def begin(self, kind: ScanKind, since: datetime | None, band: str | None = None) -> Scan:
        """A new scan; its row is written with its first page."""
        number = self._connection.execute("SELECT coalesce(max(id), 0) + 1 FROM scans").fetchone()[0]
        return Scan(id=number, kind=kind, since=since, band=band)

    def move(self, scan: Scan) -> None:
        """Remember how far the scan has come. Call it in the transaction that writes the page's rows."""
        self._connection.replace_all([scan])

    def finish(self, scan: Scan) -> None:
        """The scan has read all it set out to read."""
        with self._connection.writing():
            self._connection.execute("DELETE FROM scans WHERE id = ?", [scan.id])
