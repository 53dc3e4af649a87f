"""The situations of a kill: each is a siege of one world, with its own list of steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from state.store import Store
from tests.acceptance.process import wait_until
from tests.acceptance.siege import Outcome, Siege, besieged, finish, judge, judge_state
from tests.promises import assert_promises
from tests.world import World

CALL = ("call", "sent", "answer", "read")
NEWER = "m999_one_migration_ahead"  # of tests.acceptance.newer, which is not imported: its migration is not ours
READING = tuple(f"magento.{moment}" for moment in CALL)
SENDING = tuple(f"salesforce.{moment}" for moment in CALL)
REMEMBERING = ("state.begin", "state.commit", "state.committed")


def first_sync(siege: Siege) -> None:
    """Kill a first sync with pages, full batches between them, and everything created."""
    world = siege.world
    world.shop.seed(130, items=1.5, comments=1, rng=siege.random)
    world.set("magento.page_size", 40)
    steps = [*READING, *SENDING, *REMEMBERING]
    siege.random.shuffle(steps)
    for step in steps:
        world.invoice(comment="came while it was down")
        siege.kill_at(step, "run", "--once", latest=3)


def everyday(siege: Siege) -> None:
    """Kill polls with new and changed invoices, late comments and edited ones."""
    world = siege.world
    known = [world.invoice(comment="the first"), world.invoice(comment="the second")]
    comments = [row["comments"][0]["entity_id"] for row in world.wire_invoices()]
    finish(world)
    steps = [*READING, *SENDING, *REMEMBERING]
    siege.random.shuffle(steps)
    for number, step in enumerate(steps):
        known.append(world.invoice(comment=f"comment {number}"))
        world.shop.change_state(siege.random.choice(known), siege.random.choice([1, 2]))
        world.shop.add_comment(siege.random.choice(known), f"later {number}")
        world.shop.edit_comment(siege.random.choice(comments), f"edited {number}")
        siege.kill_at(step, "run", "--once", latest=2)


def edited_comments(siege: Siege) -> None:
    """Kill passes that only carry edits of comments into their notes."""
    world = siege.world
    for number in range(3):
        world.invoice(comment=f"comment {number}")
    comments = [row["comments"][0]["entity_id"] for row in world.wire_invoices()]
    finish(world)
    for moment in (*(f"{step}/notes" for step in SENDING), "state.commit/notes", "state.committed/notes"):
        for comment_id in comments:
            world.shop.edit_comment(comment_id, f"as it reads before {moment}: {siege.random.random()}")
        siege.kill_at(moment, "run", "--once")


def adoption(siege: Siege) -> None:
    """Kill a sync without a state but with full Salesforce: it adopts comment records beside new comments."""
    world = siege.world
    for number in range(12):
        world.invoice(comment=f"comment {number}")
    finish(world)
    for step in (*(f"{step}/comments" for step in SENDING), "salesforce.sent/notes", "state.commit/notes"):
        for left in world.state_path.parent.glob("state.db*"):
            left.unlink()
        world.shop.add_comment(siege.random.choice(list(world.shop.invoices.ids)), f"new: {step}")
        siege.kill_at(step, "run", "--once")


def clearing(siege: Siege) -> None:
    """Kill ``state clear`` itself, between syncs; its copy is whole or missing."""
    world = siege.world
    world.invoice(comment="the first")
    finish(world)
    for step in ("state.copied", "state.begin", "state.commit", "state.committed"):
        world.invoice(comment=step)
        siege.kill_at(step, "state", "clear", "--yes")
        for copy in world.state_path.parent.glob("*.bak"):
            with Store(copy, lock=False) as store:
                assert sum(store.ledger.counts().values()) >= 1, f"{copy} holds what was known"
        finish(world)


def making(siege: Siege) -> None:
    """Kill the making of the state's file, and the reading of a settings edit."""
    world = siege.world
    world.invoice(comment="before there was a state")
    siege.kill_at("state.schema", "run", "--once")
    assert not world.state_path.exists(), "a state that is not whole does not appear under its name"
    for page_size in (7, 9):
        running = siege.start("run", at="settings.read:1")
        running.wait_for("daemon.started")
        world.set("magento.page_size", page_size)
        world.invoice(comment="bought while the settings were edited")
        assert siege.fell(running)


