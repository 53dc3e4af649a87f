"""``invoice-sync state``: where it is, a copy of it, and forcing a resync by clearing it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.options import ENTITY_ID, settings_option
from daemon.errors import UsageError

if TYPE_CHECKING:
    from daemon.settings import Configuration, SettingsFile
    from state.store import Store


@click.group()
def state() -> None:
    """Where the state is; back it up; clear it to force a resync."""


@state.command()
@settings_option
def path(settings_name: str | None) -> int:
    """Print where the state file is."""
    from daemon.cli.assemble import path_of_state, read_settings

    click.echo(path_of_state(read_settings(settings_name).current))
    return 0


@state.command()
@click.argument("file", type=click.Path(path_type=Path))
@settings_option
def backup(file: Path, settings_name: str | None) -> int:
    """Write a consistent copy of the state to FILE; also while the daemon runs."""
    from daemon.cli.assemble import open_reader, read_settings

    with open_reader(read_settings(settings_name).current) as store:
        store.backup(file)
    click.echo(f"Backed up to {file}.")
    return 0


@state.command(
    epilog="\b\nExamples:\n  invoice-sync state clear                   look at everything again\n"
    "  invoice-sync state clear 000000042         send this invoice again, as by hand\n"
    "  invoice-sync state clear --checkpoint      read all of Magento again, send only differences"
)
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option("--id", "entity_ids", type=ENTITY_ID, multiple=True, metavar="ENTITY_ID", help="One by its entity_id.")
@click.option("--checkpoint", is_flag=True, help="Forget only how far Magento was read.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@settings_option
def clear(
    numbers: tuple[str, ...], entity_ids: tuple[int, ...], checkpoint: bool, yes: bool, settings_name: str | None
) -> int:
    """Force a resync. A copy of the state is kept beside it; nothing is doubled in Salesforce."""
    from daemon.cli.assemble import handed_in, path_of_state, read_settings
    from daemon.clock import SystemClock
    from state.errors import StateLockedError
    from state.file.opening import look_at
    from state.forgetting import clear_state
    from state.store import Store

    if checkpoint and (numbers or entity_ids):
        raise UsageError("--checkpoint is about all of Magento: name no invoices with it")
    settings_file = read_settings(settings_name)
    place = path_of_state(settings_file.current)
    if look_at(place) is None:
        click.echo(f"There is no state at {place}: nothing to clear.")
        return 0
    with Store(place, lock=False) as store:
        chosen = _chosen(store, numbers, entity_ids)
        if not _agreed(store, chosen=chosen, checkpoint=checkpoint, yes=yes):
            return 1
    kind = "clear-checkpoint" if checkpoint else "clear"
    try:
        with Store(place, lock=True, observer=handed_in()) as store:
            now = SystemClock().now()
            doubt_killed(store, settings_file.current)
            copy = clear_state(store, now, kind, chosen)
    except StateLockedError:
        return _through_daemon(settings_file, kind, chosen)
    click.echo(f"Cleared. A copy of the state as it was: {copy}")
    return 0


@state.command(epilog="\b\nExample:\n  invoice-sync state restore /root/invoice-sync.db")
@click.argument("file", type=click.Path(path_type=Path))
@settings_option
def restore(file: Path, settings_name: str | None) -> int:
    """Put the backup FILE in place of the state, while the daemon is stopped. A copy of the present state is kept."""
    from daemon.cli.assemble import path_of_state, read_settings
    from daemon.clock import SystemClock
    from state.file.restoring import restore_state

    settings = read_settings(settings_name).current
    place = path_of_state(settings)
    kept = restore_state(place, file, SystemClock().now(), magento_name=settings.settings.magento.name)
    click.echo(f"Restored {file} to {place}." + (f" A copy of the state as it was: {kept}" if kept else ""))
    click.echo("The next run sends once more what may have been sent since, and doubles nothing.")
    return 0


def doubt_killed(store: "Store", configuration: "Configuration") -> None:
    """Where the daemon was killed, nobody has doubted its calls yet: do so before rows change that say they are due."""
    from daemon.clock import SystemClock
    from daemon.sync.timing import UNANSWERED_AGAIN

    if store.facts.get("running") is not None:
        marked = configuration.settings.salesforce.comment.object is None
        store.doubts.owed(SystemClock().now() + UNANSWERED_AGAIN, marked=marked)


def _through_daemon(settings_file: "SettingsFile", kind: str, chosen: list[int]) -> int:
    """The daemon holds the state, so it clears it: after the call in flight."""
    from daemon.cli.follow import follow

    with follow(settings_file, kind, named=chosen) as done:
        if done.failure is not None:
            raise done.failure
        click.echo(f"Cleared by the running daemon; a copy of the state as it was is beside {done.store.path}.")
    return 0


def _chosen(store: "Store", numbers: tuple[str, ...], entity_ids: tuple[int, ...]) -> list[int]:
    from daemon.cli.output import choices

    found = list(entity_ids)
    unknown = [str(number) for number in set(entity_ids) - set(store.ledger.known(entity_ids))]
    for number in numbers:
        rows = store.ledger.by_number(number)
        if len(rows) > 1:
            ids = choices((row.entity_id, row.store_id) for row in rows)
            raise UsageError(f"{len(rows)} stores have an invoice {number}", hint=f"Name one: {ids}")
        unknown += [] if rows else [number]
        found += [row.entity_id for row in rows]
    if unknown:
        raise UsageError(f"not in the state: {', '.join(unknown)}")
    return found


def _agreed(store: "Store", *, chosen: list[int], checkpoint: bool, yes: bool) -> bool:
    """Say what clearing means here, and on a terminal ask."""
    if chosen:
        click.echo(f"{len(chosen)} invoice(s) will be sent again at the next pass.", err=True)
    elif checkpoint:
        click.echo("All of Magento will be read again; only differences are sent.", err=True)
    else:
        counts = store.ledger.counts()
        click.echo(
            f"{sum(counts.values())} invoices are in the state, {counts.get('held', 0)} held and "
            f"{counts.get('skipped', 0)} skipped: all are looked at again and decided by today's flags.",
            err=True,
        )
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("this is not a terminal, so it cannot be asked", hint="Add --yes.")
    return click.confirm("Go on?", err=True)
