"""Gives the integration user the permission set, where it may."""

from typing import Literal

from simple_salesforce.format import format_soql

from daemon.errors import SideDenied
from daemon.salesforce.connection import CallRejected, Connection
from daemon.salesforce.setup.components import PERMISSION_SET

Assignment = Literal["already", "assigned", "missing"]

BY_HAND = (
    f"Let an administrator assign it: Setup > Permission Sets > {PERMISSION_SET} > Manage Assignments > Add Assignment "
    '> the integration user. A user of the licence "Salesforce Integration" needs the permission set license '
    '"Salesforce API Integration" before (Setup > Users > the user > Permission Set License Assignments).'
)


def assign(connection: Connection, *, check_only: bool) -> tuple[Assignment, str]:
    """Whether the user of the session has the permission set, and the org's words when it may not be given it."""
    soql = format_soql("SELECT Id FROM PermissionSet WHERE Name = {} AND NamespacePrefix = null", PERMISSION_SET)
    found = connection.call("query/", params={"q": soql})["records"]
    if not found or connection.user_id is None:
        return "missing", "it is not there yet" if not found else "the sign-in does not tell who the user is"
    permission_set, user = str(found[0]["Id"]), connection.user_id
    soql = format_soql(
        "SELECT Id FROM PermissionSetAssignment WHERE PermissionSetId = {} AND AssigneeId = {}", permission_set, user
    )
    if connection.call("query/", params={"q": soql})["records"]:
        return "already", ""
    if check_only:
        return "missing", "nothing is written in a dry run"
    try:
        body = {"AssigneeId": user, "PermissionSetId": permission_set}
        connection.call("sobjects/PermissionSetAssignment", method="POST", body=body)
    except (CallRejected, SideDenied) as refusal:
        return "missing", str(refusal)
    return "assigned", ""
