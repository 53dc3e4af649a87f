"""The command line: the group of all commands, and an exit code with a message for each error."""

import io
import os
import re
import sqlite3
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from daemon.cli.group import LazyGroup
from daemon.errors import InvoiceSyncError
from daemon.words import visible_lines
from state.errors import StateError, StateLockedError, StateStarvedError
from state.room import lacks_room

if TYPE_CHECKING:
    from daemon.observer import Observer

_COMMANDS = {
    "init": "Begin: write a first settings.yaml, and a folder for the secrets.",
    "check": "Try everything the daemon needs, on both sides, before it is needed.",
    "run": "Poll Magento and carry its invoices to Salesforce (the daemon).",
    "sync": "Sync chosen invoices now, by hand.",
    "status": "Flags, checkpoint, last pass, counts, lag, health of both sides.",
    "invoices": "The invoice grid with its Salesforce ID column.",
    "explain": "One invoice's whole story, also why it is not in Salesforce.",
    "history": "Past passes with their books.",
    "salesforce": "Set up the Salesforce org: objects, fields, permissions.",
    "state": "Show where the state is; back it up; restore it; clear it to force a resync.",
    "settings": "Show the settings in force, or check them.",
}
# Bytes outside any text, and control characters: no number, date or path of ours holds any.
_UNTYPED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@click.group(
    cls=LazyGroup,
    commands_from={name: (f"daemon.cli.commands.{name}", name, line) for name, line in _COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed, 2 usage, 3 done in part, 75 try again later, 78 settings, credentials or "
    "state need a person.",
)
@click.version_option(package_name="invoice-sync", message="%(prog)s %(version)s")
def cli() -> None:
    """Carry every Magento 2 invoice, with its items and comments, into Salesforce: nothing lost, nothing doubled."""


def main(commands: click.Group = cli, observer: "Observer | None" = None) -> NoReturn:
    """Run the command and exit with its code. A foreseeable fault becomes a message with a hint, never a traceback.

    ``observer`` hears of all calls and transactions of the command.
    """
    sys.exit(_run(commands, observer))


def _run(commands: click.Group = cli, observer: "Observer | None" = None) -> int:
    if any(_UNTYPED.search(argument) for argument in sys.argv[1:]):
        _say("an argument holds characters that cannot be printed", "Retype the argument as plain text.")
        return 2
    try:
        result = commands.main(prog_name="invoice-sync", standalone_mode=False, obj=observer)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        click.echo(visible_lines(shown.getvalue()), err=True, nl=False)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return 1
    except InvoiceSyncError as error:
        _say(str(error), error.hint)
        return 75 if lacks_room(error) else error.exit_code
    except StateError as error:
        _say(str(error), error.hint)
        return 75 if isinstance(error, (StateLockedError, StateStarvedError)) or lacks_room(error) else 78
    except sqlite3.Error as error:
        if "locked" in str(error):
            _say("the state is busy: another process is writing to it", "Try again in a moment.")
            return 75
        _say(
            f"the state cannot be read or written: {error}",
            "Check that its disk has room and that the file is writable.",
        )
        return 78
    except BrokenPipeError:
        return 1
    return result if isinstance(result, int) else 0


def _say(message: str, hint: str | None) -> None:
    text = visible_lines(f"invoice-sync: {message}" + (f"\n{hint}" if hint else ""))
    if "JOURNAL_STREAM" in os.environ:  # only here is the log imported
        from daemon.log import in_the_journal, is_journal

        text = in_the_journal(text, "error") if is_journal(sys.stderr) else text
    click.echo(text, err=True)
