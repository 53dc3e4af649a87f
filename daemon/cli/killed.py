"""Marks what a killed daemon may have left under way, before a command changes what the state says is due."""

from daemon.clock import SystemClock
from daemon.settings import Configuration
from daemon.sync.timing import UNANSWERED_AGAIN
from state.store import Store


def doubt_killed(store: Store, configuration: Configuration) -> None:
    """Mark each call that a killed daemon may have made as unanswered: no process has done so since."""
    if store.facts.get("running") is not None:
        marked = configuration.settings.salesforce.comment.object is None
        store.doubts.owed(SystemClock().now() + UNANSWERED_AGAIN, marked=marked)
