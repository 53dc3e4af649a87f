"""``invoice-sync salesforce``."""

import click

from daemon.cli.options import settings_option


@click.group()
def salesforce() -> None:
    """Set up the Salesforce org."""


@salesforce.command(
    epilog="It creates what is missing of the default objects with their fields, permission set, tab, list views and "
    "page layouts, and leaves alone what is there: a changed length, label or layout stays as the org has it."
)
@click.option("--dry-run", is_flag=True, help="Let Salesforce check it all, and write nothing.")
@settings_option
def setup(dry_run: bool, settings_name: str | None) -> int:
    """Create the objects, fields and permission set in the org, and nothing that is there already."""
    from daemon.cli.salesforce import set_up

    return set_up(settings_name, dry_run=dry_run)
