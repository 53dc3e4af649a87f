"""``sync --dry-run``: what would be sent, and what would not and why. Nothing is sent and nothing is remembered."""

from typing import TYPE_CHECKING, Any

import click

from daemon.cli.choose import Choice

if TYPE_CHECKING:
    from daemon.invoice import Invoice, Malformed
    from daemon.settings import SettingsFile
    from state.ledger import LedgerRow

_IDS_A_CALL = 100


def preview(settings_file: "SettingsFile", choice: Choice, *, as_json: bool) -> int:
    """A line for each invoice, by Magento's newest version."""
    from daemon.cli.output import write_json, write_table

    lines = _lines(settings_file, choice)
    if as_json:
        write_json(lines)
    else:
        write_table(
            ["Invoice", "Entity", "Would be", "Reason"],
            [
                [line["increment_id"] or "", str(line["entity_id"]), line["would_be"], line["reason"] or ""]
                for line in lines
            ],
        )
    return 0


def _lines(settings_file: "SettingsFile", choice: Choice) -> list[dict[str, Any]]:
    from daemon.cli.assemble import ask_magento, open_reader
    from state.errors import StateMissingError

    magento = ask_magento(settings_file.current)
    shown: dict[int, Invoice | Malformed] = {}
    try:
        for start in range(0, len(choice.all), _IDS_A_CALL):
            shown.update(magento.by_ids(choice.all[start : start + _IDS_A_CALL]))
    finally:
        magento.close()
    known: dict[int, LedgerRow] = {}
    try:
        with open_reader(settings_file.current) as store:
            known = store.ledger.known(choice.all)
    except StateMissingError:
        click.echo("There is no state yet: nothing was synced so far.", err=True)
    named = set(choice.named)
    return [
        _line(settings_file, entity_id, shown.get(entity_id), known.get(entity_id), named=entity_id in named)
        for entity_id in choice.all
    ]


def _line(
    settings_file: "SettingsFile",
    entity_id: int,
    shown: "Invoice | Malformed | None",
    row: "LedgerRow | None",
    *,
    named: bool,
) -> dict[str, Any]:
    from daemon.eligibility import Action, Known, decide
    from daemon.invoice import Malformed

    number = shown.increment_id if shown else row.increment_id if row else None
    line: dict[str, Any] = {"entity_id": entity_id, "increment_id": number, "would_be": "failed", "reason": None}
    if shown is None:
        return {**line, "reason": "gone from Magento"}
    if isinstance(shown, Malformed):
        return {**line, "reason": f"Magento's record cannot be used: {shown.reason}"}
    known = Known(
        owed=row is not None and row.sync_status == "pending",
        in_salesforce=row is not None and row.salesforce_id is not None,
        asked=True,
        named=named,
    )
    decision = decide(shown, settings_file.current.settings.invoices, known)
    would_be = "sent" if decision.action is Action.SEND else decision.action.value
    return {**line, "would_be": would_be, "reason": decision.reason}
