"""Finds settings.yaml and the state file, and tells an operator's own settings from the shipped ones."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from daemon.errors import InvalidSettings
from daemon.settings.files import read_small
from daemon.settings.schema import Settings

MAX_BYTES = 100_000  # the YAML library takes seconds for as many
HERE = Path("settings.yaml")
# The two URLs as they are shipped, with the environment variables that override them.
_PLACEHOLDERS = {
    "INVOICE_SYNC__MAGENTO__BASE_URL": re.compile(r"(?m)^  base_url: https://shop\.example\.com\s"),
    "INVOICE_SYNC__SALESFORCE__LOGIN_URL": re.compile(r"(?m)^  login_url: https://example\.my\.salesforce\.com\s"),
}


def find_file(named: str | None, root: Path = Path("/")) -> Path:
    """Return the settings file: as named, else ``$INVOICE_SYNC_SETTINGS``, ``./settings.yaml`` or the installed one.

    A file whose URLs nobody has filled in is passed over where no name asks for it: a command that is typed in the
    checkout does not take the settings.yaml that is shipped there. InvalidSettings: no other file exists.
    """
    chosen = named or os.environ.get("INVOICE_SYNC_SETTINGS")
    if chosen:
        return Path(chosen)
    places = [HERE, installed_file(root)]
    there = [place for place in places if place.is_file()]
    for place in there:
        if not is_unfilled(place, os.environ):
            return place
    hint = "Write one with `invoice-sync init`, or name one with --settings FILE."
    if there:
        problems = [f"{place.absolute()}: its URLs are not filled in: the file is still as shipped" for place in there]
        raise InvalidSettings(problems, hint=hint)
    raise InvalidSettings([f"there is no settings file at {places[0].absolute()} or {places[1]}"], hint=hint)


def installed_file(root: Path = Path("/")) -> Path:
    """Return where ``make install`` puts the service's settings.yaml."""
    return root / "etc" / "invoice-sync" / "settings.yaml"


def is_unfilled(path: Path, environ: Mapping[str, str]) -> bool:
    """Return whether both URLs of this file are still the shipped placeholders, and no variable overrides one."""
    if any(name in environ for name in _PLACEHOLDERS):
        return False
    try:
        text = read_small(path, MAX_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return False  # whoever reads the file says why it cannot be read
    return all(placeholder.search(text) for placeholder in _PLACEHOLDERS.values())


def state_path(settings: Settings, file: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Return where the state file is: as set, else in systemd's state directory, else in the user's state folder.

    systemd gives root no such directory: for the service's settings ``file`` root gets the service's state.
    """
    environ = os.environ if environ is None else environ
    if settings.state.path:
        return Path(settings.state.path).absolute()
    directory = environ.get("STATE_DIRECTORY")
    if directory:
        return Path(directory.split(":")[0]) / "state.db"
    folder = service_folder(file) if file else None
    if folder is not None:
        return folder / "state.db"
    from platformdirs import user_state_path

    return user_state_path("invoice-sync") / "state.db"


def service_folder(file: Path, root: Path = Path("/")) -> Path | None:
    """Return ``/var/lib/invoice-sync`` for ``/etc/invoice-sync/settings.yaml``, or None if that is not visible.

    The same goes for ``invoice-sync-outlet``. systemd/invoice-sync.service and its template name these folders.
    """
    name = file.absolute().parent.name
    if file.absolute() != root / "etc" / name / "settings.yaml" or not re.fullmatch(r"invoice-sync(-.+)?", name):
        return None
    folder = root / "var" / "lib" / name
    return folder if os.path.isdir(folder) else None  # noqa: PTH112  (Path.is_dir() fails where one may not look)
