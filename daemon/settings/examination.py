"""Reads the good part of a settings file with mistakes, so that one mistake does not hide the others."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from daemon.errors import InvalidSettings
from daemon.settings.configuration import Configuration, settings_of, validate
from daemon.settings.document import Document, read_document
from daemon.settings.schema import Settings
from daemon.settings.secrets import find_secrets

_NOWHERE = {"magento": {"base_url": "https://magento.invalid"}, "salesforce": {"login_url": "https://org.invalid"}}


@dataclass(frozen=True)
class Examined:
    """A settings file, good or not: its problems, and the configuration without them.

    ``configuration`` has the secrets that were found; ``secret_problems`` has the problems of each other secret.
    ``sides`` are those whose settings are complete enough to try them.
    """

    problems: tuple[str, ...]
    configuration: Configuration | None = None
    sides: frozenset[str] = frozenset()
    secret_problems: Mapping[str, list[str]] = field(default_factory=dict)


def examine(path: Path, environ: Mapping[str, str]) -> Examined:
    """Read as much as possible: refused keys are left out, so that the rest can be tried."""
    try:
        document = read_document(path, environ)
    except InvalidSettings as error:
        return Examined(tuple(error.problems))
    settings, problems = validate(document)
    sides = frozenset(_NOWHERE)
    if settings is None:
        settings, sides = _without_refused(document)
    ways = tuple(getattr(settings, side).auth for side in sorted(sides))
    secrets, secret_problems = find_secrets(ways, path.parent / "secrets", environ)
    return Examined(tuple(problems), Configuration(settings, secrets, document), sides, secret_problems)


def _without_refused(document: Document) -> tuple[Settings, frozenset[str]]:
    """Return the settings without the refused keys, and the sides to try with these settings."""
    values = deepcopy(document.values)
    try:
        settings_of(document, values)
    except ValidationError as error:
        for problem in error.errors():
            _leave_out(values, [part for part in problem["loc"] if part != "[key]"])
    for given_up in ((), ("salesforce",), ("magento",)):
        try:
            kept = settings_of(document, values | {side: _NOWHERE[side] for side in given_up})
        except ValidationError:
            continue
        return kept, frozenset(_NOWHERE).difference(given_up)
    return Settings.model_validate(_NOWHERE), frozenset()


def _leave_out(values: dict[str, Any], path: Sequence[str | int]) -> None:
    node: Any = values
    for part in path[:-1]:
        inner = node.get(part) if isinstance(node, dict) else None
        if not isinstance(inner, dict):
            break
        node = inner
    else:
        part = path[-1]
    if isinstance(node, dict):
        node.pop(part, None)
