"""Reads settings.yaml, environment and secrets into frozen, typed settings."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from daemon.errors import InvalidSettings
from daemon.settings.document import Document, read_document
from daemon.settings.problems import explain, take_out_secrets
from daemon.settings.schema import Settings
from daemon.settings.secrets import Secrets, read_secrets


@dataclass(frozen=True)
class Configuration:
    """The settings in force, with their secrets and where each value stands."""

    settings: Settings
    secrets: Secrets
    document: Document

    def same_as(self, other: "Configuration") -> bool:
        """Return whether the other one has the same settings and secrets."""
        return self.settings == other.settings and dict(self.secrets) == dict(other.secrets)


def load(path: Path, environ: Mapping[str, str] | None = None) -> Configuration:
    """Read and check the whole file; InvalidSettings lists all problems, each with its place."""
    environ = os.environ if environ is None else environ
    document = read_document(path, environ)
    settings, problems = validate(document)
    if settings is None or problems:
        raise InvalidSettings(problems)
    ways = (settings.magento.auth, settings.salesforce.auth)
    return Configuration(settings, read_secrets(ways, path.parent / "secrets", environ), document)


def validate(document: Document) -> tuple[Settings | None, list[str]]:
    """Return the document's settings, or None for invalid ones, and all its problems."""
    problems = take_out_secrets(document)
    settings: Settings | None = None
    try:
        settings = settings_of(document, document.values)
    except ValidationError as error:
        problems += [explain(document, problem) for problem in error.errors()]
    return settings, list(dict.fromkeys(problem for problem in problems if problem))


def settings_of(document: Document, values: Mapping[str, Any]) -> Settings:
    """Return the settings with these values, whose relative paths start at the document's folder.

    ValidationError: the values are no valid settings.
    """
    return Settings.model_validate(values, context={"folder": document.path.absolute().parent})
