"""Sets the org up: creates the missing default objects with their fields, and says so."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from daemon.cli.assemble import connect
from daemon.cli.opening import read_settings
from daemon.cli.output import say
from daemon.clock import SystemClock
from daemon.errors import InvoiceSyncError
from daemon.salesforce.connection import Connection
from daemon.salesforce.identity import which_org
from daemon.salesforce.setup import (
    BY_HAND,
    OBJECTS,
    PERMISSION_SET,
    Pace,
    Plan,
    Progress,
    assign,
    deploy,
    package,
    plan_of,
)
from daemon.settings import Settings


def set_up(settings_name: str | None, *, dry_run: bool) -> int:
    """Create the missing components, or in a ``dry_run`` have Salesforce check them, and return the exit code."""
    configuration = read_settings(settings_name).current
    connection = connect(configuration)
    try:
        connection.sign_in()
        say(f"Salesforce: {connection.instance_url}, {_org_of(connection)}")
        for line in _others(configuration.settings):
            say(line)
        plan = plan_of(connection)
        for line in plan.left:
            say(f"{line}.")
        if plan.deploy:
            _deploy(connection, configuration.settings.salesforce.api_version, plan, dry_run=dry_run)
        else:
            say(f"All objects, fields, views, layouts and the permission set {PERMISSION_SET} exist.")
        code = _assign(connection, dry_run=dry_run)
        done = f"Next: {_command('salesforce setup' if dry_run else 'check', settings_name)}"
        say(done if dry_run else f"{done} checks whether the org accepts everything that is sent.")
        return code
    finally:
        connection.close()


def _command(name: str, settings_name: str | None) -> str:
    return f"`invoice-sync {name}{f' --settings {settings_name}' if settings_name else ''}`"


def _org_of(connection: Connection) -> str:
    """Return the org's name and kind, so that nobody sets up the wrong org; only its id when the org tells no more."""
    try:
        org = which_org(connection)
    except InvoiceSyncError:
        return f"org {connection.organization_id or 'unknown'}"
    return f"org {org.name} ({org.id}), {org.edition}, {'production' if org.production else 'not production'}"


def _others(settings: Settings) -> list[str]:
    """Return a line for each object of the settings other than the default, which setup leaves alone."""
    named = settings.salesforce
    pairs = zip(OBJECTS, (named.invoice.object, named.item.object, named.comment.object), strict=True)
    return [
        f"settings.yaml names {other}: setup leaves it alone, and creates only the default {default}."
        for default, other in pairs
        if other not in {default, None}
    ]


def _deploy(connection: Connection, api_version: str, plan: Plan, *, dry_run: bool) -> None:
    for step in plan.steps:
        say(f"{'would ' if dry_run else ''}{step}")
    packed = package(plan.deploy, api_version)
    with _reporting() as report:
        deploy(connection, packed, check_only=dry_run, pace=Pace(SystemClock(), time.sleep), report=report)
    done = "Salesforce would accept all of it. Nothing was written." if dry_run else "Done."
    say(done)


@contextmanager
def _reporting() -> Iterator[Callable[[Progress], None]]:
    """Yield the function that shows progress: a bar on a terminal, in a pipe a line for each new status."""
    if not sys.stderr.isatty():
        last: list[str] = []

        def tell(progress: Progress) -> None:
            if last != [progress.status]:
                last[:] = [progress.status]
                say(f"Salesforce: {progress.status} ({progress.done} of {progress.total})", err=True)

        yield tell
        return
    from daemon.cli.terminal import progress_bar  # its library is large, and a pipe needs none of it

    with progress_bar("components") as bar:
        yield lambda progress: bar(progress.status, progress.done, progress.total)


def _assign(connection: Connection, *, dry_run: bool) -> int:
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
