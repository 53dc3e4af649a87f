"""``invoice-sync sync … --dismiss``: failed invoices are set aside for good; through the daemon when it runs."""

from typing import TYPE_CHECKING

import click

from daemon.cli.choose import Wish, looks_through, require_one
from daemon.errors import UsageError

if TYPE_CHECKING:
    from daemon.settings import SettingsFile
    from state.ledger import LedgerRow
    from state.store import Store


def dismiss_chosen(settings_file: "SettingsFile", wish: Wish, *, dry_run: bool, as_json: bool) -> int:
    """Set aside what was chosen and has failed. Neither side is asked: it may be gone from Magento."""
    from daemon.cli.assemble import open_reader
    from state.errors import StateMissingError

    try:
        with open_reader(settings_file.current) as store:
            chosen = _failed_among(store, wish)
            if dry_run:
                return _show(store, chosen, as_json=as_json)
    except StateMissingError as missing:
        raise UsageError(f"nothing has failed: {missing}") from None
    if not chosen:
        click.echo("Nothing of that has failed.", err=True)
    return _dismiss(settings_file, chosen, as_json=as_json)


def _dismiss(settings_file: "SettingsFile", chosen: list[int], *, as_json: bool) -> int:
    from daemon.cli.assemble import handed_in, path_of_state
    from daemon.cli.follow import follow
    from daemon.cli.state import doubt_killed
    from state.dismissal import dismiss
    from state.errors import StateLockedError
    from state.store import Store

    try:
        with Store(path_of_state(settings_file.current), lock=True, observer=handed_in()) as store:
            doubt_killed(store, settings_file.current)
            dismiss(store, chosen)
            return _show(store, chosen, as_json=as_json)
    except StateLockedError:
        with follow(settings_file, "dismiss", named=chosen) as done:
            if done.failure is not None:
                raise done.failure from None
            return _show(done.store, chosen, as_json=as_json)


def _failed_among(store: "Store", wish: Wish) -> list[int]:
    """The chosen invoices that failed, or of which a note did. UsageError for one that was named and did not."""
    from daemon.words import visible
    from state.dismissal import failed_invoices

    failed = failed_invoices(store)
    named = _named(store, wish, failed)
    for row in named:
        if row.entity_id not in failed:
            number = visible(row.increment_id or str(row.entity_id))
            raise UsageError(f"invoice {number} is {row.sync_status}: only what has failed is dismissed")
    found = [row.entity_id for row in named]
    if looks_through(wish):
        found += [
            row.entity_id
            for row in store.ledger.known(sorted(failed)).values()
            if "failed" in wish.statuses
            or wish.everything
            or (wish.since is not None and row.created_at is not None and row.created_at >= wish.since)
        ]
    return list(dict.fromkeys(found))


def _named(store: "Store", wish: Wish, failed: set[int]) -> "list[LedgerRow]":
    known = store.ledger.known(wish.entity_ids)
    unknown = [str(entity_id) for entity_id in wish.entity_ids if entity_id not in known]
    found = list(known.values())
    for number in wish.numbers:
        rows = store.ledger.by_number(number)
        require_one(number, [(row.entity_id, row.store_id) for row in rows])
        unknown += [] if rows else [number]
        found += rows
    for order in wish.orders:
        rows = [row for row in store.ledger.newest(order_number=order) if row.entity_id in failed]
        unknown += [] if rows else [f"a failed invoice of order {order}"]
        found += rows
    if unknown:
        raise UsageError(f"not in the state: {', '.join(unknown)}")
    return found


def _show(store: "Store", chosen: list[int], *, as_json: bool) -> int:
    """One line per invoice with what it is now."""
    from daemon.cli.invoices import as_objects
    from daemon.cli.output import one_line, write_json
    from daemon.words import visible

    known = store.ledger.known(chosen)
    rows = [known[key] for key in chosen if key in known]
    if as_json:
        write_json(as_objects(store, rows))
    else:
        for row in rows:
            number = visible(row.increment_id or str(row.entity_id))
            click.echo(f"{number}\t{row.sync_status}\t{one_line(row.reason or '')}".rstrip())
    return 0
