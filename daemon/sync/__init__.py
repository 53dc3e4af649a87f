"""One pass, start to finish: discover, decide, deliver, remember. The file to read first.

A star, not a chain: this package calls everyone and nobody calls back, so the order of effects stands here::

    read_page       Magento's page → ledger rows and the scan's place, in one transaction; the checkpoint with a
                    poll's last page. From then on its invoices are owed, whoever crashes.
    deliver_due     what is owed → Salesforce, one call at a time: invoices with their items, then their notes,
                    each all or nothing; after each answer its outcome is committed, before the next call.

Between two calls it is looked at, in this order: stop, settings, requests, a poll that is due, a full batch of due
rows, the backfill's next page, due rows that fill no batch, the sweep's next page.
"""

from daemon.sync.parts import Parts, Stop, Tally
from daemon.sync.process import Work

__all__ = ["Parts", "Stop", "Tally", "Work"]
