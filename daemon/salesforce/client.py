"""Salesforce for a pass: upserts invoices, attaches notes, and asks for existing ones."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from daemon.clock import Clock
from daemon.errors import InvoiceSyncError, Retriable
from daemon.mapping import InvoiceRecord
from daemon.redaction import Redaction
from daemon.salesforce.connection import CallRejected, Connection
from daemon.salesforce.existing import ExistingRecords
from daemon.salesforce.graphs import Answer, Done, Graph, NotAttempted, Rejected, pack, read_answers
from daemon.salesforce.scrubbing import scrubbed
from daemon.salesforce.writes import NoteWrite, Writes
from daemon.settings import Configuration
from daemon.transport import Transport


class Salesforce(ExistingRecords):
    """One org, by the settings in force."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock,
        redaction: Redaction,
        transport: Transport,
        expected_organization: str | None = None,
    ) -> None:
        connection = Connection(configuration, clock, redaction, transport, expected_organization)
        super().__init__(connection, configuration.settings.salesforce)
        self._redaction = redaction
        self._writes = Writes(self._settings, connection.root)

    def close(self) -> None:
        """Close the HTTP connections."""
        self.connection.close()

    def upsert_invoices(self, records: Sequence[InvoiceRecord], placed: Collection[str] = ()) -> dict[int, Answer]:
        """Upsert each invoice with its items in one call, in full or not at all; return the answers by entity_id.

        Invoices that do not fit in the call are left out of the answers. ``placed``: items, by external ID, whose
        parent is not to be named, because it may not be changed. CallRejected when Salesforce rejects the whole call.
        """
        graphs = [self._writes.invoice_graphs(record, placed) for record in records]
        if len(graphs[0]) > 1:  # more than 500 nodes: sent alone, and in once the last of its graphs is
            return {records[0].entity_id: self._in_turn(graphs[0], records[0].private)}
        going = pack([parts[0] for parts in graphs if len(parts) == 1])[0]
        return self._send(going, {r.entity_id: r.private for r in records})

    def attach_notes(self, invoices: Sequence[tuple[int, str, list[NoteWrite]]]) -> dict[int, Answer]:
        """Write the notes of each (entity_id, external ID) in one call, in full or not at all; return the answers.

        Invoices whose notes do not fit in the call are left out of the answers.
        """
        graphs = [self._writes.note_graph(*invoice) for invoice in invoices]
        texts = {
            entity_id: tuple(text for write in writes for text in (write.note.text, write.note.title))
            for entity_id, _, writes in invoices
        }
        return self._send(pack(graphs)[0], texts)

    def _in_turn(self, graphs: list[Graph], private: tuple[str, ...]) -> Answer:
        answer: Answer = NotAttempted()
        for graph in graphs:
            answer = self._send([graph], {int(graph.graph_id): private})[int(graph.graph_id)]
            if not isinstance(answer, Done):
                break
        return answer

    def _send(self, graphs: list[Graph], texts: dict[int, tuple[str, ...]]) -> dict[int, Answer]:
        body = {"graphs": [graph.spelled() for graph in graphs]}
        everybodys = [text for private in texts.values() for text in private]
        try:
            answers = read_answers(self.connection.call("composite/graph", method="POST", body=body), graphs)
        except CallRejected as error:
            message = scrubbed(error.code, error.message, everybodys, self._redaction)
            raise CallRejected(error.code, message, error.status) from None
        except InvoiceSyncError as error:  # any other failure of the whole call may quote what was sent too
            if isinstance(error, Retriable) and error.about is None:
                error.about = frozenset(int(graph.graph_id) for graph in graphs)
            error.args = (scrubbed("", str(error), everybodys, self._redaction),)
            raise
        return {
            int(graph_id): without_values(answer, texts.get(int(graph_id), ()), self._redaction)
            for graph_id, answer in answers.items()
        }


def without_values(answer: Answer, texts: tuple[str, ...], redaction: Redaction) -> Answer:
    """Return the answer, with a customer's values taken out of Salesforce's message."""
    if not isinstance(answer, Rejected):
        return answer
    message = scrubbed(answer.error.code, answer.error.message, texts, redaction)
    return Rejected(answer.ref, replace(answer.error, message=message))
