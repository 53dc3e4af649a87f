"""An error of one record, and its remedy."""

from dataclasses import dataclass

from daemon.salesforce.error_codes import CATALOGUE, UNKNOWN
from daemon.salesforce.remedy import Next, Remedy


@dataclass(frozen=True, slots=True)
class RecordError:
    """An error of one node, in Salesforce's words; ``message``: without the sent values."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    status: int = 400

    def __str__(self) -> str:
        named = f" [{', '.join(self.fields)}]" if self.fields else ""
        return f"{self.code}: {self.message}{named}"

    @property
    def cause(self) -> str:
        """Return the code with the names of its fields, equal for records with one cause of rejection."""
        return " ".join([self.code, *sorted(self.fields)])


_BAD_CURRENCY = frozenset({"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_CURRENCY_ISO"})
_INACTIVE_CURRENCY = (
    "The order's currency is not active in the org: activate it (Setup > Company Information > Manage Currencies), or "
    "leave it out (`CurrencyIsoCode: null` in settings.yaml)."
)


# A trigger that takes too long under load may be quick enough a minute later.
_AUTOMATED = frozenset({"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "APEX_ERROR"})
_TOO_SLOW = Remedy(
    Next.AGAIN,
    "Apex code of the org took too long; the daemon tries again. If it stays so, the code's author can make it faster "
    "(Setup > Apex Triggers, Flows).",
)


def remedy_for(error: RecordError) -> Remedy:
    """Return the remedy for one record's error. An unknown code sets the record aside: the rest go on."""
    text = f"{error.code} {error.message}"
    if "UNABLE_TO_LOCK_ROW" in text:  # also when a trigger or a flow ran into the lock
        return CATALOGUE["UNABLE_TO_LOCK_ROW"]
    if error.code in _AUTOMATED and "System.LimitException" in error.message and "CPU" in error.message:
        return _TOO_SLOW  # the name of the class and of the unit are the same in every language
    if "CurrencyIsoCode" in f"{error.fields} {error.message}" and error.code in _BAD_CURRENCY:
        return Remedy(Next.ASIDE, _INACTIVE_CURRENCY)
    known = CATALOGUE.get(error.code)
    if error.status >= 500 or error.status == 429:
        return known if known and known.next is not Next.ASIDE else Remedy(Next.AGAIN, "The daemon tries again.")
    return known or UNKNOWN
