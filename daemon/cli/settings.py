"""``invoice-sync settings``: the settings in force and where each comes from; whether they can be used."""

from typing import TYPE_CHECKING, Any

import click

from daemon.cli.options import json_option, settings_option

if TYPE_CHECKING:
    from pydantic import BaseModel

    from daemon.settings import Configuration


@click.group()
def settings() -> None:
    """The settings in force, and whether they can be used, without running anything."""


@settings.command()
@settings_option
def check(settings_name: str | None) -> int:
    """Read settings.yaml, the environment and the secrets, and say everything that is wrong at once."""
    from daemon.cli.assemble import read_settings

    found = read_settings(settings_name)
    click.echo(f"{found.path} is fine.")
    return 0


@settings.command()
@click.option("--defaults", is_flag=True, help="Also the keys that were not set.")
@json_option
@settings_option
def show(defaults: bool, as_json: bool, settings_name: str | None) -> int:
    """Show each setting in force with where it comes from. Secrets are named, never shown."""
    from daemon.cli.assemble import read_settings
    from daemon.cli.output import write_json, write_table

    configuration = read_settings(settings_name).current
    lines = [line for line in _lines(configuration) if defaults or line["from"] != "default"]
    if as_json:
        write_json(lines)
    else:
        write_table(["Setting", "Value", "From"], [[line["key"], _text(line["value"]), line["from"]] for line in lines])
    return 0


def _lines(configuration: "Configuration") -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []

    def walk(section: "BaseModel", path: tuple[str, ...]) -> None:
        from pydantic import BaseModel

        for name in type(section).model_fields:
            value, here = getattr(section, name), (*path, name)
            if isinstance(value, BaseModel):
                walk(value, here)
            else:
                lines.append({"key": ".".join(here), "value": _plain(value), "from": _origin(configuration, here)})

    walk(configuration.settings, ())
    lines += [{"key": name, "value": "(secret)", "from": "secrets"} for name in configuration.secrets]
    return lines


def _origin(configuration: "Configuration", path: tuple[str, ...]) -> str:
    return configuration.document.where(*path) if configuration.document.has(*path) else "default"


def _plain(value: Any) -> Any:
    from datetime import datetime, timedelta

    from daemon.cli.output import instant
    from daemon.settings.sources import FieldSource

    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, FieldSource):
        return value.path if value.path is not None else {"value": value.value}
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return list(value)
    return value


def _text(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
