"""Kills a world's process again and again, at named steps or random moments, and then checks both sides."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from daemon.demo.failpoints import EVENT, VARIABLE
from state.store import Store
from tests.acceptance.process import Processes, Running, is_pending, wait_until
from tests.world import World

LONGEST_LIFE = 1.5


@dataclass
class Outcome:
    """The outcome of a siege: ``kills`` by step, and lists with a line for each wrong record."""

    kills: Counter[str] = field(default_factory=Counter)
    invoices: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.orphans or self.wrong)

    def add(self, other: Outcome) -> None:
        self.kills.update(other.kills)
        self.invoices += other.invoices
        for name in ("lost", "doubled", "orphans", "wrong"):
            getattr(self, name).extend(getattr(other, name))

    def __str__(self) -> str:
        by_step = [f"  {step:24}{count:5}" for step, count in sorted(self.kills.items())]
        total = f"{self.kills.total()} kills over {self.invoices} invoices: lost {len(self.lost)}, "
        total += f"doubled {len(self.doubled)}, orphans {len(self.orphans)}, otherwise wrong {len(self.wrong)}"
        found = [*self.lost, *self.doubled, *self.orphans, *self.wrong][:20]
        return "\n".join([*by_step, total, *(f"  {line}" for line in found)])


class Siege:
    """One world under siege."""

    def __init__(self, world: World, random: Random) -> None:
        self.world = world
        self.random = random
        self.processes = Processes(world)
        self.outcome = Outcome()
        world.module = "daemon.demo.failpoints"

    def start(self, *arguments: str, at: str) -> Running:
        """Start a process to be killed at this step: ``salesforce.sent/notes:2``."""
        return self.processes.start(*arguments, environ={VARIABLE: f"{at}:kill"})

    def fell(self, running: Running, *, seconds: float = 30) -> bool:
        """Wait for the process's end; return whether it was killed at its step, and did not end before."""
        code = running.ended(seconds=seconds)
        if code != -signal.SIGKILL:
            assert code in {0, 3, 75}, f"exit {code}: {running.events[-5:]} {running.text}"
            return False
        self.outcome.kills[running.named(EVENT)[-1]["step"]] += 1
        return True

    def kill_at(self, step: str, *arguments: str, latest: int = 1) -> None:
        """Run the command and kill it at this step: at one of its first ``latest`` passages, if any."""
        number = self.random.randint(1, latest)
        if not self.fell(self.start(*arguments, at=f"{step}:{number}")):
            running = self.start(*arguments, at=f"{step}:1")
            # All may be done by now; then there is nothing to be killed in.
            assert self.fell(running) or number > 1, f"never at {step}: {running.events[-5:]}"

    def kill_at_random(self, *arguments: str) -> None:
        """Run the command and kill it at any moment after its first call."""
        calls = calls_of(self.world)
        running = self.processes.start(*arguments)
        wait_until(lambda: calls_of(self.world) > calls or running.process.poll() is not None, "a call")
        time.sleep(self.random.uniform(0, LONGEST_LIFE))  # the random moment itself
        if running.process.poll() is None:
            running.kill()
            self.outcome.kills["at random"] += 1
        running.ended()

    def close(self) -> None:
        self.processes.close()


@contextmanager
def besieged(folder: Path, seed: int) -> Iterator[Siege]:
    """Make a fresh world under siege; end its processes with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World(folder).start()
    siege = Siege(world, Random(seed))
    try:
        yield siege
    finally:
        siege.close()
        world.stop()


def calls_of(world: World) -> int:
    return len(world.magento_calls) + len(world.salesforce_calls)


def finish(world: World, *, seconds: float = 90.0) -> None:
    """Run ``run --once`` until nothing is owed; wait for calls that outlive their process."""
    until = time.monotonic() + seconds
    while True:
        done = world.command("run", "--once")
        assert done.returncode in {0, 3}, done.stderr
        if not is_pending(world):
            return
        assert time.monotonic() < until, f"still owed after {seconds:g} s: {done.stderr}"
        due = next_attempt(world)
        wait_until(lambda due=due: datetime.now(UTC) >= due, "the next attempt", seconds=60)  # type: ignore[misc]


def next_attempt(world: World) -> datetime:
    """Return the instant at which all waiting work is due."""
    with Store(world.state_path, lock=False) as store:
        waits = [
            datetime.fromisoformat(row["next_attempt_at"])
            for table in ("ledger", "notes")
            for row in store.connection.database.query(
                f"SELECT next_attempt_at FROM {table} WHERE sync_status = 'pending'"
            )
            if row["next_attempt_at"] is not None
        ]
    return max(waits, default=datetime.now(UTC))


def judge(world: World) -> Outcome:
    """Return the faults in Salesforce: every record must be there once, and created once."""
    found = Outcome()
    compared = world.compared()
    found.lost += compared.lost
    found.doubled += compared.doubled
    found.orphans += [*compared.orphans, *(str(note["Id"]) for note in world.org.orphan_notes())]
    found.wrong += compared.differing
    shown = world.wire_invoices()
    found.invoices = len(shown)
    comments = sum(len(invoice["comments"]) for invoice in shown)
    expected = {
        "Magento_Invoice__c": len(shown),
        "Magento_Invoice_Item__c": sum(len(invoice["items"]) for invoice in shown),
        "Magento_Invoice_Comment__c": comments,
        "ContentNote": comments,
        "ContentDocumentLink": comments,
    }
    for kind, count in expected.items():
        created = world.org.created[kind]
        if created != count:
            (found.doubled if created > count else found.lost).append(f"{created} {kind} were created for {count}")
    return found


def judge_state(world: World) -> list[str]:
    """Return the faults in the state, and work left to do."""
    wrong: list[str] = []
    with Store(world.state_path, lock=False) as store:
        for row in store.ledger.newest():
            record = world.org.find("Magento_Invoice__c", "Magento_Id__c", f"main-{row.entity_id}")
            if row.sync_status != "synced" or record is None or record["Id"] != row.salesforce_id:
                wrong.append(f"{row.entity_id} is {row.sync_status} as {row.salesforce_id}: {row.reason}")
        if set(store.notes.counts()) - {"synced"}:
            wrong.append(f"notes: {store.notes.counts()}")
        if sum(store.ledger.counts().values()) != len(world.wire_invoices()):
            wrong.append(f"the ledger has {store.ledger.counts()} of {len(world.wire_invoices())}")
    world.salesforce_calls.clear()
    done = world.command("run", "--once")
    if done.returncode != 0 or len(world.salesforce_calls):
        wrong.append(f"a further pass: exit {done.returncode}, {len(world.salesforce_calls)} calls to Salesforce")
    return wrong
