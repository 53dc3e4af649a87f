"""Reads what can be read of a settings file that may be wrong, so that one mistake does not hide what else there is."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from daemon.errors import InvalidSettings
from daemon.settings import Configuration, Settings, settings_of, validate
from daemon.settings.document import Document, read_document
from daemon.settings.secrets import find_secrets

_NOWHERE = {"magento": {"base_url": "https://magento.invalid"}, "salesforce": {"login_url": "https://org.invalid"}}


@dataclass(frozen=True)
class Examined:
    """What can be said of a settings file, good or not: what is wrong, and what it comes to without that.

    ``configuration`` has the secrets that were found; ``secret_problems``: of each other one what is wrong with it;
    ``sides``: those of which enough is known to try them.
    """

    problems: tuple[str, ...]
    configuration: Configuration | None = None
    sides: frozenset[str] = frozenset()
    secret_problems: Mapping[str, list[str]] = field(default_factory=dict)


def examine(path: Path, environ: Mapping[str, str]) -> Examined:
    """Read as much as can be read: keys that are refused are left out, so that the rest can be tried all the same."""
    try:
        document = read_document(path, environ)
    except InvalidSettings as refusal:
        return Examined(tuple(refusal.problems))
    settings, problems = validate(document)
    sides = frozenset(_NOWHERE)
    if settings is None:
        settings, sides = _without_refused(document)
    ways = tuple(getattr(settings, side).auth for side in sorted(sides))
    secrets, secret_problems = find_secrets(ways, path.parent / "secrets", environ)
    return Examined(tuple(problems), Configuration(settings, secrets, document), sides, secret_problems)


def _without_refused(document: Document) -> tuple[Settings, frozenset[str]]:
    """The settings as they are without the keys that are refused; and which sides are then known well enough to try."""
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
