"""Creates our objects, fields, permission set, tab, views and layouts in an org, and nothing that it has already."""

from daemon.errors import SideRefused
from daemon.salesforce.connection import Connection
from daemon.salesforce.setup.assign import BY_HAND, Assignment, assign
from daemon.salesforce.setup.components import OBJECTS, PERMISSION_SET, package
from daemon.salesforce.setup.deploy import DeploymentRefused, Failure, Pace, Progress, deploy
from daemon.salesforce.setup.plan import Plan, plan
from daemon.salesforce.setup.reading import read_org

__all__ = [
    "BY_HAND", "OBJECTS", "PERMISSION_SET", "Assignment", "DeploymentRefused", "Failure", "Pace", "Plan", "Progress",
    "assign", "deploy", "package", "plan_of",
]  # fmt: skip


def plan_of(connection: Connection) -> Plan:
    """What is missing in the org of this connection."""
    return plan(read_org(connection), notes=_has_notes(connection))


def _has_notes(connection: Connection) -> bool:
    try:
        connection.call("sobjects/ContentNote/describe")
    except SideRefused as refusal:
        if "404" in str(refusal):  # switched off, a note is an object that nobody knows
            return False
        raise
    return True
