"""The catalogue of Salesforce's error codes: the remedy of each.

The codes are those of the API's list of StatusCodes and ExceptionCodes that a write, a query or a sign-in can meet,
directly or through an automation of the org.
"""

from collections.abc import Mapping
from types import MappingProxyType

from daemon.salesforce.codes.automations import AUTOMATIONS
from daemon.salesforce.codes.records import OTHER_RECORDS, VALUES
from daemon.salesforce.codes.wide import OBJECTS, PASSING, SIGN_IN
from daemon.salesforce.remedy import Remedy, aside

TABLES = (PASSING, SIGN_IN, OBJECTS, VALUES, OTHER_RECORDS, AUTOMATIONS)


def _catalogue(*tables: Mapping[Remedy, str]) -> dict[str, Remedy]:
    found: dict[str, Remedy] = {}
    for table in tables:
        for remedy, codes in table.items():
            found.update(dict.fromkeys(codes.split(), remedy))
    return found


CATALOGUE: Mapping[str, Remedy] = MappingProxyType(_catalogue(*TABLES))
UNKNOWN = aside("Salesforce's words name the cause; an administrator can fix it.")
