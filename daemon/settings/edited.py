"""Reads the settings again when an operator edits them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daemon.errors import InvalidSettings
from daemon.settings.configuration import load
from daemon.settings.secrets import NAMES
from state.room import lacks_room


class SettingsFile:
    """The settings file of a running daemon: a broken edit never replaces good settings."""

    def __init__(self, path: Path, environ: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._environ = environ
        self.current = load(path, environ)
        self._seen = self._stamp()
        self._broken = False

    def reload(self) -> InvalidSettings | bool:
        """Read the file again after an edit.

        Return the error, once, when an edit is broken; True when settings are new or good again; else False.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            fresh = load(self.path, self._environ)
        except InvalidSettings as error:
            if lacks_room(error):
                self._seen = ()  # the file may be good: it is read again until there is room
            first, self._broken = not self._broken, True
            return error if first or not lacks_room(error) else False
        changed = self._broken or not fresh.same_as(self.current)
        self.current, self._broken = fresh, False
        return changed

    def _stamp(self) -> tuple[Any, ...]:
        """Return a value that changes with every write of the file or of a secret."""
        watched = [self.path, *(self.path.parent / "secrets" / name for name in NAMES)]
        stamps: list[Any] = []
        for path in watched:
            try:
                found = path.stat()
            except OSError:
                stamps.append(None)
            else:
                stamps.append((found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode))
        return tuple(stamps)
