"""An error of one record, and the remedy for it."""

from dataclasses import dataclass

from daemon.salesforce.error_codes import CATALOGUE, UNKNOWN
from daemon.salesforce.remedy import Next, Remedy


@dataclass(frozen=True, slots=True)
class RecordError:
    """One node's error in Salesforce's words; ``message`` without the values that were sent."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    status: int = 400

    def __str__(self) -> str:
        named = f" [{', '.join(self.fields)}]" if self.fields else ""
        return f"{self.code}: {self.message}{named}"

    @property
    def cause(self) -> str:
        """Equal for records that are refused for one cause: its code, and the fields that it names."""
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
    "Apex code of the org took too long; it is tried again. If it stays so, its author can make it faster "
    "(Setup > Apex Triggers, Flows).",
)


def remedy_for(error: RecordError) -> Remedy:
    """What one record's error leads to. An unknown code sets the record aside: the rest go on."""
    text = f"{error.code} {error.message}"
    if "UNABLE_TO_LOCK_ROW" in text:  # also when a trigger or a flow ran into the lock
        return CATALOGUE["UNABLE_TO_LOCK_ROW"]
    if error.code in _AUTOMATED and "System.LimitException" in error.message and "CPU" in error.message:
        return _TOO_SLOW  # the name of the class and of the unit are the same in every language
    if "CurrencyIsoCode" in f"{error.fields} {error.message}" and error.code in _BAD_CURRENCY:
        return Remedy(Next.ASIDE, _INACTIVE_CURRENCY)
    known = CATALOGUE.get(error.code)
    if error.status >= 500 or error.status == 429:
        return known if known and known.next is not Next.ASIDE else Remedy(Next.AGAIN, "It is tried again.")
    return known or UNKNOWN
