"""What an object of the org and its fields are."""

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
    """One column, with what describe tells about it.

    `defaulted` means that the platform fills it when a create leaves it out; `master` that the record dies with
    the one it refers to. An empty `reference_to` on a reference admits records of every object.
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
        """Whether an administrator made it."""
        return self.name.endswith("__c")

    @property
    def indexed(self) -> bool:
        """Whether records are found by this field without reading all of them."""
        return self.unique or self.external_id or self.type == "reference"

    @property
    def filterable(self) -> bool:
        """Long text and binary fields cannot stand in a WHERE clause."""
        return not (self.type == "base64" or (self.type == "textarea" and self.length > 255))

    @property
    def writable(self) -> bool:
        """Whether an update may name it; a detail stays with its master unless reparenting was allowed."""
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
        """Whether an administrator made it."""
        return self.name.endswith("__c")

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Its fields by name in lower case."""
        return {field.name.lower(): field for field in self.fields}

    @cached_property
    def by_relationship(self) -> Mapping[str, Field]:
        """Its reference fields by the name that leads to the other record (`Invoice__r`)."""
        return {field.relationship.lower(): field for field in self.fields if field.relationship}

    @cached_property
    def required(self) -> tuple[Field, ...]:
        """The fields that a create must fill."""
        return tuple(field for field in self.fields if field.required)

    @cached_property
    def unique(self) -> tuple[Field, ...]:
        """The fields of which no two records may have the same value."""
        return tuple(field for field in self.fields if field.unique)

    @cached_property
    def external_id(self) -> Field | None:
        """The first external ID field, by which its records are known outside."""
        return next((field for field in self.fields if field.external_id), None)

    def field(self, name: str) -> Field | None:
        """The field of that name, however its case is written."""
        return self.by_name.get(name.lower())
