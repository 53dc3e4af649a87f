"""Ends a theme with its trouble once more while nothing else is wrong, so that its effects on other records show."""

from __future__ import annotations

from tests.property.simulation.agreement import Agreement
from tests.property.simulation.calm import Calm
from tests.property.simulation.run import Run
from tests.property.simulation.witness import Broken

_MINUTES_TO_GET_BY = 60
# After seven tries a deadly record is alone in its call.
_ROUNDS = 12
_A_DAY = 25 * 3600.0


class Endings:
    """The endings of one run; each leaves both sides unchanged."""

    def __init__(self, run: Run, calm: Calm) -> None:
        self._run = run
        self._calm = calm

    def run(self) -> None:
        """Play the endings of the seed's theme."""
        rates = self._run.rates
        if rates.moves:
            self._move()
        if rates.files_full:
            self._fill_files()
        if rates.marked:
            self._lose_answers()
        if rates.unreadable:
            self._spoil()
        if rates.deadly:
            self._kill_calls()

    def _move(self) -> None:
        """L1: call the org at its new host after one sign-in, in the same pass that notices the move."""
        self._run.org.move(signs_in=True)
        ids = self._run.shop.sell(2)
        self._calm.beat(1)
        self._require_in("L1", ids, "the org's host has changed")

    def _fill_files(self) -> None:
        """L2: send every invoice at the next poll while only notes find no room; notes wait and do not fail."""
        trap = self._run.org.keep_files_full()
        for _ in range(4):
            ids = self._run.shop.sell(3)
            self._calm.beat(1)
            self._require_in("L2", ids, "only the org's file storage is full")
        trap.remove()
        self._end()

    def _lose_answers(self) -> None:
        """I3: make one note of each comment, despite requests and edits while its call is still under way."""
        run = self._run
        ids = run.shop.sell(3)
        run.network.late_for = "ContentNote"
        self._calm.beat(1)
        run.network.late_for = None
        for _ in range(3):
            if run.random.random() < 0.5:
                run.operators.ask(ids, by_name=run.random.random() < 0.5)
            else:
                run.shop.rewrite_on(run.random.choice(ids))
            run.clock.advance(run.random.uniform(1, 120))
            self._calm.beat(1)
        run.clock.advance(1000)
        self._end()

    def _spoil(self) -> None:
        """L2: let no other invoice wait for the unreadable ones, which stand failed, with the reason."""
        run = self._run
        ids = run.shop.sell(run.random.choice((1, 6, 12)))
        for victim in run.random.sample(ids, k=min(len(ids), run.random.choice((1, 1, 2, 3)))):
            run.unreadable.keep(victim, as_order=run.random.random() < 0.5)
        shown = [each for each in ids if run.unreadable.is_shown(each)]
        unshown = [each for each in ids if each not in shown]
        for _ in range(_MINUTES_TO_GET_BY):
            self._calm.beat(1)
            rows = self._calm.store.ledger.known(ids)
            if all(rows[each].sync_status != "pending" if each in rows else False for each in ids):
                break
        ways = run.unreadable.ways()
        self._require_in("L2", shown, f"Magento cannot show others ({ways})")
        for each in unshown:
            if each not in rows or rows[each].sync_status != "failed" or not rows[each].reason:
                what = rows[each].sync_status if each in rows else "not known"
                raise Broken("I1", f"invoice {each} is {what}, though Magento cannot show it: {ways}")
        run.unreadable.heal()
        self._calm.change_deleted()
        run.clock.advance(_A_DAY)
        self._calm.beat(3)
        # The notes of an invoice that was unreadable at the request are still held: ask for them again.
        run.operators.ask(self._calm.held(), by_name=False)
        self._calm.beat(1)
        self._end()

    def _kill_calls(self) -> None:
        """L2: let no other record wait long for the deadly ones."""
        run = self._run
        count, deadly = run.random.choice(((6, 1), (12, 1), (12, 3)))
        ids = run.shop.sell(count)
        comments = {each: [comment["entity_id"] for comment in run.shop.row(each)["comments"]] for each in ids}
        are_notes, are_oldest = run.random.random() < 0.5, run.random.random() < 0.5
        victims = ids[:deadly] if are_oldest else run.random.sample(ids, min(deadly, len(ids)))
        for each in victims:
            run.deadly.keep(f"main-comment-{comments[each][0]}" if are_notes else f"main-{each}")
        others = [each for each in ids if each not in victims]
        for _ in range(_ROUNDS):
            run.clock.advance(1000)  # every failed call is due again
            self._calm.beat(1)
            if not self._late(others, comments):
                break
        late = self._late(others, comments)
        if late:
            raise Broken("L2", f"{late[0]} and {len(late) - 1} more wait for {deadly} others, whose calls die")
        run.deadly.ways.clear()
        self._end()

    def _late(self, ids: list[int], comments: dict[int, list[int]]) -> list[str]:
        """Return which of these invoices, with their comments, are not in Salesforce yet."""
        store = self._calm.store
        rows = store.ledger.known(ids)
        late = [f"invoice {each}" for each in ids if each not in rows or rows[each].sync_status != "synced"]
        reused = self._run.witness.reused_comments
        wanted = [comment for each in ids for comment in comments[each] if comment not in reused]
        notes = store.notes.known(wanted)
        return late + [f"comment {each}" for each in wanted if each not in notes or notes[each].sync_status != "synced"]

    def _require_in(self, promise: str, ids: list[int], when: str) -> None:
        rows = self._calm.store.ledger.known(ids)
        for entity_id in ids:
            row = rows.get(entity_id)
            if row is None or row.sync_status != "synced":
                what = "is not known" if row is None else f"is {row.sync_status}: {row.reason}"
                raise Broken(promise, f"invoice {entity_id} {what}, though {when}")

    def _end(self) -> None:
        """Require all records in Salesforce after the trouble."""
        self._calm.settle()
        Agreement(self._run).check()
