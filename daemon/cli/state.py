"""Shows the place of the state, backs the state up, and restores a backup."""

from pathlib import Path

import click

from daemon.cli.opening import open_reader, path_of_state, read_settings
from daemon.clock import SystemClock
from state.file.restoring import restore_state


def show_path(settings_name: str | None) -> int:
    """Print where the state file is, and return the exit code."""
    click.echo(path_of_state(read_settings(settings_name).current))
    return 0


def back_up(settings_name: str | None, file: Path) -> int:
    """Write a consistent copy of the state to ``file``, and return the exit code."""
    with open_reader(read_settings(settings_name).current) as store:
        store.backup(file)
    click.echo(f"Backed up to {file}.")
    return 0


def restore(settings_name: str | None, file: Path) -> int:
    """Put the backup ``file`` in place of the state, and return the exit code."""
    settings = read_settings(settings_name).current
    place = path_of_state(settings)
    kept = restore_state(place, file, SystemClock().now(), magento_name=settings.settings.magento.name)
    click.echo(f"Restored {file} to {place}." + (f" A copy of the state as it was: {kept}" if kept else ""))
    click.echo("The next run sends again all that may have been sent since the backup; nothing is doubled.")
    return 0
