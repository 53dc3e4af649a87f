"""Where the parts are put together: settings, store, clients, clock, chance and log."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.clock import SystemClock
from daemon.log import configure
from daemon.settings import Configuration, SettingsFile, find_file, state_path
from daemon.sync import Parts, Stop, Work
from state.store import Store


def read_settings(named: str | None) -> SettingsFile:
    """The settings file, as named or found."""
    return SettingsFile(find_file(named))


def open_reader(configuration: Configuration) -> Store:
    """The state for reading and for leaving requests; beside a daemon too."""
    return Store(state_path(configuration.settings), lock=False)


@contextmanager
def working(settings_file: SettingsFile, stop: Stop, *, quiet: bool = False) -> Iterator[Work]:
    """The one process that works on the state, with everything it needs. StateLockedError when there is another."""
    settings = settings_file.current.settings
    level = "error" if quiet and settings.logging.level != "debug" else settings.logging.level
    log = configure(level, settings.logging.format)
    with Store(state_path(settings), lock=True) as store:
        parts = Parts(store, settings_file, SystemClock(), random.Random(), log, stop)  # noqa: S311  (jitter)
        work = Work(parts)
        work.take_over()
        for notice in settings_file.current.notices:
            log.warning("settings.notice", reason=notice, path=str(settings_file.path))
        try:
            yield work
        except BaseException:
            parts.close()  # not handed over: a call may still be under way, and the next process is told so
            raise
        work.hand_over()


def path_of_state(configuration: Configuration) -> Path:
    """Where the state is or would be."""
    return state_path(configuration.settings)
