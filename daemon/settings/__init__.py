"""settings.yaml + environment + secrets → frozen, typed settings, read again when they change."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from daemon.errors import InvalidSettings
from daemon.settings.document import Document, read_document
from daemon.settings.places import find_file
from daemon.settings.schema import Settings
from daemon.settings.secrets import NAMES, Secrets, read_secrets, secret_at
from state.room import lacks_room

__all__ = ["Configuration", "Secrets", "Settings", "SettingsFile", "find_file", "load", "state_path", "validate"]


@dataclass(frozen=True)
class Configuration:
    """The settings in force, with their secrets and where each value stands."""

    settings: Settings
    secrets: Secrets
    document: Document

    def same_as(self, other: "Configuration") -> bool:
        """Whether nothing that the daemon acts on has changed."""
        return self.settings == other.settings and dict(self.secrets) == dict(other.secrets)


def load(path: Path, environ: Mapping[str, str] | None = None) -> Configuration:
    """Read and check everything; InvalidSettings lists all that is wrong, each with its place."""
    environ = os.environ if environ is None else environ
    document = read_document(path, environ)
    settings, problems = validate(document)
    if settings is None or problems:
        raise InvalidSettings(problems)
    ways = (settings.magento.auth, settings.salesforce.auth)
    return Configuration(settings, read_secrets(ways, path.parent / "secrets", environ), document)


def validate(document: Document) -> tuple[Settings | None, list[str]]:
    """The settings of a document, if they are any, and all that is wrong with it."""
    problems = _misplaced(document)
    settings: Settings | None = None
    try:
        settings = settings_of(document, document.values)
    except ValidationError as error:
        problems += [_explain(document, problem) for problem in error.errors()]
    return settings, list(dict.fromkeys(problem for problem in problems if problem))


def settings_of(document: Document, values: Mapping[str, Any]) -> Settings:
    """The settings that these values make; files are named from the document's folder. ValidationError: none."""
    return Settings.model_validate(values, context={"folder": document.path.absolute().parent})


def state_path(settings: Settings, file: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Where the state file is: as set, else under systemd's state directory, else in the user's state folder.

    For root, who has no such directory, it is the service's where the settings ``file`` is the service's.
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
    """``/var/lib/invoice-sync`` for ``/etc/invoice-sync/settings.yaml``, if this user sees it; likewise ``…-outlet``.

    These are the folders of systemd/invoice-sync.service and its template.
    """
    name = file.absolute().parent.name
    if file.absolute() != root / "etc" / name / "settings.yaml" or not re.fullmatch(r"invoice-sync(-.+)?", name):
        return None
    folder = root / "var" / "lib" / name
    return folder if os.path.isdir(folder) else None  # noqa: PTH112  (Path.is_dir() fails where one may not look)


class SettingsFile:
    """The settings file as it changes under a running daemon: a broken edit never replaces good settings."""

    def __init__(self, path: Path, environ: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._environ = environ
        self.current = load(path, environ)
        self._seen = self._stamp()
        self._broken = False

    def reload(self) -> InvalidSettings | bool:
        """The refusal, once, when an edit is broken; True when settings are new or good again; else False."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            fresh = load(self.path, self._environ)
        except InvalidSettings as refusal:
            if lacks_room(refusal):
                self._seen = ()  # it may be good: it is read again until there is room
            first, self._broken = not self._broken, True
            return refusal if first or not lacks_room(refusal) else False
        changed = self._broken or not fresh.same_as(self.current)
        self.current, self._broken = fresh, False
        return changed

    def _stamp(self) -> tuple[Any, ...]:
        """Changes whenever the file or a secret beside it was written."""
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


def _misplaced(document: Document) -> list[str]:
    """Secrets that were written where everybody can read them."""
    problems: list[str] = []

    def walk(node: Mapping[str, Any], path: tuple[str, ...]) -> None:
        for key in list(node):
            here = (*path, key)
            name = secret_at(here)
            if name:
                problems.append(
                    f"{document.where(*here)}: {'.'.join(here)} is a secret and does not belong in settings: set "
                    f"INVOICE_SYNC_{name.upper()}, or write it to secrets/{name} beside the file (chmod 600)"
                )
                del node[key]  # type: ignore[attr-defined]
            elif isinstance(node[key], dict):
                walk(node[key], here)

    walk(document.values, ())
    return problems


def _explain(document: Document, problem: Mapping[str, Any]) -> str:
    """One problem as ``place: key: reason``."""
    path = tuple(part for part in problem["loc"] if part != "[key]")
    name = " ".join(".".join(str(part) for part in path).splitlines())
    kind, context = problem["type"], problem.get("ctx", {})
    place = document.where(*path)
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), _known_keys(path[:-1]), n=1)
        return f"{place}: {name} is not a known key" + (f"; did you mean {near[0]}?" if near else "")
    if kind == "missing":
        return f"{place}: {name} is missing"
    if kind == "value_error":
        return f"{place}: {name} {context['error']}"
    if kind == "string_pattern_mismatch":
        return f"{place}: {name} has a form that is not allowed ({context['pattern']})"
    return f"{place}: {name}: {_sentence(problem['msg'])}"


def _sentence(message: str) -> str:
    return message.replace("Input should be", "should be").replace("Input should", "should")


def _known_keys(path: tuple[Any, ...]) -> list[str]:
    model: Any = Settings
    for part in path:
        known = model.model_fields.get(part) if isinstance(model, type) and issubclass(model, BaseModel) else None
        if known is None:
            return []
        kinds = [known.annotation, *get_args(known.annotation)]
        model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
    return list(model.model_fields) if model else []
