"""Draws the settings in force with their origins, or checks them."""

import json
from typing import Any

import click

from daemon.cli.opening import read_settings
from daemon.cli.output import write_json, write_table
from daemon.reports.settings_in_force import DEFAULT, settings_in_force


def check_settings(settings_name: str | None) -> int:
    """Say that the settings can be used, and return the exit code."""
    found = read_settings(settings_name)
    click.echo(f"{found.path} is fine.")
    return 0


def show_settings(settings_name: str | None, *, defaults: bool, as_json: bool) -> int:
    """Show the settings, without ``defaults`` only those set by a person, and return the exit code."""
    found = settings_in_force(read_settings(settings_name).current)
    shown = [setting for setting in found if defaults or setting.origin != DEFAULT]
    if as_json:
        write_json([{"key": setting.key, "value": setting.value, "from": setting.origin} for setting in shown])
    else:
        write_table(
            ["Setting", "Value", "From"], [[setting.key, _text(setting.value), setting.origin] for setting in shown]
        )
    return 0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
