"""Reads a payload of graphs, and checks its form and limits before any graph is tried."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.sandbox.salesforce.http.references import find_references
from daemon.sandbox.salesforce.org import ApiError

MAX_GRAPHS = 75
MAX_NODES = 500
MAX_NODE_KINDS = 15
MAX_DEPTH = 15

# Unlike a graphId, a referenceId may stand in a reference, so its characters are those of a word.
_GRAPH_ID = re.compile(r"[A-Za-z0-9][^.]{0,38}")
_REFERENCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
# Records only, by object, id or external ID: no query and no collections.
_URL = re.compile(r"/services/data/(v\d+\.0)/sobjects/([A-Za-z0-9_]+)((?:/[^/?#]+){0,2})(?:\?.*)?", re.DOTALL)
_METHODS = {0: {"POST"}, 1: {"GET", "PATCH", "DELETE"}, 2: {"GET", "PATCH", "POST", "DELETE"}}


@dataclass(frozen=True, slots=True)
class Node:
    """One call within a graph."""

    method: str
    url: str
    reference_id: str
    body: Mapping[str, object]
    kind: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes that are done together or not at all."""

    graph_id: str
    nodes: tuple[Node, ...]


def parse_graphs(payload: object) -> list[Graph]:
    """Return the graphs of a payload, or raise the error for it as a whole: no graph is tried then."""
    raw_graphs = payload.get("graphs") if isinstance(payload, dict) else None
    if not isinstance(raw_graphs, list) or not raw_graphs:
        raise _invalid("The graphs field is required and must be a non-empty list")
    if len(raw_graphs) > MAX_GRAPHS:
        raise _exceeded("graphs", MAX_GRAPHS, len(raw_graphs))
    graphs = [_parse_graph(raw) for raw in raw_graphs]
    ids = [graph.graph_id for graph in graphs]
    if len(set(ids)) != len(ids):
        raise _invalid("Duplicate graphId found. graphId must be unique within a request")
    nodes = [node for graph in graphs for node in graph.nodes]
    if len(nodes) > MAX_NODES:
        raise _exceeded("nodes", MAX_NODES, len(nodes))
    kinds = {node.kind for node in nodes}
    if len(kinds) > MAX_NODE_KINDS:
        raise _exceeded("different node types", MAX_NODE_KINDS, len(kinds))
    for graph in graphs:
        if (depth := _depth(graph)) > MAX_DEPTH:
            raise _exceeded("depth", MAX_DEPTH, depth)
    return graphs


def _parse_graph(raw: object) -> Graph:
    if not isinstance(raw, dict):
        raise _invalid("A graph must be a JSON object")
    graph_id, raw_nodes = raw.get("graphId"), raw.get("compositeRequest")
    if not isinstance(graph_id, str) or not _GRAPH_ID.fullmatch(graph_id):
        raise _invalid(
            f"Invalid graphId {graph_id!r}: it must start with a letter or digit, be shorter than 40 characters and "
            "contain no period"
        )
    if not isinstance(raw_nodes, list) or not raw_nodes:
        raise _invalid(f"Graph {graph_id} has no compositeRequest")
    nodes = tuple(_parse_node(node) for node in raw_nodes)
    references = [node.reference_id for node in nodes]
    if len(set(references)) != len(references):
        raise _invalid(f"Duplicate referenceId found in graph {graph_id}. referenceId must be unique within a graph")
    return Graph(graph_id, nodes)


def _parse_node(raw: object) -> Node:
    if not isinstance(raw, dict):
        raise _invalid("A node must be a JSON object")
    method, url, reference = raw.get("method"), raw.get("url"), raw.get("referenceId")
    if not isinstance(reference, str) or not _REFERENCE_ID.fullmatch(reference):
        raise _invalid(f"Invalid referenceId {reference!r}: only letters, digits and underscores are allowed")
    parts = _URL.fullmatch(url) if isinstance(url, str) else None
    if parts is None or method not in _METHODS[parts[3].count("/")]:
        raise _invalid(f"{method} {url} is not supported in a graph")
    body = raw.get("body")
    if body is not None and not isinstance(body, dict):
        raise _invalid(f"The body of {reference} must be a JSON object")
    return Node(method, parts.string, reference, body or {}, (parts[1], method, parts[2]))


def _depth(graph: Graph) -> int:
    """Return the length of the longest chain of nodes that refer to each other."""
    depths: dict[str, int] = {}
    for node in graph.nodes:
        named = (*find_references(node.url), *find_references(node.body))
        depths[node.reference_id] = 1 + max((depths.get(name, 0) for name in named), default=0)
    return max(depths.values())


def _invalid(message: str) -> ApiError:
    return ApiError("INVALID_INPUT", message, fields=None)


def _exceeded(what: str, limit: int, actual: int) -> ApiError:
    message = f"The request exceeds the limit of {what}. Limit: {limit}, actual: {actual}"
    return ApiError("LIMIT_EXCEEDED", message, fields=None)
