"""Where the parts are put together: settings, store, clients, clock, chance and log."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import click

from daemon.clock import SystemClock
from daemon.errors import SideDenied
from daemon.log import open_log
from daemon.magento import Magento, SignIns, is_account_denied
from daemon.observer import Observer, Observers
from daemon.redaction import Redaction
from daemon.salesforce.connection import Connection
from daemon.settings import Configuration, SettingsFile, find_file, state_path
from daemon.sync import Process, Stop, Tools, open_process
from daemon.transport import Transport
from state.errors import StateMissingError, StateOlderError
from state.sign_ins import keep_count, known_lock
from state.store import Store


def handed_in() -> Observer:
    """Return the observer that the entry point handed in; one that does nothing if it handed in none."""
    observer = click.get_current_context().find_object(Observer)
    return observer or Observer()


def read_settings(named: str | None) -> SettingsFile:
    """The settings file, as named or found."""
    return SettingsFile(find_file(named))


def open_reader(configuration: Configuration) -> Store:
    """The state for reading; beside a daemon too."""
    return Store(path_of_state(configuration), lock=False)


def open_asker(configuration: Configuration) -> Store:
    """The state of a running daemon, for leaving requests and reading what becomes of them."""
    return Store(path_of_state(configuration), lock=False, asks=True, observer=handed_in())


def ask_magento(configuration: Configuration) -> Magento:
    """Magento, for a person's question that leaves no trace in the state but a count of refused sign-ins.

    No administrator's sign-in is tried when one was refused less than an hour ago, nor where it could be the one that
    locks the account, whoever made those before.
    """
    clock, redaction = SystemClock(), Redaction(configuration.secrets)
    path = path_of_state(configuration)
    sign_ins = SignIns(partial(keep_count, path, clock.now), partial(known_lock, path, clock.now))
    magento = Magento(configuration, clock, redaction, Transport(), sign_ins)
    with suppress(StateMissingError, StateOlderError), open_reader(configuration) as store:
        known = store.sides.get("magento")
        waiting = known.next_try_at is not None and known.next_try_at > clock.now()
        if waiting and is_account_denied(known.reason, redaction):
            hint = "`invoice-sync run --once` tries it again at once."
            magento.spare_account(SideDenied(str(known.reason), side="magento", hint=hint, probe="hourly"))
    return magento


def connect(configuration: Configuration) -> Connection:
    """Salesforce, for what a person asks of the org itself: also while nothing is to be synced.

    AnotherOrg when the sign-in leads to an org that is not the state's.
    """
    expected = None
    with suppress(StateMissingError, StateOlderError), open_reader(configuration) as store:
        expected = store.facts.get("organization_id")
    return Connection(configuration, SystemClock(), Redaction(configuration.secrets), Transport(), expected)


@contextmanager
def working(settings_file: SettingsFile, stop: Stop, observers: Observers, *, quiet: bool = False) -> Iterator[Process]:
    """The one process that works on the state, with everything it needs. StateLockedError when there is another."""
    settings = settings_file.current.settings
    level = "error" if quiet and settings.logging.level != "debug" else settings.logging.level
    redaction = Redaction(settings_file.current.secrets)
    log = open_log(level, settings.logging.format, redaction)
    with Store(
        path_of_state(settings_file.current), lock=True, redact=redaction.clean, observer=observers.whole
    ) as store:
        jitter = random.Random()  # noqa: S311  (not for secrets)
        tools = Tools(store, SystemClock(), jitter, stop, log, observers)
        process = open_process(tools, settings_file, redaction, Transport(observer=observers.whole))
        process.take_over()
        try:
            yield process
        except BaseException:
            process.close()  # not handed over: a call may still be under way, and the next process is told so
            raise
        process.hand_over()


def path_of_state(configuration: Configuration) -> Path:
    """Where the state is or would be."""
    return state_path(configuration.settings, configuration.document.path)
