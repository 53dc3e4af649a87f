"""Seeds that once broke a promise, each with its finding. A seed means less as the simulation grows; tests stay."""

from __future__ import annotations

FOUND: dict[int, str] = {
    0: "I3: a comment edited while notes were switched off in Salesforce was taken for one whose note was deleted",
    19: "I2: an invoice that a call without an answer had created was skipped, and did not follow Magento any more",
    38766880: "I3: a comment moved to another invoice and back left the invoice as it was, and its note was never owed",
    5000355: "I2: after a cleared state, an invoice owed and then skipped before it was sent was not looked up",
    6100206: "I3: a comment that was moved while its old invoice's notes were sent was set aside as gone, for good",
    6100364: "I3: a comment that was moved away and back again was set aside as gone, for good",
    6100874: "I2: after a crash while a synced invoice was sent once more, that call committed over a newer version",
    666822920: "I7: a clear that was asked for and not yet done was taken for one by the checker (its own fault)",
    8003747: "L1: an invoice that stayed the newest, rejected for its own sake, kept Salesforce paused hour by hour",
    666822815: "I2: a call sent before an old copy of the state was put back was carried out over a newer version",
    881000138: "I2: what was changed and changed back since an old copy of the state was made was not sent",
}
