"""Puts the parts together: settings, store, clients, clock, randomness and log."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from daemon.cli.opening import handed_in, open_reader, path_of_state
from daemon.clock import SystemClock
from daemon.errors import SideDenied
from daemon.log import open_log
from daemon.magento import Magento, SignIns, is_account_denied
from daemon.observer import Observer
from daemon.redaction import Redaction
from daemon.salesforce.connection import Connection
from daemon.settings import Configuration, SettingsFile
from daemon.sync import Process, Stop, Tools, open_process
from daemon.transport import Transport
from state.errors import StateMissingError, StateOlderError
from state.sign_ins import keep_count, known_lock
from state.store import Store


def ask_magento(configuration: Configuration) -> Magento:
    """Return a Magento client for a person's question, which changes nothing in the state but the denied sign-ins.

    No administrator's sign-in is tried within an hour of a denied one, nor when one more denial could lock the account,
    whoever made the earlier ones.
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
    """Return a connection to Salesforce for a person's work on the org itself, also while synchronization is off.

    Signing in raises AnotherOrg when the org is not the state's.
    """
    expected = None
    with suppress(StateMissingError, StateOlderError), open_reader(configuration) as store:
        expected = store.facts.get("organization_id")
    return Connection(configuration, SystemClock(), Redaction(configuration.secrets), Transport(), expected)


@contextmanager
def working(settings_file: SettingsFile, stop: Stop, observer: Observer, *, quiet: bool = False) -> Iterator[Process]:
    """Yield the process that works alone on its state; raise StateLockedError beside another process."""
    settings = settings_file.current.settings
    level = "error" if quiet and settings.logging.level != "debug" else settings.logging.level
    redaction = Redaction(settings_file.current.secrets)
    log = open_log(level, settings.logging.format, redaction)
    path, whole = path_of_state(settings_file.current), handed_in()
    with Store(path, lock=True, redact=redaction.clean, observer=whole) as store:
        jitter = random.Random()  # noqa: S311  (not for secrets)
        tools = Tools(store, SystemClock(), jitter, stop, log, observer)
        process = open_process(tools, settings_file, redaction, Transport(observer=whole))
        process.take_over()
        try:
            yield process
        except BaseException:
            process.close()  # not handed over: a call may still be under way, and the next process is told so
            raise
        process.hand_over()
