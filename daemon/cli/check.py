"""Draws the doctor's report, with a fix for each fault."""

import os
from typing import Any

from daemon.cli.output import counted, on_terminal, say, write_json
from daemon.clock import SystemClock
from daemon.doctor import Line, Report, check_all
from daemon.settings import find_file
from daemon.spelling import sentences


def show_check(settings_name: str | None, *, as_json: bool) -> int:
    """Try everything, show the report, and return the exit code."""
    report = check_all(find_file(settings_name), os.environ, SystemClock())
    if as_json:
        write_json(_as_json(report))
    elif on_terminal():
        from daemon.cli.check_table import draw_check  # its library is large, and a pipe needs none of it

        draw_check(_head(report), report.lines, _summary(report))
    else:
        _write(report)
    return report.exit_code


def _as_json(report: Report) -> dict[str, Any]:
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
                "mend": line.fix,
            }
            for line in report.lines
        ],
    }


def _head(report: Report) -> list[tuple[str, str]]:
    org = report.org
    kind = "" if org is None else "production" if org["production"] else "not production"
    return [
        ("Magento", report.magento or "not known"),
        ("Salesforce", report.salesforce or "not known"),
        ("Org", "not known" if org is None else f"{org['name']} ({org['id']}), {org['edition']}, {kind}"),
    ]


def _write(report: Report) -> None:
    """Write a plain line for each check, easy to search: status, place, result, fix."""
    for title, text in _head(report):
        say(f"{title}: {text}")
    for line in report.lines:
        say(f"{line.status}: {line.area}: {line.check}: {_sentence(line)}")
    say(_summary(report))


def _sentence(line: Line) -> str:
    tried = "" if line.status == "ok" else f" (tried: {line.tried})"
    return " ".join(sentences(f"{line.result}{tried}", line.fix).split())


def _summary(report: Report) -> str:
    found = [line.status for line in report.lines]
    said = [
        counted(found.count("error"), "error"),
        counted(found.count("warning"), "warning"),
        f"{found.count('ok')} ok",
        *([f"{found.count('skipped')} not tried"] if "skipped" in found else []),
    ]
    return f"{', '.join(said)}."
