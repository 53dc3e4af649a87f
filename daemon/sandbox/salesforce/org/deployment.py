"""Carries out metadata deployments: a zip creates and changes objects, fields and permission sets, all or none."""

from dataclasses import dataclass, field

from daemon.sandbox.salesforce.org.components import OBJECT_PARTS, Metadata, deploy_component, misfits
from daemon.sandbox.salesforce.org.metadata_xml import Rejected
from daemon.sandbox.salesforce.org.package import Package, file_of

_ORDER = ("CustomObject", "CustomField", "ListView", "CustomTab", "Layout", "PermissionSet")
_PHASES = ("CustomObject", OBJECT_PARTS, *_ORDER[1:])


@dataclass(frozen=True, slots=True)
class Failed:
    """One rejected component."""

    type: str
    name: str
    file: str
    problem: str


@dataclass
class Deployment:
    """One deployment; `polls` counts the questions about it, as it takes a while."""

    id: str
    data: bytes
    check_only: bool
    status: str = "Pending"
    polls: int = 0
    total: int = 0
    failures: list[Failed] = field(default_factory=list)


def carry_out(org: Metadata, deployment: Deployment) -> None:
    """Deploy all components, or none if one is rejected."""
    try:
        package = Package(deployment.data)
    except Rejected as rejected:
        deployment.failures = [Failed("", "package.xml", "package.xml", str(rejected))]
        deployment.status = "Failed"
        return
    members = [(kind, name) for kind in _ORDER for name in package.members.get(kind, ())]
    parts = [(OBJECT_PARTS, name) for name in package.members.get("CustomObject", ())]
    unknown = sorted(set(package.members) - set(_ORDER))
    deployment.total = len(members) + len(unknown)
    failures = [Failed("", kind, "package.xml", f"Unknown type name '{kind}' specified") for kind in unknown]
    for kind, name in sorted([*members, *parts], key=lambda one: _PHASES.index(one[0])):
        if kind == OBJECT_PARTS and name not in org.objects:
            continue
        try:
            deploy_component(org, package, kind, name)
        except Rejected as rejected:
            failures.append(Failed(kind, name, file_of(kind, name), str(rejected)))
    if not failures:
        failures = [Failed("CustomObject", name, f"objects/{name}.object", why) for name, why in misfits(org)]
    deployment.failures = failures
    deployment.status = "Failed" if failures else "Succeeded"
