"""``invoice-sync salesforce``: sets the org up."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from daemon.cli.options import settings_option
from daemon.cli.output import say

if TYPE_CHECKING:
    from daemon.salesforce.connection import Connection
    from daemon.salesforce.setup import Plan, Progress
    from daemon.settings import Configuration


@click.group()
def salesforce() -> None:
    """Set up the Salesforce org."""


@salesforce.command(
    epilog="It creates what is missing of the default objects with their fields, permission set, tab, list views and "
    "page layouts, and leaves alone what is there: a changed length, label or layout stays as the org has it."
)
@click.option("--dry-run", is_flag=True, help="Let Salesforce check it all, and write nothing.")
@settings_option
def setup(dry_run: bool, settings_name: str | None) -> int:
    """Create the objects, fields and permission set in the org, and nothing that is there already."""
    from daemon.cli.assemble import connect, read_settings
    from daemon.salesforce.setup import PERMISSION_SET, plan_of

    configuration = read_settings(settings_name).current
    connection = connect(configuration)
    try:
        connection.sign_in()
        say(f"Salesforce: {connection.instance_url}, {_org_of(connection)}")
        for line in _others(configuration):
            say(line)
        plan = plan_of(connection)
        for line in plan.left:
            say(f"{line}.")
        if plan.deploy:
            _deploy(connection, configuration, plan, dry_run=dry_run)
        else:
            say(f"All objects, fields, views, layouts and the permission set {PERMISSION_SET} are there.")
        code = _assign(connection, dry_run=dry_run)
        done = f"Next: {_command('salesforce setup' if dry_run else 'check', settings_name)}"
        say(done if dry_run else f"{done} says whether the org takes all that is sent to it.")
        return code
    finally:
        connection.close()


def _command(name: str, settings_name: str | None) -> str:
    return f"`invoice-sync {name}{f' --settings {settings_name}' if settings_name else ''}`"


def _org_of(connection: "Connection") -> str:
    """Which org it is, so that nobody sets up another than was meant; its id alone where it does not tell more."""
    from daemon.errors import InvoiceSyncError
    from daemon.salesforce.identity import which_org

    try:
        org = which_org(connection)
    except InvoiceSyncError:
        return f"org {connection.organization_id or 'unknown'}"
    return f"org {org.name} ({org.id}), {org.edition}, {'production' if org.production else 'not production'}"


def _others(configuration: "Configuration") -> list[str]:
    """What the settings name instead of the default objects: whose those are is not for us to change."""
    from daemon.salesforce.setup import OBJECTS

    named = configuration.settings.salesforce
    pairs = zip(OBJECTS, (named.invoice.object, named.item.object, named.comment.object), strict=True)
    return [
        f"settings.yaml names {other}, which is left alone: setup creates only the default {default}."
        for default, other in pairs
        if other not in {default, None}
    ]


def _deploy(connection: "Connection", configuration: "Configuration", plan: "Plan", *, dry_run: bool) -> None:
    from daemon.clock import SystemClock
    from daemon.salesforce.setup import Pace, deploy, package

    for step in plan.steps:
        say(f"{'would ' if dry_run else ''}{step}")
    packed = package(plan.deploy, configuration.settings.salesforce.api_version)
    with _reporting() as report:
        deploy(connection, packed, check_only=dry_run, pace=Pace(SystemClock(), time.sleep), report=report)
    done = "Salesforce would take all of it; nothing was written." if dry_run else "Done."
    say(done)


@contextmanager
def _reporting() -> "Iterator[Callable[[Progress], None]]":
    """A progress bar on a terminal; in a pipe a line whenever Salesforce has another word for where it is."""
    if not sys.stderr.isatty():
        last: list[str] = []

        def tell(progress: "Progress") -> None:
            if last != [progress.status]:
                last[:] = [progress.status]
                say(f"Salesforce: {progress.status} ({progress.done} of {progress.total})", err=True)

        yield tell
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from daemon.words import visible

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("components", total=None)

        def show(progress: "Progress") -> None:
            bar.update(
                task,
                description=escape(visible(progress.status)),
                completed=progress.done,
                total=progress.total or None,
            )

        yield show


def _assign(connection: "Connection", *, dry_run: bool) -> int:
    from daemon.salesforce.setup import BY_HAND, PERMISSION_SET, assign

    assignment, why = assign(connection, check_only=dry_run)
    if assignment == "missing" and dry_run:
        say(f"would assign the permission set {PERMISSION_SET} to the integration user")
        return 0
    if assignment == "missing":
        say(f"The permission set {PERMISSION_SET} is not assigned to the integration user: {why}", err=True)
        say(BY_HAND, err=True)
        return 3
    has = "has" if assignment == "already" else "now has"
    say(f"The integration user {has} the permission set {PERMISSION_SET}.")
    return 0
