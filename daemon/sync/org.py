"""Whether the org takes what is sent: found out before the first write, and when a rejection makes it doubtful.

One call per object, and what was found is remembered for a day, or until the settings change: a process that starts
anew asks nothing. What would be refused is found before a write, all of it at once. An error about invoices or items
pauses Salesforce (header and items go in together or not at all); one about notes or comment records keeps back the
notes alone. A rejection that describe could explain is looked into at once, but once an hour at most. What may go
twice, after a call without an answer or a crash, goes only once the org was described since: that nothing is doubled
rests on external IDs that are unique, and no rejection ever tells that one is so no longer.
"""

from dataclasses import replace
from datetime import timedelta

from daemon.errors import SideDenied
from daemon.mapping import InvoiceMapping
from daemon.salesforce import RecordError
from daemon.salesforce.fit import Fit, look_at
from daemon.sync.health import LeftAlone, require_calls
from daemon.sync.known_org import KnownOrg, doubt_org, remember_org, told_before
from daemon.sync.parts import Parts
from daemon.sync.timing import RETRY_LONGEST

_RARELY = timedelta(hours=1)
_GOOD_FOR = timedelta(days=1)
# Rejections that say something of the object or a field rather than of the one record.
_EXPLAINED = frozenset(
    {
        "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE", "NOT_FOUND", "JSON_PARSER_ERROR",
        "REQUIRED_FIELD_MISSING", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "STRING_TOO_LONG", "MALFORMED_ID",
    }
)  # fmt: skip


def require_fit(parts: Parts) -> None:
    """Before a write: SideDenied with every finding when the org would refuse invoices, whatever they hold."""
    if parts.org is None or not parts.org.at <= parts.now() < parts.org.at + _GOOD_FOR:
        _look(parts)


def doubt_fit(parts: Parts) -> None:
    """Something may be sent a second time: describe first, unless that was done just now."""
    known = parts.org
    if known is not None and not known.at <= parts.now() < known.at + RETRY_LONGEST:
        parts.org = None
        doubt_org(parts.store)


def may_explain(parts: Parts, error: RecordError) -> bool:
    """Whether the org may have changed since it was described, and this is how it shows; asked once an hour at most."""
    known = parts.org
    if known is None or error.code not in _EXPLAINED:
        return False
    return known.doubted_at is None or not known.doubted_at <= parts.now() < known.doubted_at + _RARELY


def look_again(parts: Parts) -> bool:
    """Describe anew after a rejection. True: other things are sent from now on; SideDenied: nothing is."""
    before = parts.org
    _look(parts)
    assert parts.org is not None, "an org that does not fit has been refused"
    parts.org = replace(parts.org, doubted_at=parts.now())
    remember_org(parts.store, parts.configuration.settings, parts.org)
    return before is None or before.traits != parts.org.traits


def why_no_notes(parts: Parts, *, again: bool = False) -> str | None:
    """Why the org takes no notes, if so. It is asked again when it was not for a quarter of an hour; ``again``: now."""
    require_fit(parts)
    known = parts.org
    good_for = timedelta(0) if again else RETRY_LONGEST
    if known is not None and known.notes and not known.at <= parts.now() < known.at + good_for:
        _look(parts)
    return parts.org.notes if parts.org else None


def _look(parts: Parts) -> None:
    settings = parts.configuration.settings
    fit = look_at(
        parts.salesforce.connection,
        settings,
        parts.mapping,
        currencies=parts.store.ledger.currencies(),
        before=lambda: _require_leave(parts),
    )
    doubted_at = parts.org.doubted_at if parts.org else None
    parts.org = None
    errors = fit.errors("invoices")
    if errors:
        doubt_org(parts.store)
        said = "\n".join(f"- {finding}" for finding in errors + fit.errors("notes"))
        raise SideDenied(
            f"The org does not take what is sent to it, and nothing is written:\n{said}\nIt is looked at again once an "
            "hour, at a start, after an edit of settings.yaml, and by `invoice-sync sync`.",
            side="salesforce",
            probe="hourly",
        )
    notes = "; ".join(str(finding) for finding in fit.errors("notes")) or None
    parts.org = KnownOrg(parts.now(), fit.traits, notes, _tell(parts, fit), doubted_at)
    remember_org(parts.store, settings, parts.org)
    if parts.mapping.traits != fit.traits:
        parts.mapping = InvoiceMapping(settings, fit.traits)
        parts.adopt_mapping()


def _require_leave(parts: Parts) -> None:
    """Between two calls: whether there may be a further one."""
    if parts.stop.asked:
        raise LeftAlone
    require_calls(parts)


def _tell(parts: Parts, fit: Fit) -> tuple[str, ...]:
    """Log what is new of what keeps no invoice back; everything that was told until now."""
    before = told_before(parts.store)
    findings = [*fit.warnings, *fit.errors("notes")]
    for found in findings:
        if str(found) not in before:
            names = {"object": found.object, "field": found.field}
            parts.log.warning("salesforce.finding", **names, reason=found.sentence, hint=found.hint)
    return tuple(str(found) for found in findings)
