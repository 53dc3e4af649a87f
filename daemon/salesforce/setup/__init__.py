"""Creates our missing objects, fields, permission set, tab, views and layouts in an org."""

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
    """Return the plan for the org of this connection; SideDenied if a new external ID would double records."""
    found = plan(read_org(connection), notes=_has_notes(connection))
    for name in found.keys_lost:
        _demand_no_records(connection, name)
    return found


def _demand_no_records(connection: Connection, name: str) -> None:
    """Raise SideDenied for an object with records: a new external ID is empty in each, and each would be doubled."""
    try:
        soql = f"SELECT COUNT() FROM {name}"  # noqa: S608  (one of our own names)
        count = str(connection.call("query/", params={"q": soql})["totalSize"])
    except CallRejected as error:
        count = f"uncounted ({error})"
    if count != "0":
        raise SideDenied(
            f"{name} has lost its field Magento_Id__c, which tells its records apart ({count} records)",
            side="salesforce",
            hint=f"Restore it: Setup > Object Manager > {name} > Fields & Relationships > Deleted Fields > Undelete, "
            "or give a renamed field its API name back. If the records may go, delete them and run this again.",
        )


def _has_notes(connection: Connection) -> bool:
    try:
        connection.call("sobjects/ContentNote/describe")
    except SideDenied as error:
        if "404" in str(error):  # with Notes switched off, Salesforce does not know the object
            return False
        raise
    return True
