"""Finds out whether the org fits the settings: one describe call per object, then pure code decides.

``examine_org(salesforce.connection, settings, mapping)`` asks, and ``check_org(...)`` decides. The result has a tuple
of :class:`Finding`, and the traits of the org that the mapping must follow (:class:`daemon.spelling.OrgTraits`).
"""

from collections.abc import Callable, Collection

from daemon.mapping import InvoiceMapping
from daemon.salesforce.connection import Connection
from daemon.salesforce.fit.check import Fit, check_org
from daemon.salesforce.fit.describe import OrgShape, describe_org
from daemon.salesforce.fit.findings import Finding
from daemon.salesforce.fit.shapes import FieldShape, ObjectShape, shape_of
from daemon.settings import Settings

__all__ = [
    "FieldShape", "Finding", "Fit", "ObjectShape", "OrgShape", "check_org", "describe_org", "examine_org", "shape_of",
]  # fmt: skip


def examine_org(
    connection: Connection,
    settings: Settings,
    mapping: InvoiceMapping,
    *,
    currencies: Collection[str] = (),
    before: Callable[[], None] = lambda: None,
) -> Fit:
    """Describe all objects in these settings, and return whether the org fits; raise the errors of calls.

    ``before`` is called before each call, and may raise.
    """
    return check_org(describe_org(connection, settings, before=before), settings, mapping, currencies=currencies)
