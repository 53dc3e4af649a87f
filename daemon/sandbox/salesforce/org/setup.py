"""The org's Setup: its metadata, the deployments to it, and the permission sets."""

from collections.abc import Callable, Iterable
from datetime import datetime
from xml.etree.ElementTree import Element

from daemon.sandbox.salesforce.org.database import Database
from daemon.sandbox.salesforce.org.deployment import Deployment, carry_out
from daemon.sandbox.salesforce.org.errors import ApiError, not_found
from daemon.sandbox.salesforce.org.ids import ids_from
from daemon.sandbox.salesforce.org.metadata_xml import element_of, spell_xml
from daemon.sandbox.salesforce.org.objects import custom_object
from daemon.sandbox.salesforce.org.permissions import PermissionSet
from daemon.sandbox.salesforce.org.schema import Field, SObject
from daemon.sandbox.salesforce.org.table import Table

NO_METADATA = "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"


class Setup(Database):
    """An org with a Metadata API.

    `may_deploy` is the user's right to the Metadata API. `polls_until_done` is the number of questions about a
    deployment until it ends. `reject_component` returns the org's message about a rejected component, or None.
    """

    def __init__(self, objects: Iterable[SObject], clock: Callable[[], datetime]) -> None:
        super().__init__(objects, clock)
        self.components: dict[tuple[str, str], Element] = {}
        self.children_names: dict[str, str] = {}
        self.deployments: dict[str, Deployment] = {}
        self.may_deploy = True
        self.polls_until_done = 3
        self.reject_component: Callable[[str, str], str | None] = lambda _type, _name: None
        self._deployment_ids = ids_from("0Af")

    def start_deployment(self, data: bytes, *, check_only: bool) -> Deployment:
        """Take a zip in for deployment; the client asks for the outcome later."""
        self.demand_metadata()
        with self.mutex:
            deployment = Deployment(next(self._deployment_ids), data, check_only)
            self.deployments[deployment.id] = deployment
            return deployment

    def ask_deployment(self, deployment_id: str) -> Deployment:
        """Return a deployment; each question about it moves it on."""
        self.demand_metadata()
        with self.mutex:
            found = self.deployments.get(deployment_id)
            if found is None:
                raise not_found()
            found.polls += 1
            if found.status in {"Pending", "InProgress"}:
                found.status = "InProgress" if found.polls > 1 else "Pending"
                if found.polls >= self.polls_until_done:
                    self._carry_out(found)
            return found

    def read_metadata(self, kind: str, names: Iterable[str]) -> list[str]:
        """Return the records of an answer to readMetadata, an empty one for an unknown name."""
        self.demand_metadata()
        with self.mutex:
            return [self._spelled(kind, name) for name in names]

    def demand_metadata(self) -> None:
        """Refuse a user who may not use the Metadata API."""
        if not self.may_deploy:
            raise ApiError("INSUFFICIENT_ACCESS", NO_METADATA, fields=None, status=403)

    def put_object(self, sobject: SObject) -> None:
        """Add this object, or replace its definition."""
        if sobject.name in self._tables:
            self._tables[sobject.name].index_by(sobject)
        else:
            self._tables[sobject.name] = Table(sobject)
        self.objects[sobject.name] = sobject

    def new_object(self, name: str, label: str, name_field: Field) -> SObject:
        """Return a new object with the fields of every object, and a unique prefix for its ids."""
        taken = {sobject.key_prefix for sobject in self.objects.values()}
        prefix = next(f"a{number:02d}" for number in range(100) if f"a{number:02d}" not in taken)
        return custom_object(name, label, prefix, name_field)

    def remove_object(self, name: str) -> None:
        """Delete an object, as an administrator does, with its records, views, layouts and grants."""
        with self.mutex:
            del self.objects[name], self._tables[name]
            parts = [key for key in self.components if key[1].replace("-", ".").partition(".")[0] == name]
            for key in parts:
                del self.components[key]
            self.children_names = {one: child for one, child in self.children_names.items() if child != name}
            self.guarded = {one for one in self.guarded if one.partition(".")[0] != name}
            for one in self.permission_sets.values():
                one.content[:] = [part for part in one.content if not _is_about(part, name)]

    def permission_set(self, name: str) -> PermissionSet:
        """Return a permission set, for a test to change as an administrator would."""
        return self.permission_sets[name]

    def _carry_out(self, deployment: Deployment) -> None:
        before = (dict(self.objects), dict(self._tables), set(self.guarded), dict(self.permission_sets))
        also = (dict(self.components), dict(self.children_names))
        carry_out(self, deployment)
        if deployment.check_only or deployment.failures:
            self.objects, self._tables, self.guarded, self.permission_sets = before
            self.components, self.children_names = also
            for name, sobject in self.objects.items():
                if self._tables[name] is not self._tables.get("ContentNote") or name == "ContentNote":
                    self._tables[name].index_by(sobject)
            return
        for name in self.permission_sets:
            if not self.ids_with("PermissionSet", "Name", name):
                self._install("PermissionSet", Name=name, Label=name.replace("_", " "))

    def _spelled(self, kind: str, name: str) -> str:
        nothing = '<records xsi:nil="true"/>'
        if kind == "PermissionSet":
            found = self.permission_sets.get(name)
            return self._record(kind, name, found.content) if found else nothing
        if kind != "CustomObject":
            component = self.components.get((kind, name))
            return nothing if component is None else self._record(kind, name, component)
        if name not in self.objects:
            return nothing
        shell = self.components.get((kind, name), Element(kind))
        own = [part for part in shell if part.tag not in {"fullName", "fields", "listViews"}]
        fields = [
            element_of(field, self._children_name(name, field)) for field in self.objects[name].fields if field.custom
        ]
        views = []
        for (view_kind, view_name), view in self.components.items():
            if view_kind == "ListView" and view_name.partition(".")[0] == name:
                inner = Element("listViews")
                inner.extend(view)
                views.append(inner)
        return self._record(kind, name, [*own, *fields, *views])

    def _children_name(self, owner: str, field: Field) -> str:
        for full, child in self.children_names.items():
            target, _, children = full.partition(".")
            if child == owner and target in field.reference_to:
                return children
        return "Children"

    def _record(self, kind: str, name: str, content: Iterable[Element]) -> str:
        full_name = Element("fullName")
        full_name.text = name
        return spell_xml("records", [full_name, *content]).replace("<records>", f'<records xsi:type="{kind}">', 1)


def _is_about(part: Element, name: str) -> bool:
    subject = part.findtext("field") or part.findtext("object") or part.findtext("tab") or ""
    return subject.partition(".")[0] == name
