"""Decides whether an org fits these settings: all findings at once, each with a hint."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from daemon.mapping import CURRENCY, ROOM, InvoiceMapping
from daemon.salesforce.fit.describe import OrgShape
from daemon.salesforce.fit.fields import misfits, spelling_for
from daemon.salesforce.fit.findings import Finding, Part, setup_path
from daemon.salesforce.fit.lookups import check_item_parent, check_parent_key
from daemon.salesforce.fit.notes import check_notes
from daemon.salesforce.fit.objects import check_key, check_object, check_required, check_writable
from daemon.salesforce.fit.shapes import ObjectShape
from daemon.salesforce.fit.shipped import create_or_show
from daemon.salesforce.fit.sources import expected_from
from daemon.settings import Settings
from daemon.settings.sources import FieldSource
from daemon.spelling import ObjectTraits, OrgTraits

_ID_DIGITS = 10  # Magento's entity_id is an unsigned integer of 32 bits


@dataclass(frozen=True, slots=True)
class Fit:
    """The findings, and the traits of the org that the mapping must follow so that the rest goes well."""

    findings: tuple[Finding, ...] = ()
    traits: OrgTraits = field(default_factory=OrgTraits)

    def errors(self, part: Part) -> tuple[Finding, ...]:
        """Return the findings that keep invoices, or notes, from being written."""
        return tuple(found for found in self.findings if found.severity == "error" and found.part == part)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Return the findings that keep nothing back."""
        return tuple(found for found in self.findings if found.severity == "warning")


def check_org(shape: OrgShape, settings: Settings, mapping: InvoiceMapping, *, currencies: Collection[str] = ()) -> Fit:
    """Return whether the org fits. ``currencies``: codes that invoices are known to have.

    An invoice and its items go in together or not at all, so an item object that does not fit keeps back the invoices.
    A fault of notes or comment records keeps back the notes alone.
    """
    salesforce = settings.salesforce
    invoice, item = salesforce.invoice, salesforce.item
    traits = OrgTraits(
        _traits(shape, invoice.object, mapping.invoice_sources),
        _traits(shape, item.object, mapping.item_sources),
        _has_fixed_parent(shape, settings),
    )
    sent = InvoiceMapping(settings, traits)
    key_length = len(settings.magento.name) + 1 + _ID_DIGITS
    findings = [
        *_check_record(shape, invoice.object, sent.invoice_sources, key=(invoice.external_id, key_length)),
        *_check_currencies(shape.get(invoice.object), currencies, traits),
    ]
    if item.object is not None:
        key = (item.external_id, key_length + len("item-"))
        findings += _check_record(shape, item.object, sent.item_sources, key=key, parent=item.parent)
        findings += check_item_parent(shape.get(item.object), settings)
    if settings.invoices.synchronize_notes:
        findings += check_notes(shape, settings, key_length + len("comment-"))
    return Fit(tuple(findings) or (_all_well(invoice.object),), traits)


def _all_well(name: str) -> Finding:
    return Finding("ok", name, None, "and all that belongs to it take what is sent")


def _check_record(
    shape: OrgShape, name: str, sources: Mapping[str, FieldSource], *, key: tuple[str, int], parent: str | None = None
) -> Iterator[Finding]:
    described = shape.get(name)
    if described is None:
        yield Finding(
            "error", name, None, "does not exist, or the integration user cannot see it", create_or_show(name)
        )
        return
    yield from check_object(described)
    yield from check_key(described, *key)
    for target, source in sources.items():
        relationship, dot, parent_key = target.partition(".")
        if dot:
            yield from check_parent_key(shape, described, relationship, parent_key, expected_from(source))
        else:
            yield from _check_field(described, target, source)
    filled = {target.partition(".")[0].lower() for target in sources} | {key[0].lower(), (parent or "").lower()}
    yield from check_required(described, filled)


def _check_field(described: ObjectShape, name: str, source: FieldSource) -> Iterator[Finding]:
    found = described.field(name)
    if found is None:
        yield Finding(
            "error",
            described.name,
            name,
            "does not exist, or the integration user cannot see it",
            f"{create_or_show(described.name, name)}; or remove it from the mapping (`{name}: null` in settings.yaml)",
        )
        return
    faults = list(check_writable(described, found))
    yield from faults
    if faults:
        return
    expected = expected_from(source)
    for misfit in misfits(found, expected, described.name):
        yield Finding(misfit.severity, described.name, found.name, misfit.sentence, misfit.hint)
    if found.required and not expected.always:
        yield Finding(
            "warning",
            described.name,
            found.name,
            "is required, but Magento may have no value for it: such invoices fail",
            f"Make it optional ({setup_path(described.name)})",
        )


def _traits(shape: OrgShape, name: str | None, sources: Mapping[str, FieldSource]) -> ObjectTraits:
    described = shape.get(name or "")
    if described is None:
        return ObjectTraits()
    spelled: dict[str, set[str]] = {"text": set(), "date": set(), "checkbox": set()}
    rooms: dict[str, int] = {}
    for key, source in sources.items():
        relationship, dot, parent_key = key.partition(".")
        target = described.field(key)
        if dot:
            leads = described.related(relationship)
            parent = shape.get(leads.reference_to[0]) if leads and leads.reference_to else None
            target = parent.field(parent_key) if parent else None
        if target is None:
            continue
        spelling = spelling_for(target, expected_from(source))
        if spelling is not None:
            spelled[spelling].add(key)
        if key in ROOM and 0 < target.length < ROOM[key]:
            rooms[key] = target.length
    currency = described.field(CURRENCY)
    return ObjectTraits(
        frozenset(spelled["text"]),
        frozenset(spelled["date"]),
        frozenset(spelled["checkbox"]),
        rooms,
        currency is not None and currency.createable and currency.updateable,
    )


def _has_fixed_parent(shape: OrgShape, settings: Settings) -> bool:
    described = shape.get(settings.salesforce.item.object or "")
    parent = described.field(settings.salesforce.item.parent) if described else None
    return parent is not None and parent.createable and not parent.updateable and not parent.nillable


def _check_currencies(
    described: ObjectShape | None, currencies: Collection[str], traits: OrgTraits
) -> Iterator[Finding]:
    known = described.field(CURRENCY) if described and traits.invoice.currency else None
    if described is None or known is None or not known.values:
        return
    for code in sorted(set(currencies) - set(known.values)):
        yield Finding(
            "warning",
            described.name,
            CURRENCY,
            f"does not take {code}, which invoices have: the currency is not active in the org, so these invoices fail",
            "Activate it (Setup > Company Information > Manage Currencies)",
        )
