"""``python -m daemon``: the same as the command invoice-sync, which begins here, before anything large is imported."""

import sys
from typing import TYPE_CHECKING, NoReturn

from state.room import lacks_room

if TYPE_CHECKING:
    from daemon.cli.group import LazyGroup

_HINT = "Raise its limits (`ulimit -n`, `ulimit -v`; LimitNOFILE=, MemoryMax=, TasksMax= of the service), or try again."
# The demo runs the other commands, so the demo is above them. Like each command the demo is imported on its call.
_ABOVE = {"demo": ("daemon.demo", "demo", "Watch the whole thing work on embedded sandboxes.")}


def main() -> NoReturn:
    """Run the command; where the process has too few files, threads or too little memory, say so and exit with 75."""
    try:
        from daemon.cli import main as run

        run(all_commands())
    except Exception as error:
        if not lacks_room(error):
            raise
        sys.stderr.write(f"invoice-sync: this process lacks open files, threads or memory ({_said(error)})\n{_HINT}\n")
        sys.exit(75)


def all_commands() -> "LazyGroup":
    """Return the command line with the demo."""
    from daemon.cli import cli

    return cli.including(_ABOVE)


def _said(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


if __name__ == "__main__":
    main()