def upgrade(siege: Siege) -> None:
    """Kill a newer version's upgrade of the state; then this version continues with the copy from before."""
    world = siege.world
    known = world.invoice(comment="before the upgrade")
    finish(world)
    world.module = "tests.acceptance.newer"
    for step in ("state.copied", "state.schema", "state.commit", "state.committed"):
        world.invoice(comment=step)
        siege.kill_at(step, "run", "--once")
    world.shop.edit_comment(world.wire_invoices()[0]["comments"][0]["entity_id"], "edited after the upgrade")
    done = world.command("run", "--once")
    assert done.returncode == 0, done.stderr
    for left in world.state_path.parent.glob("state.db-*"):
        left.unlink()
    world.state_path.with_name(f"state.db.before-{NEWER}.bak").replace(world.state_path)
    world.module = "daemon.demo.failpoints"
    assert set(world.rows()) == {known}, "the copy is the state as it was before"


def requests(siege: Siege) -> None:
    """Kill ``sync``, or the running daemon that it asks."""
    world = siege.world
    world.set("invoices.enable_automatic_synchronization", False)
    steps = (
        "state.commit/request:1",
        "state.committed/request:1",
        "salesforce.sent/invoices:1",
        "salesforce.answer/notes:1",
        "state.commit/request:2",
    )
    held = {step: world.invoice(comment=step) for step in steps}
    last = world.invoice(comment="asked for by a process that died")
    assert world.command("run", "--once").returncode == 0
    for step, entity_id in held.items():
        daemon = siege.start("run", at=step)
        daemon.wait_for("daemon.started")
        asking = siege.processes.start("sync", "--id", str(entity_id))
        assert siege.fell(daemon)  # in this request or in the one before, which waits since its daemon died
        assert asking.ended() in {0, 75}, asking.text
    daemon = siege.processes.daemon()
    assert siege.fell(siege.start("sync", "--id", str(last), at="state.committed/request:1"))
    wait_until(partial(is_all_done, world), "all that was asked for is done")
    assert daemon.terminate() == 0
    world.set("invoices.enable_automatic_synchronization", True)


def at_random(siege: Siege) -> None:
    """Kill long passes at any moment, of single runs and of daemons."""
    world = siege.world
    world.shop.seed(80, items=2, comments=1.5, rng=siege.random)
    world.set("magento.page_size", 20)
    world.magento.seconds_per_call = 0.05
    world.salesforce.seconds_per_record = 0.003
    for number in range(8):
        world.invoice(comment=f"comment {number}")
        siege.kill_at_random(*siege.random.choice([("run",), ("run", "--once")]))
    world.magento.seconds_per_call = world.salesforce.seconds_per_record = 0


def is_all_done(world: World) -> bool:
    """Return whether every request is done, and every invoice is in Salesforce."""
    with Store(world.state_path, lock=False) as store:
        return store.requests.waiting() is None and set(store.ledger.counts()) == {"synced"}


SITUATIONS: dict[str, Callable[[Siege], None]] = {
    "first sync": first_sync,
    "everyday": everyday,
    "edited comments": edited_comments,
    "adoption": adoption,
    "clearing": clearing,
    "making": making,
    "upgrade": upgrade,
    "requests": requests,
    "at random": at_random,
}


def besiege(situation: str, folder: Path, seed: int) -> Outcome:
    """Kill the process again and again in this situation, let it finish, and check everything."""
    with besieged(folder, seed) as siege:
        SITUATIONS[situation](siege)
        finish(siege.world)
        siege.outcome.add(judge(siege.world))
        siege.outcome.wrong += judge_state(siege.world)
        try:
            assert_promises(siege.world)
        except AssertionError as broken:
            siege.outcome.wrong.append(str(broken))
        return siege.outcome
