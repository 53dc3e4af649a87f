"""``invoice-sync check``: the doctor's report, and what to do about each thing that is not as it must be."""

from typing import TYPE_CHECKING, Any

import click

from daemon.cli.options import json_option, settings_option

if TYPE_CHECKING:
    from daemon.doctor import Line, Report

_STYLES = {"ok": "green", "warning": "yellow", "error": "bold red", "skipped": "dim"}


@click.command()
@json_option
@settings_option
def check(as_json: bool, settings_name: str | None) -> int:
    """Try everything the daemon needs, on both sides, before it is needed. It writes nothing anywhere but, with
    auth: admin, how many sign-ins were refused.

    Ends with 0 (also with warnings), 78 when something needs a person, 75 when a side is only unreachable.
    """
    import os

    from daemon.cli.output import on_terminal, write_json
    from daemon.clock import SystemClock
    from daemon.doctor import check_all
    from daemon.settings import find_file

    report = check_all(find_file(settings_name), os.environ, SystemClock())
    if as_json:
        write_json(_as_json(report))
    elif on_terminal():
        _draw(report)
    else:
        _write(report)
    return report.exit_code


def _as_json(report: "Report") -> dict[str, Any]:
    return {
        "magento": report.magento,
        "salesforce": report.salesforce,
        "org": report.org,
        "outcome": report.outcome,
        "checks": [
            {
                "area": line.area,
                "check": line.check,
                "status": line.status,
                "tried": line.tried,
                "result": line.result,
                "mend": line.mend,
            }
            for line in report.lines
        ],
    }


def _head(report: "Report") -> list[tuple[str, str]]:
    org = report.org
    kind = "" if org is None else "production" if org["production"] else "not production"
    return [
        ("Magento", report.magento or "not known"),
        ("Salesforce", report.salesforce or "not known"),
        ("Org", "not known" if org is None else f"{org['name']} ({org['id']}), {org['edition']}, {kind}"),
    ]


def _write(report: "Report") -> None:
    """Plain lines, of which each can be looked for: status, where, what was found, what to do."""
    from daemon.cli.output import say

    for title, text in _head(report):
        say(f"{title}: {text}")
    for line in report.lines:
        say(f"{line.status}: {line.area}: {line.check}: {_sentence(line)}")
    say(_verdict(report))


def _sentence(line: "Line") -> str:
    from daemon.spelling import sentences

    tried = "" if line.status == "ok" else f" (tried: {line.tried})"
    return " ".join(sentences(f"{line.result}{tried}", line.mend).split())


def _verdict(report: "Report") -> str:
    counts = {status: sum(line.status == status for line in report.lines) for status in _STYLES}
    said = [
        f"{counts['error']} error{'' if counts['error'] == 1 else 's'}",
        f"{counts['warning']} warning{'' if counts['warning'] == 1 else 's'}",
        f"{counts['ok']} ok",
        *([f"{counts['skipped']} not tried"] if counts["skipped"] else []),
    ]
    return f"{', '.join(said)}."


def _draw(report: "Report") -> None:
    """A table for a person."""
    import os

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from daemon.words import visible, visible_lines

    console = Console(no_color="NO_COLOR" in os.environ)
    for title, text in _head(report):
        console.print(Text(f"{title + ':':<12}"), Text(visible(text), style="bold"), sep="", overflow="fold")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    area = None
    for line in report.lines:
        if line.area != area:
            area = line.area
            table.add_row("", Text(area.capitalize(), style="bold underline"))
        found = Text(visible_lines(f"{line.check}: {line.result}"))
        if line.status in {"warning", "error"}:
            found.append(f"\ntried: {visible(line.tried)}", style="dim")
        if line.mend:
            found.append(f"\n{visible_lines(line.mend)}", style="bold")
        table.add_row(Text(line.status, style=_STYLES[line.status]), found)
    console.print()
    console.print(table)
    console.print(Text(_verdict(report)))
