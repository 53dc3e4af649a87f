"""``invoice-sync explain``."""

import click

from daemon.cli.options import ENTITY_ID, json_option, settings_option
from daemon.errors import UsageError


@click.command(epilog="\b\nExamples:\n  invoice-sync explain 000000042\n  invoice-sync explain --id 1234 --json")
@click.argument("number", required=False)
@click.option("--id", "entity_id", type=ENTITY_ID, metavar="ENTITY_ID", help="The invoice by its entity_id.")
@json_option
@settings_option
def explain(number: str | None, entity_id: int | None, as_json: bool, settings_name: str | None) -> int:
    """Tell one invoice's whole story: when it was seen, what was decided and why, every attempt, its notes."""
    from daemon.cli.explain import show_story

    if (number is None) == (entity_id is None):
        raise UsageError("name one invoice, by its number or with --id")
    return show_story(settings_name, number, entity_id, as_json=as_json)
