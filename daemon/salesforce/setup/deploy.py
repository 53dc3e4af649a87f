"""Deploys a package through the Metadata REST API, and waits, within bounds, for the result."""

from collections.abc import Callable
from dataclasses import dataclass
from json import dumps
from typing import Any

import requests
from urllib3 import encode_multipart_formdata

from daemon.clock import Clock
from daemon.errors import Busy, InvoiceSyncError, Retriable, Unreachable
from daemon.redaction import Redaction
from daemon.salesforce.connection import Connection
from daemon.salesforce.setup.reading import not_allowed

WAIT_SECONDS = 900.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_SEE = "See Setup > Deployment Status; run `invoice-sync salesforce setup` again when the deployment is over."
_OVER = frozenset({"Succeeded", "SucceededPartial", "Failed", "Canceled"})


@dataclass(frozen=True, slots=True)
class Failure:
    """One rejected component, in the org's words and with a hint."""

    name: str
    problem: str
    hint: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a deployment: its status in the org's word, and the numbers of components done and in all."""

    status: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Pace:
    """The clock, the sleep and the limit for waiting."""

    clock: Clock
    sleep: Callable[[float], None]
    seconds: float = WAIT_SECONDS


class DeploymentRejected(InvoiceSyncError):  # noqa: N818
    """The org rejected components; components go in together or not at all, so the org is unchanged."""

    def __init__(self, failures: list[Failure]) -> None:
        lines = [f"  {one.name}: {one.problem}\n    {one.hint}" for one in failures]
        super().__init__("Salesforce rejected the setup; nothing was changed:\n" + "\n".join(lines))
        self.failures = failures


def deploy(
    connection: Connection, package: bytes, *, check_only: bool, pace: Pace, report: Callable[[Progress], None]
) -> None:
    """Deploy the whole package or raise DeploymentRejected. ``check_only``: only ask the org."""
    deployment = _start(connection, package, check_only=check_only)
    end = pace.clock.monotonic() + pace.seconds
    pause = _FIRST_PAUSE
    result: dict[str, Any] = {}
    while True:
        try:
            result = _result(connection, deployment)
        except Retriable as error:  # the org works on; only an answer was lost
            if pace.clock.monotonic() + pause > end:
                error.hint = _SEE
                raise
        status = str(result.get("status", "Pending"))
        report(Progress(status, _int(result, "numberComponentsDeployed"), _int(result, "numberComponentsTotal")))
        if status in _OVER:
            break
        if pace.clock.monotonic() + pause > end:
            raise Busy(
                f"Salesforce is still working on the deployment {deployment} after {pace.seconds:g} seconds ({status})",
                side="salesforce",
                hint=_SEE,
            )
        pace.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    if status != "Succeeded":
        raise DeploymentRejected(
            _failures(result) or [Failure(deployment, _reason(result, status, connection.redaction), _hint(""))]
        )


def _start(connection: Connection, package: bytes, *, check_only: bool) -> str:
    options = {
        "deployOptions": {
            "checkOnly": check_only,
            "rollbackOnError": True,
            "singlePackage": True,
            "ignoreWarnings": True,
            "testLevel": "NoTestRun",
        }
    }
    body, content_type = encode_multipart_formdata(
        {
            "json": ("", dumps(options), "application/json"),
            "file": ("deploy.zip", package, "application/zip"),
        }
    )
    path = f"{connection.root}/metadata/deployRequest"
    answer = _json(connection, connection.exchange("POST", path, lambda _: body, {"Content-Type": content_type}))
    found = answer.get("id")
    if not isinstance(found, str):
        raise Unreachable("Salesforce's answer names no deployment", side="salesforce", sent=True)
    return found


def _result(connection: Connection, deployment: str) -> dict[str, Any]:
    path = f"{connection.root}/metadata/deployRequest/{deployment}?includeDetails=true"
    result = _json(connection, connection.exchange("GET", path, lambda _: None, {})).get("deployResult")
    if not isinstance(result, dict):
        raise Unreachable("Salesforce's answer about the deployment cannot be read", side="salesforce", sent=True)
    return result


def _json(connection: Connection, response: requests.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        answer = None
    if not response.ok:
        error = connection.error_of(response, answer)
        if response.status_code == 403 and "INSUFFICIENT_ACCESS" in str(error):
            raise not_allowed(str(error))
        raise error
    if not isinstance(answer, dict):
        raise Unreachable("Salesforce's answer about the deployment is not JSON", side="salesforce", sent=True)
    return answer


def _failures(result: dict[str, Any]) -> list[Failure]:
    details = result.get("details") or {}
    failures = details.get("componentFailures") or []
    found = [
        Failure(str(one.get("fullName") or one.get("fileName") or "?"), problem, _hint(problem))
        for one in (failures if isinstance(failures, list) else [failures])
        if (problem := " ".join(str(one.get("problem", "no reason given")).split())[:500])
    ]
    return list(dict.fromkeys(found))


def _reason(result: dict[str, Any], status: str, redaction: Redaction) -> str:
    return redaction.heard(str(result.get("errorMessage") or f"the deployment ended as {status}"))[:500]


def _int(result: dict[str, Any], name: str) -> int:
    value = result.get(name)
    return value if isinstance(value, int) else 0


def _hint(problem: str) -> str:
    lowered = problem.lower()
    return next((hint for words, hint in _HINTS if any(word in lowered for word in words)), _ANY)


_ANY = "The org's words name the cause; fix it in Setup, then run the command again."
_HINTS = (
    (
        ("required field",),
        "The org has made this field required, so it cannot be granted: run the command again without it.",
    ),
    (
        ("child relationship", "duplicate", "already in use", "already exists", "already a"),
        "This name or value exists already: rename it in Setup > Object Manager, or remove the duplicates.",
    ),
    (
        ("limit", "maximum", "exceed", "too many"),
        "A limit of the org is reached: free some room (Setup > Company Information), or ask Salesforce for more.",
    ),
    (
        ("related list", "note"),
        "Switch on Notes in Setup > Notes Settings, or set salesforce.note.type to note.",
    ),
    (
        ("license", "not available for this organization", "not enabled", "permission depends", "depends on"),
        "The org's edition or the user's licence lacks this: an administrator sees why in Setup > Permission Sets.",
    ),
    (
        ("master", "detail", "sharing model"),
        "A master-detail field cannot be added to an object with records: remove the records or the object first.",
    ),
    (
        ("api version", "invalid version"),
        "Set salesforce.api_version to one that the org has.",
    ),
)
