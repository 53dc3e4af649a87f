"""Composite graphs: all-or-nothing groups of writes, packed into calls and read back graph by graph.

Documented limits of one call: 75 graphs, 500 nodes, and after 14 failed graphs the rest is not attempted. A graphId
begins with a letter or digit, has no period and fewer than 40 characters.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import simplejson

from daemon.errors import Unreachable
from daemon.salesforce.ids import id_of
from daemon.salesforce.remedies import RecordError
from daemon.salesforce.scrubbing import code_of, fields_of

MAX_GRAPHS = 75
MAX_NODES = 500
MAX_BYTES = 5_000_000
_HALTED = "PROCESSING_HALTED"
_LONGEST = 20_000  # of a message from either end


class Reference(str):
    """A value from another node's answer, for Salesforce to fill in; no customer's text of the same look."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One write or read. Later nodes of the graph name its answer as ``@{ref.id}`` (``@{ref.Id}`` after a GET)."""

    ref: str
    method: str
    url: str
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """Atomic: the nodes go in together or not at all."""

    graph_id: str
    nodes: tuple[Node, ...]

    def spelled(self) -> dict[str, Any]:
        """Return the graph as a composite/graph JSON body."""
        nodes: list[dict[str, Any]] = []
        for node in self.nodes:
            nodes.append({"method": node.method, "url": node.url, "referenceId": node.ref})
            if node.body is not None:
                nodes[-1]["body"] = {name: _literal(value) for name, value in node.body.items()}
        return {"graphId": self.graph_id, "compositeRequest": nodes}

    def size(self) -> int:
        """Return the number of bytes on the wire."""
        return len(simplejson.dumps(self.spelled(), use_decimal=True))


@dataclass(frozen=True, slots=True)
class Done:
    """The graph went in. ``ids``: by node; ``created``: the nodes that made a new record."""

    ids: Mapping[str, str]
    created: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The graph did not go in, because of this node."""

    ref: str
    error: RecordError


@dataclass(frozen=True, slots=True)
class NotAttempted:
    """Salesforce did not look at the graph, after too many failed ones."""


Answer = Done | Rejected | NotAttempted


def _literal(value: Any) -> Any:
    """Return the value so that a customer's ``@{`` names no other node: an invisible word joiner stands inside."""
    if isinstance(value, dict):
        return {name: _literal(inner) for name, inner in value.items()}
    if isinstance(value, str) and "@{" in value and not isinstance(value, Reference):
        return value.replace("@{", "@\u2060{")
    return value


def pack(graphs: Iterable[Graph], *, at_most: int = MAX_GRAPHS) -> list[list[Graph]]:
    """Return the graphs in as few calls as the limits allow, in their order."""
    calls: list[list[Graph]] = []
    nodes = size = 0
    for graph in graphs:
        length = graph.size()
        full = (
            not calls
            or len(calls[-1]) >= min(at_most, MAX_GRAPHS)
            or nodes + len(graph.nodes) > MAX_NODES
            or size + length > MAX_BYTES
        )
        if full:
            calls.append([])
            nodes = size = 0
        calls[-1].append(graph)
        nodes += len(graph.nodes)
        size += length
    return calls


def read_answers(body: Any, sent: Iterable[Graph]) -> dict[str, Answer]:
    """Return each graph's answer by its graphId; Unreachable for an answer to something else."""
    wanted = {graph.graph_id: graph for graph in sent}
    try:
        pairs = [(str(graph["graphId"]), _answer(graph, wanted[str(graph["graphId"])])) for graph in body["graphs"]]
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, OverflowError):
        pairs = []
    found = dict(pairs)
    alike = set(found) == set(wanted) and len(found) == len(pairs)
    firsts = [answer.ids.get(wanted[name].nodes[0].ref) for name, answer in pairs if isinstance(answer, Done)]
    # Two invoices have two IDs: an answer with one ID twice has mixed them up.
    if not alike or len(set(firsts)) < len(firsts) or not all(_fits(answer, wanted[name]) for name, answer in pairs):
        raise Unreachable("Salesforce's answer cannot be read as what was sent", side="salesforce", sent=True)
    return found


def _fits(answer: Answer, graph: Graph) -> bool:
    """Return whether the answer is about this graph's nodes, with all necessary IDs.

    The first node is the invoice.
    """
    if isinstance(answer, Done):
        # A new record without an ID would be taken for a deleted one when it is edited later.
        return {graph.nodes[0].ref, *(node.ref for node in graph.nodes if node.method == "POST")} <= set(answer.ids)
    return isinstance(answer, NotAttempted) or answer.ref in {node.ref for node in graph.nodes}


def _answer(graph: Mapping[str, Any], sent: Graph) -> Answer:
    nodes = graph["graphResponse"]["compositeResponse"]
    if graph["isSuccessful"] is True:
        ids: dict[str, str] = {}
        created: set[str] = set()
        if sorted(node["referenceId"] for node in nodes) != sorted(node.ref for node in sent.nodes):
            raise ValueError("the answer is not about these nodes")
        for node in nodes:
            if node["httpStatusCode"] not in (200, 201, 204):
                raise ValueError("the graph succeeded with a node that did not")
            body = node.get("body") or {}
            identifier = body.get("id") or body.get("Id")
            if identifier:
                ids[str(node["referenceId"])] = id_of(identifier)
            if node["httpStatusCode"] == 201:
                created.add(str(node["referenceId"]))
        return Done(ids, frozenset(created))
    if graph["isSuccessful"] is not False:
        raise ValueError("the answer does not say whether the graph went in")
    for node in nodes:
        error = _error(node)
        # A halted node was rolled back because of another one, unless it is the node that refers to nothing.
        if error and (error.code != _HALTED or "Invalid reference" in error.message):
            return Rejected(str(node["referenceId"]), error)
    return NotAttempted()


def _error(node: Mapping[str, Any]) -> RecordError | None:
    status = int(node["httpStatusCode"])
    body = node.get("body")
    if status == 300:
        ids = [str(url)[-200:].rsplit("/", 1)[-1] for url in list(body or [])[:10]]
        return RecordError("DUPLICATE_EXTERNAL_ID", f"records {' and '.join(ids)} have this external ID", status=300)
    if status < 400 or not isinstance(body, list) or not body:
        return None
    first = body[0]
    message = str(first.get("message", ""))
    if len(message) > 2 * _LONGEST:
        message = f"{message[:_LONGEST]} {message[-_LONGEST:]}"
    message = re.sub(r"\s+", " ", message).strip()
    return RecordError(code_of(first.get("errorCode")), message, fields_of(first.get("fields")), status)
