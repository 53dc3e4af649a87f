"""Draws past passes with their books."""

from collections.abc import Sequence

from daemon.cli.opening import open_reader, read_settings
from daemon.cli.output import instant, on_terminal, say, write_json, write_table
from daemon.reports.history import past_passes
from daemon.spelling import sentences
from state.errors import StateMissingError
from state.passes import Pass

_TITLES = ("Pass", "Started", "Trigger", "Outcome", "Seen", "Synced", "Failed", "Pending", "Notes", "Calls", "Error")


def show_history(settings_name: str | None, limit: int, *, as_json: bool) -> int:
    """Show the newest passes, and return the exit code."""
    passes: Sequence[Pass] = ()
    try:
        with open_reader(read_settings(settings_name).current) as store:
            passes = past_passes(store, limit)
    except StateMissingError as missing:
        say(sentences(f"No passes yet: {missing}", missing.hint), err=True)
    if as_json:
        write_json(passes)
    elif passes:
        write_table(_TITLES, [_cells(done) for done in passes])
    return 0


def _cells(done: Pass) -> list[str]:
    return [
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
