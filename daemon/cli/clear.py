"""Clears the state to force a resync: through a running daemon, else in this process."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from daemon.cli.follow import follow
from daemon.cli.killed import mark_unanswered_calls
from daemon.cli.opening import handed_in, path_of_state, read_settings
from daemon.clock import SystemClock
from daemon.errors import UsageError
from daemon.reports.numbers import known_invoices
from daemon.settings import Configuration
from state.errors import StateLockedError
from state.file.checks import look_at
from state.forgetting import clear_state
from state.kinds import ClearKind
from state.store import Store


def clear_invoices(settings_name: str | None, numbers: Sequence[str], entity_ids: Sequence[int], *, yes: bool) -> int:
    """Forget these invoices, or without a name the whole state, and return the exit code."""
    configuration = read_settings(settings_name).current
    place = path_of_state(configuration)
    if not _is_there(place):
        return 0
    with Store(place, lock=False) as store:
        chosen = known_invoices(store, entity_ids, numbers)
        what = f"{len(chosen)} invoice(s) will be sent again at the next pass." if chosen else _all_in_words(store)
    return _clear(configuration, "clear", chosen) if _agreed(what, yes=yes) else 1


def clear_checkpoint(settings_name: str | None, *, yes: bool) -> int:
    """Forget the checkpoint, and return the exit code."""
    configuration = read_settings(settings_name).current
    place = path_of_state(configuration)
    if not _is_there(place):
        return 0
    with Store(place, lock=False):  # a state that cannot be read is refused before anybody is asked
        pass
    agreed = _agreed("All of Magento will be read again; only differences are sent.", yes=yes)
    return _clear(configuration, "clear-checkpoint", []) if agreed else 1


def _is_there(place: Path) -> bool:
    if look_at(place) is None:
        click.echo(f"There is no state at {place}: nothing to clear.")
        return False
    return True


def _clear(configuration: Configuration, kind: ClearKind, chosen: list[int]) -> int:
    try:
        with Store(path_of_state(configuration), lock=True, observer=handed_in()) as store:
            now = SystemClock().now()
            mark_unanswered_calls(store, configuration)
            copy = clear_state(store, now, kind, chosen)
    except StateLockedError:
        return _through_daemon(configuration, kind, chosen)
    click.echo(f"Cleared. A copy of the state as it was: {copy}")
    return 0


def _through_daemon(configuration: Configuration, kind: ClearKind, chosen: list[int]) -> int:
    """Have the daemon clear its state after the call in flight."""
    with follow(configuration, kind, named=chosen) as done:
        if done.failure is not None:
            raise done.failure
        click.echo(f"Cleared by the running daemon; a copy of the state as it was is beside {done.store.path}.")
    return 0


def _all_in_words(store: Store) -> str:
    counts = store.ledger.counts()
    return (
        f"{sum(counts.values())} invoices are in the state, {counts.get('held', 0)} held and "
        f"{counts.get('skipped', 0)} skipped. All are looked at again, and the present flags decide."
    )


def _agreed(what: str, *, yes: bool) -> bool:
    """Say the consequence of clearing, and on a terminal ask."""
    click.echo(what, err=True)
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("without a terminal nobody can be asked", hint="Add --yes.")
    return click.confirm("Go on?", err=True)
