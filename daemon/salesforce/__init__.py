"""Upserts invoices in Salesforce, attaches notes to them, and asks for existing ones."""

from daemon.salesforce.client import Salesforce, without_values
from daemon.salesforce.errors import CallRejected
from daemon.salesforce.existing import Existing
from daemon.salesforce.graphs import Answer, Done, NotAttempted, Rejected
from daemon.salesforce.remedies import RecordError, remedy_for
from daemon.salesforce.remedy import Next, Reach, Remedy
from daemon.salesforce.scrubbing import scrubbed
from daemon.salesforce.writes import INVOICE, NoteWrite, comment_of, fitting

__all__ = [
    "INVOICE", "Answer", "CallRejected", "Done", "Existing", "Next", "NotAttempted", "NoteWrite", "Reach",
    "RecordError", "Rejected", "Remedy", "Salesforce", "comment_of", "fitting", "remedy_for", "scrubbed",
    "without_values",
]  # fmt: skip
