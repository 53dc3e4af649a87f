"""``invoice-sync sync``: chosen invoices by hand; through the daemon when it runs, else in this process."""

import time
from typing import TYPE_CHECKING

import click

from daemon.cli.options import json_option, settings_option
from daemon.errors import InvoiceSyncError, SettingsRefused, UsageError

if TYPE_CHECKING:
    from daemon.invoice import Invoice, Malformed
    from daemon.magento import Magento
    from daemon.settings import SettingsFile
    from state.store import Store

_LOOK_SECONDS = 0.2


@click.command(
    epilog="\b\nExamples:\n  invoice-sync sync 000000042 000000043\n  invoice-sync sync --order 000000017\n"
    "  invoice-sync sync --id 1234       where two stores use one number"
)
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option("--id", "entity_ids", type=int, multiple=True, metavar="ENTITY_ID", help="An invoice by its entity_id.")
@click.option("--order", "orders", multiple=True, metavar="NUMBER", help="All invoices of an order.")
@json_option
@settings_option
def sync(
    numbers: tuple[str, ...],
    entity_ids: tuple[int, ...],
    orders: tuple[str, ...],
    as_json: bool,
    settings_name: str | None,
) -> int:
    """Sync chosen invoices now, whatever the automatic flag and the skip rules say."""
    from daemon.cli.assemble import read_settings, working
    from daemon.scheduler import StopRequest
    from state.errors import StateLockedError

    if not numbers and not entity_ids and not orders:
        raise UsageError("name invoices to sync", hint="See `invoice-sync sync --help`.")
    settings_file = read_settings(settings_name)
    refuse_when_off(settings_file)
    chosen = _choose(settings_file, numbers, entity_ids, orders)
    stop = StopRequest()
    try:
        with working(settings_file, stop, quiet=True) as work:
            work.resume()
            work.sync(chosen)
            return _report(work.parts.store, chosen, as_json=as_json, failure=work.failure)
    except StateLockedError:
        return _through_daemon(settings_file, chosen, as_json=as_json)


def refuse_when_off(settings_file: "SettingsFile") -> None:
    """With synchronization off nothing is sent by hand either; the message names the setting and its line."""
    if not settings_file.current.settings.invoices.enable_synchronization:
        place = settings_file.current.document.where("invoices", "enable_synchronization")
        raise SettingsRefused(
            [f"{place}: invoices.enable_synchronization is off: nothing is sent to Salesforce, by hand neither"],
            hint="Set it to true to sync.",
        )


def _choose(
    settings_file: "SettingsFile", numbers: tuple[str, ...], entity_ids: tuple[int, ...], orders: tuple[str, ...]
) -> list[int]:
    """The entity_ids that are meant; UsageError for a number that nobody has, or several stores."""
    from daemon.cli.assemble import open_reader
    from daemon.magento import Magento
    from state.errors import StateMissingError

    chosen = list(entity_ids)
    magento = Magento(settings_file.current)
    try:
        store: Store | None = open_reader(settings_file.current)
    except StateMissingError:
        store = None
    try:
        chosen += [_by_number(store, magento, number) for number in numbers]
        for number in orders:
            found = magento.by_order(number)
            if not found:
                raise UsageError(f"Magento has no invoice of an order {number}")
            chosen += [invoice.entity_id for invoice in found]
        known = set(store.ledger.known(entity_ids)) if store else set()
        missing = set(entity_ids) - known
        missing -= set(magento.by_ids(sorted(missing))) if missing else set()
        if missing:
            raise UsageError(f"Magento has no invoice with entity_id {', '.join(map(str, sorted(missing)))}")
    finally:
        magento.close()
        if store:
            store.close()
    return list(dict.fromkeys(chosen))


def _by_number(store: "Store | None", magento: "Magento", number: str) -> int:
    known = store.ledger.by_number(number) if store else []
    found: list[tuple[int, int | None]] = [(row.entity_id, row.store_id) for row in known]
    if not found:
        found = [(shown.entity_id, _store_of(shown)) for shown in magento.by_number(number)]
    if not found:
        raise UsageError(f"there is no invoice {number} in Magento")
    if len(found) > 1:
        ids = ", ".join(f"--id {entity_id} (store {store_id})" for entity_id, store_id in found)
        raise UsageError(f"{len(found)} stores have an invoice {number}", hint=f"Name one: {ids}")
    return found[0][0]


def _store_of(shown: "Invoice | Malformed") -> int | None:
    return getattr(shown, "store_id", None)


def _through_daemon(settings_file: "SettingsFile", chosen: list[int], *, as_json: bool) -> int:
    """Hand the request to the process that holds the state, and follow it to its end."""
    from daemon.cli.assemble import open_reader
    from daemon.clock import SystemClock
    from daemon.errors import Retriable
    from state.store import Store, is_locked

    with open_reader(settings_file.current) as store:
        number = store.requests.leave("sync", chosen, SystemClock().now())
        while (request := store.requests.get(number)) is not None and request.finished_at is None:
            if not is_locked(store.path):
                raise Retriable(
                    "the daemon ended before it came to this request; it is done when the daemon runs again",
                    side="salesforce",
                    hint="Start the daemon, or repeat the command to do it now.",
                )
            time.sleep(_LOOK_SECONDS)
        failure = None
        if request is not None and request.error is not None:
            failure = InvoiceSyncError(request.error)
            failure.exit_code = request.exit_code or 1
        assert isinstance(store, Store)
        return _report(store, chosen, as_json=as_json, failure=failure)


def _report(store: "Store", chosen: list[int], *, as_json: bool, failure: InvoiceSyncError | None) -> int:
    """One line per invoice with its outcome and link; the exit code of them together."""
    from daemon.cli.invoices import as_objects, link_of
    from daemon.cli.output import write_json

    known = store.ledger.known(chosen)
    rows = [known[key] for key in chosen if key in known]
    if as_json:
        write_json(as_objects(store, rows))
    else:
        for row in rows:
            rest = link_of(store, row) if row.sync_status == "synced" else row.reason
            click.echo(f"{row.increment_id}\t{row.sync_status}\t{rest or ''}".rstrip())
    if failure is not None:
        click.echo(f"invoice-sync: {failure}", err=True)
        if failure.hint:
            click.echo(failure.hint, err=True)
        return failure.exit_code
    done = sum(row.sync_status == "synced" for row in rows)
    if done == len(chosen):
        return 0
    return 3 if done else 1
