"""``invoice-sync run``."""

import click

from daemon.cli.options import settings_option


@click.command(
    epilog="\b\nExamples:\n  invoice-sync run                 poll until SIGTERM or Ctrl-C\n"
    "  invoice-sync run --once          from cron: sync what is due, then exit"
)
@click.option("--once", is_flag=True, help="Do all that is due now, then exit.")
@click.option("--yes", is_flag=True, help="Do not ask before a first sync of more than 1,000 invoices.")
@settings_option
def run(once: bool, yes: bool, settings_name: str | None) -> int:
    """Poll Magento and carry its invoices, with items and comments, to Salesforce."""
    if once:
        from daemon.cli.once import run_single

        return run_single(settings_name, yes=yes)
    from daemon.cli.run import run_daemon

    return run_daemon(settings_name)
