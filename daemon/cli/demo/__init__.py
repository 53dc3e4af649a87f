"""``invoice-sync demo``: the whole thing on embedded sandboxes."""

import sys

import click


@click.command(
    epilog="\b\nExamples:\n  invoice-sync demo                watch it, in less than a minute\n"
    "  invoice-sync demo --for 5m       customers go on buying\n  invoice-sync demo --quick        for a machine"
)
@click.option("--for", "duration", metavar="DURATION", help="Customers go on buying for so long (60s, 5m).")
@click.option("--quick", is_flag=True, help="Do not wait for anybody to read. Also chosen without a terminal.")
@click.option("--keep", is_flag=True, help="Keep the demo's folder: its settings, its state and the daemon's log.")
def demo(*, duration: str | None, quick: bool, keep: bool) -> int:
    """Watch a little shop's invoices arrive in a little Salesforce, on this machine alone.

    Starts a small Magento, a small Salesforce and the real daemon between them, and ends with both sides compared.
    """
    from daemon.cli.demo.acts import play
    from daemon.cli.demo.narrator import Narrator
    from daemon.cli.demo.stage import Stage
    from daemon.errors import UsageError
    from daemon.settings.schema import parse_duration

    try:
        longer = parse_duration(duration).total_seconds() if duration else 0.0
    except ValueError as error:
        raise UsageError(f"--for {duration}: {error}") from None
    narrator = Narrator(quick=quick or not sys.stdout.isatty())
    with Stage(keep=keep) as stage:
        return play(stage, narrator, longer=longer)
