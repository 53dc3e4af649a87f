"""Findings of the check of an org: a sentence each, with a hint and its place in Setup."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "warning", "error"]
Part = Literal["invoices", "notes"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about an object or field. ``part``: what an error keeps from being written.

    A warning keeps nothing back: it tells which values Salesforce will reject or cut.
    """

    severity: Severity
    object: str
    field: str | None
    sentence: str
    hint: str = ""
    part: Part = "invoices"

    def __str__(self) -> str:
        where = f"{self.object}.{self.field}" if self.field else self.object
        return f"{where} {self.sentence}" + (f". {self.hint}" if self.hint else "")


_FIELD = "Setup > Object Manager > {object} > Fields & Relationships"


def setup_path(name: str) -> str:
    """Return the place in Setup for the fields of an object."""
    return _FIELD.format(object=name)
