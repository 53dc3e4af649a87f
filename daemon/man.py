"""``python -m daemon.man``: the man page, made from the commands' own help, so that it never says anything else."""

import sys
from collections.abc import Iterator
from importlib.metadata import version

import click

from daemon.__main__ import all_commands

_FILES = {
    "/etc/invoice-sync/settings.yaml": (
        "The settings; every key is explained in it, and invoice-sync init fills it in. Others are found by "
        "--settings FILE, $INVOICE_SYNC_SETTINGS or ./settings.yaml, which go first; one as it is shipped is "
        "passed over."
    ),
    "/etc/invoice-sync/secrets/": "A file for each secret, root's alone. The service is handed them when it starts.",
    "/var/lib/invoice-sync/state.db": (
        "What the service knows. It may be deleted: everything is then looked at again, and nothing is doubled. "
        "state backup copies it, state restore puts a copy back; no copy is put beside state.db-wal by hand."
    ),
}


def pages() -> str:
    """The page, in the language of man."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    cli = all_commands()
    yield f'.TH INVOICE-SYNC 1 "" "invoice-sync {version("invoice-sync")}" "User Commands"'
    yield from (".SH NAME", f"invoice-sync \\- {_text('carries Magento 2 invoices into Salesforce')}")
    yield from (".SH SYNOPSIS", ".B invoice-sync", _text("COMMAND [OPTIONS] ..."))
    yield from (".SH DESCRIPTION", _text(cli.help or ""))
    yield ".SH COMMANDS"
    for words, command in _commands(cli, "invoice-sync"):
        context = click.Context(command, info_name=words)
        pieces = " ".join(piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]")
        yield from (f".SS {_text(f'{words} {pieces}'.strip())}", _text(command.help or ""))
        for parameter in command.params:
            record = parameter.get_help_record(context)
            if record is not None:
                yield from (".TP", f"\\fB{_text(record[0])}\\fR", _text(record[1]))
    yield from (".SH EXIT STATUS", _text(cli.epilog or ""), ".SH FILES")
    for path, what in _FILES.items():
        yield from (".TP", f"\\fI{_text(path)}\\fR", _text(what))
    yield from (".SH SEE ALSO", ".BR systemctl (1), journalctl (1)")


def _commands(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def _text(words: str) -> str:
    """As it is to be read: nothing in it is taken for man's own language."""
    lines = (line.strip() for line in words.replace("\b", "").replace("\\", "\\e").replace("-", "\\-").splitlines())
    return "\n".join(("\\&" + line if line.startswith((".", "'")) else line) for line in lines if line)


if __name__ == "__main__":
    sys.stdout.write(pages())
