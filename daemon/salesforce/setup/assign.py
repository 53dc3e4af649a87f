"""Assigns the permission set to the integration user, if the user may do so."""

from typing import Literal

from simple_salesforce.format import format_soql

from daemon.errors import SideDenied
from daemon.salesforce.connection import CallRejected, Connection
from daemon.salesforce.setup.components import PERMISSION_SET

Assignment = Literal["already", "assigned", "missing"]

BY_HAND = (
    f"Let an administrator assign it: Setup > Permission Sets > {PERMISSION_SET} > Manage Assignments > Add Assignment "
    '> the integration user. A user of the licence "Salesforce Integration" needs the permission set license '
    '"Salesforce API Integration" first (Setup > Users > the user > Permission Set License Assignments).'
)


def assign(connection: Connection, *, check_only: bool) -> tuple[Assignment, str]:
    """Assign the permission set to the session's user; return the result, and the org's words against it, if any."""
    soql = format_soql("SELECT Id FROM PermissionSet WHERE Name = {} AND NamespacePrefix = null", PERMISSION_SET)
    found = connection.call("query/", params={"q": soql})["records"]
    if not found or connection.user_id is None:
        return "missing", "it does not exist yet" if not found else "the sign-in does not tell who the user is"
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
    except (CallRejected, SideDenied) as error:
        return "missing", str(error)
    return "assigned", ""
