"""Passes, start to finish: discover, decide, deliver, remember. Read passes.py first, then deliveries.py.

A star, not a chain: passes.py and deliveries.py call everyone and nobody calls back, so the order of effects stands
there::

    intake          Magento's page → ledger rows and the scan's place, in one transaction; the checkpoint with a
                    poll's last page. From then on its invoices are owed, whoever crashes.
    deliveries      what is owed → Salesforce, one call at a time: invoices with their items, then their notes,
                    each all or nothing; after each answer its outcome is committed, before the next call.

Between two calls it is looked at, in this order: stop, settings, requests, a poll that is due, a full batch of due
rows, the backfill's next page, due rows that fill no batch, the sweep's next page.
"""

from daemon.sync.assembly import open_process
from daemon.sync.process import Process
from daemon.sync.tools import Stop, Tools

__all__ = ["Process", "Stop", "Tools", "open_process"]
