"""Marks the unanswered calls of a killed daemon, before a command changes the due rows."""

from daemon.clock import SystemClock
from daemon.settings import Configuration
from daemon.sync.timing import UNANSWERED_AGAIN
from state.store import Store


def mark_unanswered_calls(store: Store, configuration: Configuration) -> None:
    """Mark the rows that a killed daemon was perhaps sending as unanswered; no process has done so since."""
    if store.facts.get("running") is not None:
        by_title = configuration.settings.salesforce.comment.object is None
        store.unanswered.mark_owed(SystemClock().now() + UNANSWERED_AGAIN, notes_by_title=by_title)
