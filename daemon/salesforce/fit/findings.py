"""What the check of the org found: a sentence each, with what to do and where in Setup."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "warning", "error"]
Part = Literal["invoices", "notes"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about an object or field. ``part``: what an error keeps from being written.

    A warning keeps nothing back: it says what will be refused or cut when it comes.
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


# Where things are mended.
FIELD = "Setup > Object Manager > {object} > Fields & Relationships"


def setup_path(name: str) -> str:
    """Where the fields of an object are changed."""
    return FIELD.format(object=name)
