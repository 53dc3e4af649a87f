"""settings.yaml without a file: an edit waits for its reading, like an edit of the file."""

from __future__ import annotations

from pathlib import Path

from daemon.errors import InvalidSettings
from daemon.settings import SettingsFile
from tests.builders import configuration

FLAGS = ("enable_synchronization", "enable_automatic_synchronization", "synchronize_notes")


class EditedSettings(SettingsFile):
    """The settings in force, and an operator's edits since."""

    def __init__(self, values: dict[str, object]) -> None:
        self.path = Path("settings.yaml")
        self.values = dict(values)
        self.current = configuration(self.values)
        self._edited = False

    def edit(self, name: str, value: object) -> None:
        """Write this key, as an operator does."""
        self.values[name] = value
        self._edited = True

    def reload(self) -> InvalidSettings | bool:
        """Take an edit up; return whether the settings changed."""
        if not self._edited:
            return False
        self._edited = False
        fresh = configuration(self.values)
        changed = not fresh.same_as(self.current)
        self.current = fresh
        return changed

    def flag(self, name: str) -> bool:
        """Return one of the three flags, as last read."""
        return bool(getattr(self.current.settings.invoices, name))
