"""Pages of the answers to queries."""

from itertools import count
from threading import Lock

from daemon.sandbox.salesforce.http.wire import Answer
from daemon.sandbox.salesforce.org import ApiError
from daemon.sandbox.salesforce.org.ids import with_checksum

SMALLEST_HINT = 200


class Cursors:
    """Open results. Each keeps the records of the time of its query, for every client that follows its address."""

    def __init__(self) -> None:
        self._results: dict[str, tuple[list[dict[str, object]], int]] = {}
        self._numbers = count(1)
        self._mutex = Lock()

    def open(self, found: list[dict[str, object]] | int, batch: int, version: str) -> Answer:
        """Return the first page of a result, or the answer to COUNT()."""
        if isinstance(found, int):
            return Answer(200, {"totalSize": found, "done": True, "records": []})
        with self._mutex:
            name = with_checksum(f"01g5gX{next(self._numbers):09d}")
            if len(found) > batch:
                self._results[name] = (found, batch)
        return _page(name, found, batch, start=0, version=version)

    def follow(self, locator: str, version: str) -> Answer:
        """Return the page of a `nextRecordsUrl`."""
        name, _, start = locator.partition("-")
        if name not in self._results or not start.isdigit():
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator", fields=None)
        records, batch = self._results[name]
        return _page(name, records, batch, start=int(start), version=version)


def _page(name: str, records: list[dict[str, object]], batch: int, *, start: int, version: str) -> Answer:
    end = start + batch
    page: dict[str, object] = {"totalSize": len(records), "done": end >= len(records)}
    if end < len(records):
        page["nextRecordsUrl"] = f"/services/data/{version}/query/{name}-{end}"
    return Answer(200, {**page, "records": records[start:end]})


def batch_size(hint: str, largest: int) -> int:
    """Return the page size for a `Sforce-Query-Options` header, which is a wish, not an order."""
    name, _, number = hint.partition("=")
    if name.strip().lower() != "batchsize" or not number.strip().isdigit():
        return largest
    return min(largest, max(SMALLEST_HINT, int(number)))
