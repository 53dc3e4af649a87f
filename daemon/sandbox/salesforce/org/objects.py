"""The objects of the sandbox's org at its start."""

from typing import Any

from daemon.sandbox.salesforce.org.schema import Field, FieldType, SObject


def _field(name: str, kind: FieldType = "string", length: int = 0, **traits: Any) -> Field:
    label = name.removesuffix("__c").replace("_", " ")
    return Field(name=name, label=label, type=kind, length=length, **traits)


def _amount(name: str) -> Field:
    """Return a field that Setup calls Number(14, 4): fourteen digits before the point, four after it."""
    return _field(name, "double", precision=18, scale=4)


def _reference(name: str, *to: str, **traits: Any) -> Field:
    relationship = name.removesuffix("__c") + "__r" if name.endswith("__c") else name.removesuffix("Id")
    return _field(name, "reference", 18, reference_to=to, relationship=relationship, **traits)


def _platform(name: str, kind: FieldType, **traits: Any) -> Field:
    return _field(name, kind, createable=False, updateable=False, defaulted=True, **traits)


_SYSTEM = (
    _platform("Id", "id", length=18),
    _platform("CreatedDate", "datetime"),
    _platform("LastModifiedDate", "datetime"),
    _platform("SystemModstamp", "datetime"),
    _platform("IsDeleted", "boolean"),
)
_MAGENTO_ID = _field("Magento_Id__c", "string", 80, required=True, unique=True, external_id=True)
_PARENT = _reference("Invoice__c", "Magento_Invoice__c", required=True, master=True, reparentable=True)


def custom_object(name: str, label: str, key_prefix: str, name_field: Field, *fields: Field) -> SObject:
    """Return an administrator's object, with the fields of every object."""
    return SObject(name=name, label=label, key_prefix=key_prefix, fields=(*_SYSTEM, name_field, *fields))


def _custom(name: str, label: str, key_prefix: str, name_field: Field, *fields: Field) -> SObject:
    return custom_object(name, label, key_prefix, name_field, _MAGENTO_ID, *fields)


def _standard(name: str, label: str, key_prefix: str, *fields: Field) -> SObject:
    return SObject(name=name, label=label, key_prefix=key_prefix, fields=(*_SYSTEM, *fields))


INVOICE = _custom(
    "Magento_Invoice__c",
    "Magento Invoice",
    "a00",
    _field("Name", "string", 80, defaulted=True),
    _field("Order_Number__c", "string", 50),
    _field("Status__c", "picklist", 255, values=("Open", "Paid", "Canceled")),
    _field("Invoice_Date__c", "datetime"),
    _field("Currency__c", "string", 10),
    *map(_amount, ("Grand_Total__c", "Subtotal__c", "Tax__c", "Shipping__c", "Discount__c")),
    _field("Base_Currency__c", "string", 10),
    *map(_amount, ("Base_Grand_Total__c", "Total_Quantity__c")),
    _field("Customer_Name__c", "string", 255),
    _field("Customer_Email__c", "email", 80),
    _field("Store_Id__c", "double", precision=10, scale=0),
    _field("Store_Name__c", "string", 255),
    _field("Billing_Address__c", "textarea", 1000),
    _field("Magento_URL__c", "url", 255),
    _field("Magento_Updated_At__c", "datetime"),
    _field("Sync_Fingerprint__c", "string", 128),
)
ITEM = _custom(
    "Magento_Invoice_Item__c",
    "Magento Invoice Item",
    "a01",
    _field("Name", "string", 80, defaulted=True),
    _PARENT,
    _field("SKU__c", "string", 255),
    _field("Product_Name__c", "string", 255),
    *map(_amount, ("Quantity__c", "Price__c", "Row_Total__c", "Tax__c", "Discount__c")),
)
COMMENT = _custom(
    "Magento_Invoice_Comment__c",
    "Magento Invoice Comment",
    "a02",
    _platform("Name", "string", length=80, auto_number="MC-{:08d}"),
    _PARENT,
    _field("Body__c", "textarea", 131_072),
    _field("Commented_At__c", "datetime"),
    _field("Customer_Notified__c", "boolean", defaulted=True),
    _field("Visible_On_Storefront__c", "boolean", defaulted=True),
    _field("Note_Id__c", "string", 18),
    _field("Sync_Fingerprint__c", "string", 128),
)
CONTENT_NOTE = _standard(
    "ContentNote",
    "Note",
    "069",
    _field("Title", "string", 255, required=True),
    _field("Content", "base64", 50_000_000),
    _platform("FileType", "string", length=20),
    _platform("LatestPublishedVersionId", "string", length=18),
)
# The same records seen as files: a note is a document of the type SNOTE, and both names share one id.
CONTENT_DOCUMENT = _standard(
    "ContentDocument",
    "Content Document",
    "069",
    *(_platform(name, "string", length=255) for name in ("Title", "FileType", "LatestPublishedVersionId")),
)
CONTENT_DOCUMENT_LINK = _standard(
    "ContentDocumentLink",
    "Content Document Link",
    "06A",
    _reference("ContentDocumentId", "ContentDocument", required=True, master=True),
    _reference("LinkedEntityId", required=True, master=True),
    _field("ShareType", "picklist", 40, required=True, values=("V", "C", "I")),
    _field("Visibility", "picklist", 40, defaulted=True, values=("AllUsers", "InternalUsers", "SharedUsers")),
)
NOTE = _standard(
    "Note",
    "Note",
    "002",
    _reference("ParentId", required=True, master=True),
    _field("Title", "string", 80, required=True),
    _field("Body", "textarea", 32_000),
    _field("IsPrivate", "boolean", defaulted=True),
)
ORGANIZATION = _standard(
    "Organization",
    "Organization",
    "00D",
    _platform("Name", "string", length=80),
    _platform("InstanceName", "string", length=5),
    _platform("OrganizationType", "string", length=40),
    _platform("IsSandbox", "boolean"),
    _platform("NamespacePrefix", "string", length=15),
    _platform("TrialExpirationDate", "datetime"),
)
USER = _standard(
    "User", "User", "005", _platform("Name", "string", length=121), _platform("Username", "string", length=80)
)
PERMISSION_SET = _standard(
    "PermissionSet",
    "Permission Set",
    "0PS",
    _platform("Name", "string", length=80),
    _platform("Label", "string", length=80),
    _platform("NamespacePrefix", "string", length=15),
)
PERMISSION_SET_ASSIGNMENT = _standard(
    "PermissionSetAssignment",
    "Permission Set Assignment",
    "0Pa",
    _reference("PermissionSetId", "PermissionSet", required=True),
    _reference("AssigneeId", "User", required=True),
)

STANDARD_OBJECTS = (
    CONTENT_NOTE,
    CONTENT_DOCUMENT,
    CONTENT_DOCUMENT_LINK,
    NOTE,
    ORGANIZATION,
    USER,
    PERMISSION_SET,
    PERMISSION_SET_ASSIGNMENT,
)
DEFAULT_OBJECTS = (INVOICE, ITEM, COMMENT, *STANDARD_OBJECTS)
