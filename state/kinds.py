"""The words of the rows as types: statuses, outcomes, triggers, kinds and sides."""

from typing import Literal

SyncStatus = Literal["pending", "synced", "held", "skipped", "failed"]
# The flag that holds a comment.
HeldFor = Literal["automatic", "notes"]
RecordKind = Literal["invoice", "note"]

# A sweep reads in bands, of which each has a scan of its own.
ScanKind = Literal["poll", "backfill", "sweep"]
Trigger = Literal["poll", "backfill", "sweep", "request"]
# The reading that showed an invoice first.
SeenBy = Literal["poll", "backfill", "sweep", "request", "reread"]
ClearKind = Literal["clear", "clear-checkpoint"]
RequestKind = Literal["sync", "dismiss", ClearKind]

# "partial": some records failed or were put off; "failed": a side did not work.
PassOutcome = Literal["ok", "partial", "failed"]
# "pending": the record was put off.
AttemptOutcome = Literal["synced", "pending", "failed"]

SideName = Literal["magento", "salesforce"]
# "notes": all notes are kept back, while invoices go.
KeptName = Literal["magento", "salesforce", "notes"]
# "failing": tried at every pass; "paused": not tried before a given time.
SideStatus = Literal["ok", "failing", "paused"]
