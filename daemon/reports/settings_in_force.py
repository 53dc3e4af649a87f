"""Reports the settings in force, each with its origin, and the secrets by name alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from daemon.settings import Configuration
from daemon.settings.sources import FieldSource
from state.rows import text_of

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class SettingInForce:
    """One setting with its value, as in settings.yaml, and its origin: file and line, or ``default``."""

    key: str
    value: Any
    origin: str


def settings_in_force(configuration: Configuration) -> tuple[SettingInForce, ...]:
    """Return every setting in the order of settings.yaml, then the names of the secrets."""
    secrets = [SettingInForce(name, "(secret)", "secrets") for name in configuration.secrets]
    return (*_walk(configuration, configuration.settings, ()), *secrets)


def _walk(configuration: Configuration, section: BaseModel, path: tuple[str, ...]) -> Iterator[SettingInForce]:
    for name in type(section).model_fields:
        value, here = getattr(section, name), (*path, name)
        if isinstance(value, BaseModel):
            yield from _walk(configuration, value, here)
        else:
            origin = configuration.document.where(*here) if configuration.document.has(*here) else DEFAULT
            yield SettingInForce(".".join(here), _written(value), origin)


def _written(value: Any) -> Any:
    """Return the value as JSON can hold it."""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, datetime):
        return text_of(value)
    if isinstance(value, FieldSource):
        return value.path if value.path is not None else {"value": value.value}
    if isinstance(value, dict):
        return {name: _written(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return list(value)
    return value
