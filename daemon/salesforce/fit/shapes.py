"""Objects and fields from the answers to describe, read once: the JSON travels no further."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daemon.errors import Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShape:
    """One field as visible to this user. Without permission, describe leaves the field out."""

    name: str
    label: str = ""
    type: str = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    external_id: bool = False
    id_lookup: bool = False
    unique: bool = False
    case_sensitive: bool = False
    calculated: bool = False
    auto_number: bool = False
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    values: tuple[str, ...] = ()
    """The active values of a picklist."""
    inactive: tuple[str, ...] = ()
    restricted: bool = False
    dies_with_parent: bool = False

    @property
    def required(self) -> bool:
        """Return whether a new record must have a value for the field."""
        return self.createable and not self.nillable and not self.defaulted and self.type != "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectShape:
    """One object as visible to this user."""

    name: str
    label: str = ""
    createable: bool = True
    updateable: bool = True
    queryable: bool = True
    fields: tuple[FieldShape, ...] = ()

    def field(self, name: str) -> FieldShape | None:
        """Return the field with this name, in any case, because Salesforce ignores case in names."""
        return next((field for field in self.fields if field.name.lower() == name.lower()), None)

    def related(self, relationship: str) -> FieldShape | None:
        """Return the field behind this relationship to a parent (``Account__r``)."""
        wanted = relationship.lower()
        return next((field for field in self.fields if (field.relationship or "").lower() == wanted), None)


def shape_of(body: Any, name: str) -> ObjectShape:
    """Return the object that an answer describes; Unreachable when the answer is not about this object."""
    try:
        shape = ObjectShape(
            name=_text(body, "name"),
            label=str(body.get("label") or ""),
            createable=_flag(body, "createable"),
            updateable=_flag(body, "updateable"),
            queryable=_flag(body, "queryable"),
            fields=tuple(_field(row) for row in body["fields"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError):
        shape = None
    if shape is None or shape.name.lower() != name.lower() or not shape.fields:
        raise Unreachable(f"Salesforce's description of {name} cannot be read", side="salesforce", sent=False)
    return shape


def _field(row: Mapping[str, Any]) -> FieldShape:
    picklist = row.get("picklistValues") or []
    return FieldShape(
        name=_text(row, "name"),
        label=str(row.get("label") or ""),
        type=_text(row, "type"),
        length=int(row.get("length") or 0),
        precision=int(row.get("precision") or 0),
        scale=int(row.get("scale") or 0),
        nillable=_flag(row, "nillable"),
        createable=_flag(row, "createable"),
        updateable=_flag(row, "updateable"),
        defaulted=_flag(row, "defaultedOnCreate"),
        external_id=row.get("externalId") is True,
        id_lookup=row.get("idLookup") is True,
        unique=row.get("unique") is True,
        case_sensitive=row.get("caseSensitive") is True,
        calculated=row.get("calculated") is True,
        auto_number=row.get("autoNumber") is True,
        reference_to=tuple(str(name) for name in row.get("referenceTo") or ()),
        relationship=str(row["relationshipName"]) if row.get("relationshipName") else None,
        values=tuple(str(value["value"]) for value in picklist if value.get("active") is True),
        inactive=tuple(str(value["value"]) for value in picklist if value.get("active") is not True),
        restricted=row.get("restrictedPicklist") is True,
        dies_with_parent=row.get("cascadeDelete") is True,
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _flag(row: Mapping[str, Any], name: str) -> bool:
    value = row[name]
    if not isinstance(value, bool):
        raise TypeError(name)
    return value
