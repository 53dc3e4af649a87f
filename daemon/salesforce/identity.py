"""Asks which org the daemon is signed in to: its name, and whether it is a production org."""

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.errors import Unreachable
from daemon.salesforce.connection import Connection
from daemon.salesforce.ids import to_18

_TRIAL = frozenset({"Developer Edition"})


@dataclass(frozen=True, slots=True)
class Organization:
    """An org. ``sandbox``: a copy of a production org; ``edition``: as it was bought."""

    id: str
    name: str
    sandbox: bool
    edition: str

    @property
    def production(self) -> bool:
        """Return whether the org is neither a sandbox nor for trials."""
        return not self.sandbox and self.edition not in _TRIAL


def which_org(connection: Connection) -> Organization:
    """Ask the org for its ID, name and edition."""
    answer = connection.call("query/", params={"q": "SELECT Id, Name, IsSandbox, OrganizationType FROM Organization"})
    records = answer.get("records") if isinstance(answer, Mapping) else None
    row = records[0] if isinstance(records, list) and records else None
    if not isinstance(row, Mapping) or not isinstance(row.get("IsSandbox"), bool):
        raise Unreachable("Salesforce's answer about the org cannot be read", side="salesforce", sent=False)
    return Organization(
        to_18(str(row.get("Id"))), str(row.get("Name")), row["IsSandbox"], str(row.get("OrganizationType") or "unknown")
    )
