"""Finds the settings, and opens their state."""

from pathlib import Path

import click

from daemon.observer import Observer
from daemon.settings import Configuration, SettingsFile, find_file, state_path
from state.store import Store


def handed_in() -> Observer:
    """Return the observer from the entry point; without one, an observer that does nothing."""
    context = click.get_current_context(silent=True)
    return (context.find_object(Observer) if context else None) or Observer()


def read_settings(named: str | None) -> SettingsFile:
    """Return the settings file, as named or found."""
    return SettingsFile(find_file(named))


def open_reader(configuration: Configuration) -> Store:
    """Open the state for reading, also beside a daemon."""
    return Store(path_of_state(configuration), lock=False)


def open_asker(configuration: Configuration) -> Store:
    """Open the state of a running daemon for leaving requests and reading their outcome."""
    return Store(path_of_state(configuration), lock=False, asks=True, observer=handed_in())


def path_of_state(configuration: Configuration) -> Path:
    """Return where the state is or would be."""
    return state_path(configuration.settings, configuration.document.path)
