"""``invoice-sync history``: past passes with their books."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from daemon.cli.options import COUNT, json_option, settings_option

if TYPE_CHECKING:
    from state.passes import Pass


@click.command()
@click.option("--limit", type=COUNT, default=20, show_default=True, help="At most this many.")
@json_option
@settings_option
def history(limit: int, as_json: bool, settings_name: str | None) -> int:
    """List past passes, newest first: what was seen, what became of it, what it cost.

    They are kept for 90 days; of those that found nothing to do, only the newest.
    """
    from daemon.cli.assemble import open_reader, read_settings
    from daemon.cli.output import instant, say, write_json
    from daemon.spelling import sentences
    from state.errors import StateMissingError

    passes: list[Pass] = []
    try:
        with open_reader(read_settings(settings_name).current) as store:
            passes = store.passes.newest(limit)
    except StateMissingError as missing:
        say(sentences(f"No passes yet: {missing}", missing.hint), err=True)
    if as_json:
        write_json(
            [
                {name: instant(value) if isinstance(value, datetime) else value for name, value in asdict(done).items()}
                for done in passes
            ]
        )
    elif passes:
        _show(passes)
    return 0


def _show(passes: "list[Pass]") -> None:
    from daemon.cli.output import instant, on_terminal, write_table

    titles = "Pass", "Started", "Trigger", "Outcome", "Seen", "Synced", "Failed", "Pending", "Notes", "Calls", "Error"
    write_table(
        titles,
        [
            [
                str(done.id),
                f"{done.started_at:%m-%d %H:%M}" if on_terminal() else instant(done.started_at) or "",
                done.trigger,
                done.outcome or "",
                str(done.seen),
                str(done.synced),
                str(done.failed),
                str(done.pending),
                str(done.notes),
                f"{done.magento_calls}+{done.salesforce_calls}",
                (done.error or "").partition("\n")[0],
            ]
            for done in passes
        ],
    )
