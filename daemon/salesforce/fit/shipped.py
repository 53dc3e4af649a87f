"""Names what `invoice-sync salesforce setup` creates, grants and fixes, so that findings can point to it."""

from daemon.mapping import INVOICE_FIELDS, ITEM_FIELDS

_KEYS = ("Magento_Id__c",)
_CHILD = ("Magento_Id__c", "Invoice__c")
_COMMENT = (
    "Body__c", "Commented_At__c", "Customer_Notified__c", "Visible_On_Storefront__c", "Note_Id__c",
    "Sync_Fingerprint__c",
)  # fmt: skip
SHIPPED = {
    "Magento_Invoice__c": frozenset({*_KEYS, *INVOICE_FIELDS} - {"Name"}),
    "Magento_Invoice_Item__c": frozenset({*_CHILD, *ITEM_FIELDS} - {"Name"}),
    "Magento_Invoice_Comment__c": frozenset({*_CHILD, *_COMMENT}),
}
"""The objects that are shipped, with their own fields."""

_LOWER = {name.lower(): {field.lower() for field in fields} for name, fields in SHIPPED.items()}
_SETUP = "`invoice-sync salesforce setup`"


def setup_makes(name: str, field: str | None = None) -> bool:
    """Return whether the object, or its field, is one of ours."""
    fields = _LOWER.get(name.lower())
    return fields is not None and (field is None or field.lower() in fields)


def create_or_show(name: str, field: str | None = None) -> str:
    """Return the hint for a missing or hidden object or field: describe does not tell these two apart."""
    if setup_makes(name, field):
        return f"Run {_SETUP}, which creates or grants it; or let the integration user see it (Setup > Permission Sets)"
    where = f"Setup > Object Manager > {name} > Fields & Relationships" if field else "Setup > Object Manager"
    return f"Create it ({where}), or let the integration user see it (Setup > Permission Sets > Object Settings)"


def let_write(name: str, field: str | None = None) -> str:
    """Return the hint for an object or field with read access alone."""
    by_hand = "et the integration user edit it (Setup > Permission Sets > Object Settings)"
    return f"Run {_SETUP}, which grants it; or l{by_hand}" if setup_makes(name, field) else f"L{by_hand}"


def or_by_setup(name: str, field: str) -> str:
    """Return the words to add to a hint where setup makes the same change to a field of ours."""
    return f", or run {_SETUP}, which does that" if setup_makes(name, field) else ""
