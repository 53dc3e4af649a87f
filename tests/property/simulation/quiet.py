"""Checks the time after troubles: work gets done, idle polls are free, both sides agree, a resync changes nothing."""

from __future__ import annotations

from datetime import timedelta

from daemon.sync.discovery.page_sizes import PageSizes
from tests.property.simulation.agreement import Agreement
from tests.property.simulation.calm import Calm
from tests.property.simulation.endings import Endings
from tests.property.simulation.run import Run
from tests.property.simulation.witness import Broken

_A_DAY = 25 * 3600.0


class Quiet:
    """The quiet phase of one run; raises Broken at the first broken promise."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._calm = Calm(run)

    def run(self) -> None:
        """Play the whole phase."""
        run = self._run
        self._calm_down()
        self._calm.settle()
        # A person sends the held invoices, and a daily sweep finds what only a sweep can.
        run.clock.advance(_A_DAY)
        self._calm.beat(2)
        run.operators.ask(self._calm.held(), by_name=False)
        self._calm.beat(1)
        self._calm.settle()
        Agreement(run).check()
        self._idle()
        self._touched()
        Endings(run, self._calm).run()
        if run.rates.ends_manual:
            self._manual()
        elif run.rates.resync:
            self._resync()

    def _calm_down(self) -> None:
        """Stop all faults: no call still runs, every transaction has ended, damaged records are whole."""
        run = self._run
        run.network.calm = True
        run.stopping.rate = 0.0
        run.deadly.ways.clear()
        keeps_unreadable = run.rates.unreadable and run.random.random() < 0.5
        run.org.calm_down()
        run.operators.flags_on()
        run.settings.edit("magento.page_size", 100)  # small pages have had their time
        run.shop.commit_all()
        if not keeps_unreadable:
            run.shop.mend()
            run.unreadable.heal()
        run.shop.repair()
        if run.rates.keeps_rule and run.shop.ids():
            run.org.keep_rule(run.random.choice(run.shop.ids()))
        self._calm.beat(1)
        if run.rates.unreadable or run.rates.crowded:
            self._calm.beat(20)  # the daemon looks for unreadable records call by call
        run.clock.advance(15_000)
        self._calm.change_deleted()

    def _idle(self) -> None:
        """I8: require that a poll with nothing new costs one Magento call and no Salesforce call.

        After the overlap a poll reads nothing again either. The exception is a newest stamp in Magento's future: any
        invoice may still appear behind it.
        """
        run = self._run
        self._free_poll("with nothing new")
        run.clock.advance(run.rates.overlap + 60)
        self._calm.beat(1)
        kept = self._calm.store.connection.database.conn.execute("SELECT coalesce(max(id), 0) FROM passes").fetchone()[
            0
        ]
        self._free_poll("with nothing new for long")
        now = run.shop.now().strftime("%Y-%m-%d %H:%M:%S")
        rows = [run.shop.row(each) for each in run.shop.ids()]
        if all(max(row["created_at"], row["updated_at"]) < now for row in rows):
            polls = "SELECT coalesce(sum(seen), 0) FROM passes WHERE \"trigger\" = 'poll' AND id > ?"
            seen = self._calm.store.connection.database.conn.execute(polls, [kept]).fetchone()[0]
            if seen:
                raise Broken("I8", f"an idle poll reads {seen} invoices again, long after anything was new")

    def _touched(self) -> None:
        """I8: require that a moved stamp, with nothing new for Salesforce, costs no Salesforce call.

        Invoices without a fingerprint are left out: after a restored copy of the state, a call must find the truth.
        """
        run = self._run
        rows = {row.entity_id: row for row in self._calm.store.ledger.newest()}
        known = {each for each, row in rows.items() if row.sync_status == "synced" and row.fingerprint is not None}
        quiet = [each for each in run.shop.ids() if each in known]
        if quiet:
            run.clock.advance(60)
            run.shop.move_stamp(run.random.choice(quiet))
            before = run.network.calls["salesforce"]
            self._calm.beat(1)
            if run.network.calls["salesforce"] != before:
                raise Broken("I8", "a call to Salesforce, though only the stamp of an invoice has moved")

    def _free_poll(self, when: str) -> None:
        run = self._run
        before = dict(run.network.calls)
        checkpoint = self._calm.store.checkpoints.current()
        assert checkpoint is not None
        since = (checkpoint - timedelta(seconds=run.rates.overlap)).strftime("%Y-%m-%d %H:%M:%S")
        allowed = run.network.magento_app.extensions["magento"].page_limit or 100
        size = min(100, allowed, PageSizes(self._calm.store.facts).of("poll"))
        too_long = run.witness.happened["a list was too long"]
        self._calm.beat(1)
        # After twenty full pages a larger one is tried: it costs its call, and one that tells whether Magento is up.
        tries = 2 * (run.witness.happened["a list was too long"] - too_long)
        size = min(size, PageSizes(self._calm.store.facts).of("poll"))
        rows = [run.shop.row(each) for each in run.shop.ids() if each not in run.shop.shop.invoices.broken]
        again = sum(max(row["created_at"], row["updated_at"]) >= since for row in rows)
        made = run.network.calls["magento"] - before["magento"]
        if made > again // size + 1 + tries:
            raise Broken("I8", f"{made} calls to Magento {when}")
        if run.network.calls["salesforce"] != before["salesforce"]:
            raise Broken("I8", f"a call to Salesforce {when}")

    def _manual(self) -> None:
        """I4: require that new invoices are held while automatic synchronization is off."""
        run = self._run
        run.settings.edit("invoices.enable_automatic_synchronization", value=False)
        before = set(run.shop.ids())
        run.witness.asked.clear()
        run.shop.buy(count=2)
        self._calm.beat(2)
        rows = {row.entity_id: row for row in self._calm.store.ledger.newest()}
        for entity_id in set(run.shop.ids()) - before - run.witness.reused - run.witness.vanished:
            if entity_id not in rows or rows[entity_id].sync_status != "held":
                raise Broken("I4", f"invoice {entity_id} is new while automatic synchronization is off, and not held")

    def _resync(self) -> None:
        """I13: clear the state and read everything again; require the same content, and no new record."""
        run = self._run
        before = dict(run.org.org.created)
        run.operators.clear_all()
        self._calm.beat(2)
        self._calm.settle()
        run.operators.ask(self._calm.held(), by_name=False)
        self._calm.beat(2)
        created = {name: count - before.get(name, 0) for name, count in run.org.org.created.items()}
        known = run.witness
        exempt = known.deleted_comments or known.reused or known.reused_comments
        exempt = exempt or (known.moved and known.deleted_records)  # its record belonged to the deleted one
        if run.rates.marked:  # a note is found by its mark at its comment's invoice, and leaves no other trace
            exempt = exempt or known.moved or known.deleted_notes
        if any(created.values()) and not exempt:
            raise Broken("I13", f"a resync created {created}")
        Agreement(run).check()
