"""Exports metrics for Prometheus: gauges computed from the state at each scrape, counters of this process.

Gauges lose nothing at a restart; counters start again at zero, which Prometheus expects. Instants are exported as
timestamps. No label names an invoice.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from daemon.clock import Clock
from daemon.observer import Observer
from daemon.settings import Configuration
from daemon.settings.schema import Invoices
from daemon.transport import Answers
from state.errors import StateError
from state.kinds import SyncStatus
from state.passes import Pass
from state.store import Store
from state.waiting import NOTES, sides_down, waiting_long

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STATUSES: tuple[SyncStatus, ...] = ("pending", "synced", "held", "skipped", "failed")
_OUTCOMES = ("ok", "partial", "failed")
_DELAYS = (5, 15, 30, 60, 120, 300, 900, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600)


class Metrics(Observer):
    """All metrics of one daemon. ``configuration`` and ``open_state`` are called at each scrape."""

    def __init__(
        self,
        configuration: Callable[[], Configuration],
        open_state: Callable[[], Store],
        answers: Answers,
        clock: Clock,
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_State(configuration, open_state, clock))
        self._registry.register(_Answers(answers))
        ProcessCollector(registry=self._registry)
        self._passes = Counter("invoice_sync_passes", "Passes by how they ended.", ["outcome"], registry=self._registry)
        for outcome in _OUTCOMES:
            self._passes.labels(outcome)
        self._seconds = Histogram(
            "invoice_sync_pass_duration_seconds", "How long passes took.", registry=self._registry
        )
        self._delay = Histogram(
            "invoice_sync_sync_delay_seconds",
            "From an invoice's creation in Magento until it was in Salesforce.",
            buckets=_DELAYS,
            registry=self._registry,
        )

    def pass_finished(self, done: Pass, seconds: float) -> None:
        """Count a finished pass."""
        if done.outcome is not None:
            self._passes.labels(done.outcome).inc()
        self._seconds.observe(seconds)

    def invoice_arrived(self, seconds: float) -> None:
        """Count an invoice's arrival in Salesforce, so many seconds after its creation in Magento."""
        self._delay.observe(seconds)

    def exposed(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return bytes(generate_latest(self._registry))


class _State(Collector):
    """Gauges of the present state."""

    def __init__(
        self, configuration: Callable[[], Configuration], open_state: Callable[[], Store], clock: Clock
    ) -> None:
        self._clock = clock
        self._configuration = configuration
        self._open_state = open_state

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges, without those of an unreadable state: a gauge is absent rather than wrong."""
        options = self._configuration().settings.invoices
        yield _gauge("up", "1 while the daemon runs.", 1)
        yield _gauge(
            "enabled", "1 when synchronization is switched on (enable_synchronization).", options.enable_synchronization
        )
        with suppress(StateError, sqlite3.Error), self._open_state() as store:
            yield from _of_state(store, options)
            yield _waiting(store, options, self._clock.now())


def _waiting(store: Store, options: Invoices, now: datetime) -> Metric:
    family = GaugeMetricFamily("invoice_sync_waiting", "Records that have been put off for an hour.", labels=["of"])
    automatic, notes = options.enable_automatic_synchronization, options.synchronize_notes
    found = waiting_long(store, now, automatic=automatic, notes=notes)
    for kind in ("invoice", "note"):
        count = sum(each.count for each in found if each.of == kind) if options.enable_synchronization else 0
        family.add_metric([kind], count)
    return family


def _of_state(store: Store, options: Invoices) -> Iterator[Metric]:
    on, automatic = options.enable_synchronization, options.enable_automatic_synchronization
    yield _by_status("invoices", "Invoices in the ledger.", "sync_status", store.ledger.counts())
    yield _by_status("notes", "Comments, by what became of them.", "status", store.notes.counts())
    yield _instant(
        "oldest_pending",
        "When Magento made the oldest invoice that is due and not yet in Salesforce.",
        store.ledger.oldest_owed(automatic=automatic),
    )
    yield _instant("checkpoint", "How far Magento has been read, by its own clock.", store.checkpoints.current())
    yield _instant("last_success", "When the last pass ended in which nothing failed.", store.passes.last_success())
    healthy = GaugeMetricFamily(
        "invoice_sync_side_healthy", "1 while the side answers, or is switched off.", labels=["side"]
    )
    down = {side.side for side in sides_down(store, on=on, automatic=automatic, notes=options.synchronize_notes)}
    for name in ("magento", "salesforce", NOTES):
        healthy.add_metric([name], float(name not in down))
    yield healthy
    salesforce = store.sides.get("salesforce")
    if salesforce.api_used is not None and salesforce.api_limit is not None:
        yield _gauge("salesforce_api_used", "API calls of the org used in 24 hours.", salesforce.api_used)
        yield _gauge("salesforce_api_limit", "API calls that the org has in 24 hours.", salesforce.api_limit)


class _Answers(Collector):
    """Calls by side and status of the answer; ``none``: without an answer."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def collect(self) -> Iterator[Metric]:
        """Yield the counter."""
        family = CounterMetricFamily(
            "invoice_sync_http_requests", "Calls to either side, by the status of the answer.", labels=["side", "code"]
        )
        for (side, code), count in sorted(self._answers.items()):
            family.add_metric([side, code], count)
        yield family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"invoice_sync_{name}", text, value=float(value))


def _instant(name: str, text: str, at: datetime | None) -> Metric:
    """Return a timestamp; without a sample while there is no instant."""
    family = GaugeMetricFamily(f"invoice_sync_{name}_timestamp_seconds", text)
    if at is not None:
        family.add_metric([], at.timestamp())
    return family


def _by_status(name: str, text: str, label: str, counts: dict[SyncStatus, int]) -> Metric:
    family = GaugeMetricFamily(f"invoice_sync_{name}", text, labels=[label])
    for status in _STATUSES:
        family.add_metric([status], counts.get(status, 0))
    return family
