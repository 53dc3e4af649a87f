"""Runs composite graphs: many small transactions in one call, each all or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from daemon.sandbox.salesforce.http.graph_limits import Graph, Node
from daemon.sandbox.salesforce.http.records import RecordCall, answer_record
from daemon.sandbox.salesforce.http.references import resolve, resolve_text
from daemon.sandbox.salesforce.http.wire import Answer
from daemon.sandbox.salesforce.org import ApiError, Org

MAX_FAILED_GRAPHS = 14
ROLLED_BACK = "The transaction was rolled back since another operation in the same transaction failed."
NOT_ATTEMPTED = "The graph was not processed since too many graphs of the same request failed."


class _NodeError(Exception):
    def __init__(self, answers: list[Answer]) -> None:
        super().__init__()
        self.answers = answers


@dataclass(slots=True)
class _Outcome:
    graph: Graph
    answers: list[Answer]
    successful: bool

    def body(self) -> dict[str, object]:
        nodes = [
            {
                "body": answer.body,
                "httpHeaders": dict(answer.headers),
                "httpStatusCode": answer.status,
                "referenceId": node.reference_id,
            }
            for node, answer in zip(self.graph.nodes, self.answers, strict=True)
        ]
        return {
            "graphId": self.graph.graph_id,
            "graphResponse": {"compositeResponse": nodes},
            "isSuccessful": self.successful,
        }


def answer_graphs(org: Org, graphs: list[Graph]) -> Answer:
    """Run every graph of a call; the call itself succeeds even when all graphs fail."""
    return Answer(200, {"graphs": [outcome.body() for outcome in _run_all(org, graphs)]})


def _run_all(org: Org, graphs: list[Graph]) -> Iterator[_Outcome]:
    failed = 0
    for graph in graphs:
        if failed >= MAX_FAILED_GRAPHS:  # Salesforce does not try the rest
            yield _Outcome(graph, [_halted(NOT_ATTEMPTED)] * len(graph.nodes), successful=False)
            continue
        outcome = _run(org, graph)
        failed += not outcome.successful
        yield outcome


def _run(org: Org, graph: Graph) -> _Outcome:
    """Run one graph in one transaction; of a failed one, the culprit shows its error, every other node the rollback."""
    try:
        with org.transaction():
            return _Outcome(graph, _answers(org, graph), successful=True)
    except _NodeError as failure:
        culprit = len(failure.answers) - 1
        answers = [
            failure.answers[place] if place == culprit else _halted(ROLLED_BACK) for place in range(len(graph.nodes))
        ]
        return _Outcome(graph, answers, successful=False)


def _answers(org: Org, graph: Graph) -> list[Answer]:
    answers: list[Answer] = []
    bodies: dict[str, object] = {}
    for node in graph.nodes:
        answer = _answer_node(org, node, bodies)
        answers.append(answer)
        if not answer.ok:
            raise _NodeError(answers)
        bodies[node.reference_id] = answer.body
    return answers


def _answer_node(org: Org, node: Node, bodies: dict[str, object]) -> Answer:
    try:
        url = resolve_text(node.url, bodies)
        body = resolve(node.body, bodies)
    except ApiError as error:
        return Answer.with_error(error)
    path, _, query = url.partition("?")
    _, _, _, version, _, *rest = path.split("/")
    segments = [unquote(segment) for segment in rest]
    values = body if isinstance(body, dict) else {}
    return answer_record(org, RecordCall(version, node.method, segments, values, dict(parse_qsl(query))))


def _halted(message: str) -> Answer:
    return Answer(400, [{"errorCode": "PROCESSING_HALTED", "message": message}])
