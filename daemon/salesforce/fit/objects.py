"""Checks an object and its fields without regard to values: existing, writable, with a unique key."""

from collections.abc import Collection, Iterator

from daemon.salesforce.fit.findings import Finding, Part, setup_path
from daemon.salesforce.fit.shapes import FieldShape, ObjectShape
from daemon.salesforce.fit.shipped import create_or_show, let_write, or_by_setup, setup_makes

_DEFAULTED = frozenset({"ownerid", "currencyisocode", "recordtypeid"})


def check_object(described: ObjectShape, *, part: Part = "invoices", updates: bool = True) -> Iterator[Finding]:
    """Check for the permission to create and change records; ``updates``: whether records are ever changed."""
    cannot = [
        word
        for word, may in (
            ("create", described.createable),
            ("change", described.updateable or not updates),
            ("read", described.queryable),
        )
        if not may
    ]
    hint = "Assign the permission set that grants it"
    if setup_makes(described.name):
        hint = "Run `invoice-sync salesforce setup`, which grants it; or assign the permission set that does"
    if cannot:
        yield Finding(
            "error",
            described.name,
            None,
            f"exists, but the integration user may not {' or '.join(cannot)} its records",
            f"{hint} (Setup > Permission Sets > Object Settings); or name another object in settings.yaml",
            part,
        )


def check_key(described: ObjectShape, name: str, length: int, *, part: Part = "invoices") -> Iterator[Finding]:
    """Check the external ID: only a unique key keeps records from being doubled."""
    field = described.field(name)
    where = setup_path(described.name)
    if field is None:
        sentence = "does not exist, or the integration user cannot see it; the field tells records apart"
        yield Finding("error", described.name, name, sentence, create_or_show(described.name, name), part)
        return
    by_setup = or_by_setup(described.name, field.name)
    if not field.external_id:
        also = ", though records can be looked up by it" if field.id_lookup else ""
        sentence = f"is not an External ID{also}: invoices cannot be upserted by it"
        yield Finding("error", described.name, field.name, sentence, f"Tick External ID ({where}){by_setup}", part)
    if not field.unique:
        sentence = "is not unique: Salesforce would take one invoice twice"
        yield Finding("error", described.name, field.name, sentence, f"Tick Unique ({where}){by_setup}", part)
    if field.type not in {"string", "text"}:
        sentence = f"is of the type {field.type}; external IDs are texts"
        yield Finding("error", described.name, field.name, sentence, f"Make it a Text field ({where})", part)
    elif field.length < length:
        sentence = f"has room for {field.length} characters; external IDs need {length}"
        yield Finding("error", described.name, field.name, sentence, f"Make it longer ({where})", part)
    if not field.createable:
        yield Finding("error", described.name, field.name, "cannot be written by the integration user",
                      let_write(described.name, field.name), part)  # fmt: skip


def check_writable(described: ObjectShape, field: FieldShape, *, part: Part = "invoices") -> Iterator[Finding]:
    """Check for the permission to set the field on a new record and to change it on an old one."""
    if field.createable and field.updateable:
        return
    leave = f"emove it from the mapping (`{field.name}: null` in settings.yaml)"
    grant = let_write(described.name, field.name)
    if field.auto_number:
        sentence, hint = "is an auto-number, which Salesforce fills by itself", f"R{leave}"
    elif field.calculated:
        sentence, hint = "is a formula, which nobody can write", f"R{leave}"
    elif field.createable:
        sentence, hint = "can be set on a new record only: Salesforce rejects changes", f"{grant}; or r{leave}"
    else:
        sentence, hint = "is read-only for the integration user", f"{grant}; or r{leave}"
    yield Finding("error", described.name, field.name, sentence, hint, part)


def check_required(described: ObjectShape, filled: Collection[str], *, part: Part = "invoices") -> Iterator[Finding]:
    """Yield the fields that a new record must have without a mapping. ``filled``: names in lower case."""
    for field in described.fields:
        name = field.name.lower()
        named = name in filled or (field.relationship or name).lower() in filled
        if field.required and not named and name not in _DEFAULTED:
            yield Finding(
                "error",
                described.name,
                field.name,
                "is required, and nothing is mapped to it: Salesforce rejects every new record",
                f"Map it in settings.yaml, or make it optional or give it a default ({setup_path(described.name)})",
                part,
            )
