"""What is sent is Magento's newest version: the page just read while that is fresh, else Magento is asked again."""

from collections.abc import Sequence

from daemon.invoice import Invoice
from daemon.sync.decide import is_another
from daemon.sync.discover import read_again
from daemon.sync.parts import FRESH_SECONDS, Parts, Tally
from daemon.sync.sides import LeftAlone, is_open


def newest_contents(parts: Parts, tally: Tally, entity_ids: Sequence[int]) -> dict[int, Invoice]:
    """The invoices among these that can be sent as they are; reading again takes up what has changed meanwhile.

    LeftAlone when some are to be read again and Magento is not to be called now: they wait for it.
    """
    oldest = parts.clock.monotonic() - FRESH_SECONDS
    for entity_id in [key for key, (at, _) in parts.contents.items() if at < oldest]:
        del parts.contents[entity_id]
    missing = [entity_id for entity_id in entity_ids if entity_id not in parts.contents]
    if missing and not is_open(parts, "magento"):
        raise LeftAlone
    if missing:
        read_again(parts, tally, missing)
    rows = parts.store.ledger.known(entity_ids)
    found: dict[int, Invoice] = {}
    for entity_id in entity_ids:
        content = parts.contents.get(entity_id)
        if content is not None and not is_another(rows[entity_id], content[1]):
            found[entity_id] = content[1]
    return found
