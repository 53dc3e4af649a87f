"""``invoice-sync sync``: chosen invoices by hand; through the daemon when it runs, else in this process."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from daemon.cli.choose import Choice, Wish, choose
from daemon.cli.options import ENTITY_ID, json_option, settings_option
from daemon.errors import InvalidSettings, InvoiceSyncError, UsageError

if TYPE_CHECKING:
    from daemon.settings import SettingsFile
    from state.ledger import LedgerRow
    from state.store import Store


@click.command(
    epilog="\b\nExamples:\n  invoice-sync sync 000000042 000000043\n  invoice-sync sync --order 000000017\n"
    "  invoice-sync sync --id 1234       where two stores use one number\n"
    "  invoice-sync sync --failed        after what made them fail was mended\n"
    "  invoice-sync sync --held --dry-run\n"
    "  invoice-sync sync --id 1234 --dismiss    failed, and nobody will mend it"
)
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option("--id", "entity_ids", type=ENTITY_ID, multiple=True, metavar="ENTITY_ID", help="One by its entity_id.")
@click.option("--order", "orders", multiple=True, metavar="NUMBER", help="All invoices of an order.")
@click.option("--held", is_flag=True, help="All that are held.")
@click.option("--failed", is_flag=True, help="All that failed.")
@click.option("--skipped", is_flag=True, help="All that are skipped, decided anew.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="All that Magento created since then.")
@click.option("--all", "everything", is_flag=True, help="All that are in the ledger.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent, and what would not and why.")
@click.option("--dismiss", is_flag=True, help="Set them aside for good, where they failed, until they change.")
@json_option
@settings_option
def sync(
    *,
    numbers: tuple[str, ...],
    entity_ids: tuple[int, ...],
    orders: tuple[str, ...],
    held: bool,
    failed: bool,
    skipped: bool,
    since: datetime | None,
    everything: bool,
    dry_run: bool,
    dismiss: bool,
    as_json: bool,
    settings_name: str | None,
) -> int:
    """Sync chosen invoices now, whatever the automatic flag says.

    Skip rules do not hold invoices that are named one by one (by NUMBER, --id or --order).
    """
    from daemon.cli.assemble import read_settings

    flags = {"held": held, "failed": failed, "skipped": skipped}
    wish = Wish(
        numbers=numbers,
        entity_ids=entity_ids,
        orders=orders,
        statuses=[name for name, chosen in flags.items() if chosen],
        since=since.replace(tzinfo=UTC) if since else None,
        everything=everything,
    )
    if wish == Wish(statuses=[]):
        raise UsageError("name invoices to sync", hint="See `invoice-sync sync --help`.")
    settings_file = read_settings(settings_name)
    if dismiss:  # also while synchronization is off: nothing is sent
        from daemon.cli.dismiss import dismiss_chosen

        return dismiss_chosen(settings_file, wish, dry_run=dry_run, as_json=as_json)
    refuse_when_off(settings_file)
    choice = choose(settings_file, wish)
    if dry_run:
        from daemon.cli.preview import preview

        return preview(settings_file, choice, as_json=as_json)
    return _sync(settings_file, choice, as_json=as_json)


def refuse_when_off(settings_file: "SettingsFile") -> None:
    """With synchronization off nothing is sent by hand either; the message names the setting and its line."""
    if not settings_file.current.settings.invoices.enable_synchronization:
        place = settings_file.current.document.where("invoices", "enable_synchronization")
        raise InvalidSettings(
            [f"{place}: invoices.enable_synchronization is off: nothing is sent, not even by a manual sync"],
            hint="Set it to true to sync.",
        )


def _sync(settings_file: "SettingsFile", choice: Choice, *, as_json: bool) -> int:
    from daemon.cli.assemble import handed_in, working
    from daemon.cli.follow import follow
    from daemon.cli.progress import showing
    from daemon.observer import Observers
    from daemon.scheduler import StopRequest
    from state.errors import StateLockedError

    try:
        observers = Observers(handed_in())
        with working(settings_file, StopRequest(), observers, quiet=True) as process:
            process.resume()
            with showing(process, observers):
                process.sync(choice.named, choice.others)
            return _report(settings_file, process.tools.store, choice.all, as_json=as_json, failure=process.failure)
    except StateLockedError:
        with follow(settings_file, "sync", named=choice.named, others=choice.others) as done:
            return _report(settings_file, done.store, choice.all, as_json=as_json, failure=done.failure)


def _report(
    settings_file: "SettingsFile",
    store: "Store",
    chosen: list[int],
    *,
    as_json: bool,
    failure: InvoiceSyncError | None,
) -> int:
    """One line per invoice with its outcome and link; the exit code of them together."""
    from daemon.cli.causes import causes, lines
    from daemon.cli.invoices import as_objects, link_of
    from daemon.cli.output import one_line, say_lines, write_json
    from daemon.words import visible

    known = store.ledger.known(chosen)
    rows = [known[key] for key in chosen if key in known]
    if as_json:
        write_json(as_objects(store, rows))
    else:
        for row in rows:
            rest = link_of(store, row) if row.sync_status == "synced" else row.reason
            click.echo(f"{visible(row.increment_id)}\t{row.sync_status}\t{one_line(rest or '')}".rstrip())
        for line in lines(causes(store, chosen)):
            say_lines(line, err=True)
    if failure is not None:
        say_lines(f"invoice-sync: {failure}", err=True)
        if failure.hint:
            say_lines(failure.hint, err=True)
    code = _code(settings_file, store, rows, chosen)
    return failure.exit_code if failure is not None else code


def _code(settings_file: "SettingsFile", store: "Store", rows: "list[LedgerRow]", chosen: list[int]) -> int:
    """The exit code, after a line on what is done and what is left: 75 when all that is left passes by itself."""
    from daemon.cli.left import counted, in_words, left
    from daemon.cli.output import say

    options = settings_file.current.settings.invoices
    notes = store.notes.of(row.entity_id for row in rows) if options.synchronize_notes else []
    done = [row for row in rows if row.sync_status == "synced"]
    statuses = {row.sync_status for row in rows} | {note.sync_status for note in notes}
    owed, failed = "pending" in statuses, "failed" in statuses
    said = f"{counted(len(done), 'invoice')} of {len(chosen):,} synced"
    remaining = left(store, options, chosen)
    if remaining:
        said += f". Left: {in_words(store, remaining)}"
    say(f"{said}.", err=True)
    if len(done) == len(chosen) and not owed and not failed:
        return 0
    if done:
        return 3
    return 75 if owed and not failed else 1
