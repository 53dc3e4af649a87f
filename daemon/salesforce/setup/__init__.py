"""Creates our objects, fields, permission set, tab, views and layouts in an org, and nothing that it has already."""

from daemon.errors import SideDenied
from daemon.salesforce.connection import CallRejected, Connection
from daemon.salesforce.setup.assign import BY_HAND, Assignment, assign
from daemon.salesforce.setup.components import OBJECTS, PERMISSION_SET, package
from daemon.salesforce.setup.deploy import DeploymentRejected, Failure, Pace, Progress, deploy
from daemon.salesforce.setup.plan import Plan, plan
from daemon.salesforce.setup.reading import read_org

__all__ = [
    "BY_HAND", "OBJECTS", "PERMISSION_SET", "Assignment", "DeploymentRejected", "Failure", "Pace", "Plan", "Progress",
    "assign", "deploy", "package", "plan_of",
]  # fmt: skip


def plan_of(connection: Connection) -> Plan:
    """What is missing in the org of this connection. SideDenied when to create it would have records doubled."""
    found = plan(read_org(connection), notes=_has_notes(connection))
    for name in found.keys_lost:
        _demand_no_records(connection, name)
    return found


def _demand_no_records(connection: Connection, name: str) -> None:
    """A new external ID is empty in every record that is there: each would be created a second time."""
    try:
        soql = f"SELECT COUNT() FROM {name}"  # noqa: S608  (one of our own names)
        count = str(connection.call("query/", params={"q": soql})["totalSize"])
    except CallRejected as refusal:
        count = f"uncounted ({refusal})"
    if count != "0":
        raise SideDenied(
            f"{name} has lost its field Magento_Id__c, by which its records are known ({count} records)",
            side="salesforce",
            hint=f"Restore it: Setup > Object Manager > {name} > Fields & Relationships > Deleted Fields > Undelete, "
            "or give a renamed one its API name back. If the records may go, delete them and run this again.",
        )


def _has_notes(connection: Connection) -> bool:
    try:
        connection.call("sobjects/ContentNote/describe")
    except SideDenied as refusal:
        if "404" in str(refusal):  # switched off, a note is an object that nobody knows
            return False
        raise
    return True
