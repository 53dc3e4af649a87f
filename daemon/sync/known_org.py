"""What is remembered of the org's description, so that a fresh process asks nothing that was answered already."""

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
    """The org takes invoices; ``notes``: why it takes no notes, if so. ``told``: what was logged of it, once.

    ``doubted_at``: when a rejection last made us look again.
    """

    at: datetime
    traits: OrgTraits
    notes: str | None = None
    told: tuple[str, ...] = ()
    doubted_at: datetime | None = None


def key_of(settings: Settings) -> str:
    """Changes with everything that decides what is described and asked for. (Another org is another state.)"""
    return hash_of(
        [InvoiceMapping(settings).digest, settings.salesforce.model_dump(mode="json"), settings.magento.name,
         settings.invoices.synchronize_notes]
    )  # fmt: skip


def recall_org(store: Store, settings: Settings) -> KnownOrg | None:
    """What an earlier process found under these settings; None when nothing did, or it cannot be read."""
    kept = _kept(store)
    try:
        if kept["key"] != key_of(settings):
            return None
        doubted_at = kept["doubted_at"]
        return KnownOrg(
            datetime.fromisoformat(kept["at"]),
            OrgTraits.read(kept["traits"]),
            kept["notes"],
            tuple(kept["told"]),
            doubted_at and datetime.fromisoformat(doubted_at),
        )
    except (KeyError, TypeError, ValueError):
        return None


def remember_org(store: Store, settings: Settings, known: KnownOrg) -> None:
    """Keep it for the next process."""
    kept = {
        "key": key_of(settings),
        "at": spell_instant(known.at),
        "traits": known.traits.spelled(),
        "notes": known.notes,
        "told": known.told,
        "doubted_at": spell_instant(known.doubted_at),
    }
    store.facts.learn(_FACT, json.dumps(kept))


def told_before(store: Store) -> Sequence[str]:
    """What was logged of the org already, under whatever settings."""
    told = _kept(store).get("told")
    return told if isinstance(told, list) else ()


def doubt_org(store: Store) -> None:
    """Ask again before the next write; what was told stays told."""
    store.facts.learn(_FACT, json.dumps({"told": list(told_before(store))}))


def _kept(store: Store) -> dict[str, Any]:
    try:
        kept = json.loads(store.facts.get(_FACT) or "{}")
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def adopt_mapping(store: Store, digest: str) -> None:
    """Owe again what failed under an earlier mapping: this one may make Salesforce take it."""
    known = store.facts.get("mapping")
    if known != digest:
        with store.writing():
            store.facts.learn("mapping", digest)
            if known is not None:
                store.ledger.owe_failed()
                store.notes.owe_failed()
