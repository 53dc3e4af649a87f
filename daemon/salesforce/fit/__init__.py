"""Whether the org takes what is sent to it: described with one call per object, then judged by pure code.

``look_at(salesforce.connection, settings, mapping)`` asks and ``check_org(...)`` decides. What is found is a tuple of
:class:`Finding`; what the mapping must heed (:class:`daemon.mapping.OrgTraits`) comes with it.
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
    "FieldShape", "Finding", "Fit", "ObjectShape", "OrgShape", "check_org", "describe_org", "look_at", "shape_of",
]  # fmt: skip


def look_at(
    connection: Connection,
    settings: Settings,
    mapping: InvoiceMapping,
    *,
    currencies: Collection[str] = (),
    before: Callable[[], None] = lambda: None,
) -> Fit:
    """Describe all that these settings name, and say whether it fits. The errors of calls are raised as ever.

    ``before`` is done before each call, and may raise.
    """
    return check_org(describe_org(connection, settings, before=before), settings, mapping, currencies=currencies)
