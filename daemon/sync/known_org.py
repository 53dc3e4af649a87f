"""Keeps the findings about the org in the state, to spare a fresh process the same questions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from daemon.mapping import InvoiceMapping
from daemon.settings import Settings
from daemon.spelling import OrgTraits, hash_of, spell_instant
from state.store import Store

_FACT = "org"


@dataclass(frozen=True, slots=True)
class KnownOrg:
    """An org able to take invoices. ``notes``: the reason for taking no notes, if any; ``told``: the logged findings.

    ``questioned_at``: when a rejection last made us look again.
    """

    at: datetime
    traits: OrgTraits
    notes: str | None = None
    told: tuple[str, ...] = ()
    questioned_at: datetime | None = None


def key_of(settings: Settings) -> str:
    """Return a key of all settings with an influence on the description. (Another org is another state.)"""
    return hash_of(
        [InvoiceMapping(settings).digest, settings.salesforce.model_dump(mode="json"), settings.magento.name,
         settings.invoices.synchronize_notes]
    )  # fmt: skip


def recall_org(store: Store, settings: Settings) -> KnownOrg | None:
    """Return the findings of an earlier process under these settings; None without readable ones."""
    kept = _kept(store)
    try:
        if kept["key"] != key_of(settings):
            return None
        questioned_at = kept["doubted_at"]
        return KnownOrg(
            datetime.fromisoformat(kept["at"]),
            OrgTraits.read(kept["traits"]),
            kept["notes"],
            tuple(kept["told"]),
            questioned_at and datetime.fromisoformat(questioned_at),
        )
    except (KeyError, TypeError, ValueError):
        return None


def remember_org(store: Store, settings: Settings, known: KnownOrg) -> None:
    """Keep the findings for the next process."""
    kept = {
        "key": key_of(settings),
        "at": spell_instant(known.at),
        "traits": known.traits.spelled(),
        "notes": known.notes,
        "told": known.told,
        "doubted_at": spell_instant(known.questioned_at),
    }
    store.facts.learn(_FACT, json.dumps(kept))


def told_before(store: Store) -> Sequence[str]:
    """Return the findings logged so far, under whatever settings."""
    told = _kept(store).get("told")
    return told if isinstance(told, list) else ()


def expire_org(store: Store) -> None:
    """Forget the findings before the next write, but not which were logged."""
    store.facts.learn(_FACT, json.dumps({"told": list(told_before(store))}))


def _kept(store: Store) -> dict[str, Any]:
    try:
        kept = json.loads(store.facts.get(_FACT) or "{}")
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def adopt_mapping(store: Store, digest: str) -> None:
    """Owe failed records again under a new mapping, which may make Salesforce take them."""
    known = store.facts.get("mapping")
    if known != digest:
        with store.writing():
            store.facts.learn("mapping", digest)
            if known is not None:
                store.ledger.owe_failed()
                store.notes.owe_failed()
