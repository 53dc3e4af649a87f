"""The definitions of an org's objects and fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Literal, TypeAlias

FieldType: TypeAlias = Literal[
    "id", "string", "textarea", "email", "url", "picklist", "double", "boolean", "datetime", "reference", "base64"
]
Value: TypeAlias = str | Decimal | bool | datetime | None
Row: TypeAlias = Mapping[str, Value]

TEXT_TYPES = frozenset({"string", "textarea", "email", "url", "picklist"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One column, with its traits in describe.

    `defaulted`: the platform fills the field when a create leaves it out. `master`: the record is deleted with the
    record it refers to. An empty `reference_to` on a reference admits records of every object.
    """

    name: str
    label: str
    type: FieldType = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    unique: bool = False
    external_id: bool = False
    case_sensitive: bool = False
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    auto_number: str = ""
    values: tuple[str, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship: str = ""
    master: bool = False
    reparentable: bool = False

    @property
    def custom(self) -> bool:
        """Return whether this was made by an administrator."""
        return self.name.endswith("__c")

    @property
    def indexed(self) -> bool:
        """Return whether records are found by this field without reading all of them."""
        return self.unique or self.external_id or self.type == "reference"

    @property
    def filterable(self) -> bool:
        """Return whether a WHERE clause may have this field: not long text, nor binary."""
        return not (self.type == "base64" or (self.type == "textarea" and self.length > 255))

    @property
    def writable(self) -> bool:
        """Return whether an update may set the field; a detail stays with its master unless reparenting is allowed."""
        return self.updateable and (not self.master or self.reparentable)


@dataclass(frozen=True, kw_only=True)
class SObject:
    """One object: its name, the prefix of its ids and its fields, whose names ignore case."""

    name: str
    label: str
    key_prefix: str
    fields: tuple[Field, ...]

    @property
    def custom(self) -> bool:
        """Return whether this was made by an administrator."""
        return self.name.endswith("__c")

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Return its fields by name in lower case."""
        return {field.name.lower(): field for field in self.fields}

    @cached_property
    def by_relationship(self) -> Mapping[str, Field]:
        """Return its reference fields by the name of the relationship (`Invoice__r`)."""
        return {field.relationship.lower(): field for field in self.fields if field.relationship}

    @cached_property
    def required(self) -> tuple[Field, ...]:
        """Return the fields that a create must fill."""
        return tuple(field for field in self.fields if field.required)

    @cached_property
    def unique(self) -> tuple[Field, ...]:
        """Return the unique fields."""
        return tuple(field for field in self.fields if field.unique)

    @cached_property
    def external_id(self) -> Field | None:
        """Return the first external ID field, the key of its records for other systems."""
        return next((field for field in self.fields if field.external_id), None)

    def field(self, name: str) -> Field | None:
        """Return the field of that name, in any case, or None."""
        return self.by_name.get(name.lower())
