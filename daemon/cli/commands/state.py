"""``invoice-sync state``."""

from pathlib import Path

import click

from daemon.cli.options import ENTITY_ID, settings_option
from daemon.errors import UsageError


@click.group()
def state() -> None:
    """Show where the state is; back it up; restore it; clear it to force a resync."""


@state.command()
@settings_option
def path(settings_name: str | None) -> int:
    """Print where the state file is."""
    from daemon.cli.state import show_path

    return show_path(settings_name)


@state.command()
@click.argument("file", type=click.Path(path_type=Path))
@settings_option
def backup(file: Path, settings_name: str | None) -> int:
    """Write a consistent copy of the state to FILE; also while the daemon runs."""
    from daemon.cli.state import back_up

    return back_up(settings_name, file)


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
    from daemon.cli.clear import clear_checkpoint, clear_invoices

    if not checkpoint:
        return clear_invoices(settings_name, numbers, entity_ids, yes=yes)
    if numbers or entity_ids:
        raise UsageError("--checkpoint is about all of Magento: name no invoices with it")
    return clear_checkpoint(settings_name, yes=yes)


@state.command(epilog="\b\nExample:\n  invoice-sync state restore /root/invoice-sync.db")
@click.argument("file", type=click.Path(path_type=Path))
@settings_option
def restore(file: Path, settings_name: str | None) -> int:
    """Put the backup FILE in place of the state, while the daemon is stopped. A copy of the present state is kept."""
    from daemon.cli.state import restore as restore_backup

    return restore_backup(settings_name, file)
