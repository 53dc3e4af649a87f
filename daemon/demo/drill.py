"""``invoice-sync demo --drill``: kills the daemon or loses an answer at every step, then compares the sides."""

import time
from collections.abc import Sequence

from daemon.demo.ending import summary
from daemon.demo.failpoints import EVENT, VARIABLE
from daemon.demo.failure import DemoFailed
from daemon.demo.stage import Stage, count
from daemon.demo.steps import STEPS, Step
from daemon.sandbox.faults import lost

INVOICES = 50
_PAGE_SIZE = 10
_COMMENTED = 5
_STEP_SECONDS = 60
_LOOK_SECONDS = 0.02
# The calls that lose their answers: side, words, and texts in path and body.
_LOST: tuple[tuple[str, str, str, str | None], ...] = (
    ("Magento", "the page of invoices", r"/invoices\?", None),
    ("Magento", "their orders", r"/orders\?", None),
    ("Salesforce", "the sign-in", "oauth2/token", None),
    ("Salesforce", "the invoices that were sent", "composite/graph", "Magento_Invoice_Item__c"),
    ("Salesforce", "the notes that were attached", "composite/graph", "ContentNote"),
)
_LOST_QUICKLY = (0, 3)


def drill(stage: Stage, *, quick: bool) -> bool:
    """Kill and lose at each step; return whether no record was lost or doubled."""
    say = stage.narration.say
    stage.narration.act(f"A first pass over {INVOICES} invoices, killed on its way")
    for number in range(INVOICES):
        stage.customers.buy(comment=number % 2 == 0)
    stage.folder.edit("magento", "page_size", _PAGE_SIZE)
    say("Magento", f"{count(INVOICES, 'invoice')}, {_comments(stage)} comments, in pages of {_PAGE_SIZE}")
    steps = [step for step in STEPS if step.quick or not quick]
    _kill_at_each(stage, steps)
    stage.narration.act("Calls are carried out, and their answers are lost")
    losses = [_LOST[place] for place in _LOST_QUICKLY] if quick else list(_LOST)
    _lose_each(stage, losses, by_hand=quick)
    stage.daemon.stop()
    stage.narration.act(f"After {count(len(steps), 'kill')} and {count(len(losses), 'lost answer')}")
    return _close(stage)


def _kill_at_each(stage: Stage, steps: Sequence[Step]) -> None:
    """Kill each daemon one step later than its predecessor.

    A daemon has recovered when it has come past its predecessor's step.
    """
    before: Step | None = None
    killed_at = 0.0
    for step in [*steps, None]:
        if step is not None and step.comments:
            for invoice in stage.customers.invoices()[:_COMMENTED]:
                stage.customers.comment(invoice["entity_id"])
        mark = stage.daemon.mark()
        plan = [f"{before.at}:1:say"] if before else []
        plan += [f"{step.at}:1:kill"] if step else []
        stage.daemon.start(**{VARIABLE: ",".join(plan)})
        with stage.narration.waiting(step.words if step else "the last daemon has recovered"):
            if before is not None:
                _wait_for(stage, mark, before, step)
                took = time.monotonic() - killed_at
                stage.narration.say("kill -9", f"{before.words}; recovered after {took:.1f} s")
            if step is not None:
                _wait_for_death(stage, step)
        before, killed_at = step, time.monotonic()
    stage.wait(lambda: stage.compared().equal, "both sides agree", seconds=_STEP_SECONDS)


def _wait_for(stage: Stage, mark: int, before: Step, step: Step | None) -> None:
    """Wait until the daemon reaches the step of its predecessor's death, or has no work left there."""
    until = time.monotonic() + _STEP_SECONDS
    while not stage.daemon.said(EVENT, since=mark):
        if step is None and stage.compared().equal:
            return
        if time.monotonic() > until:
            raise DemoFailed(f"the daemon, killed while {before.words}, did not recover within {_STEP_SECONDS} s")
        time.sleep(_LOOK_SECONDS)


def _wait_for_death(stage: Stage, step: Step) -> None:
    code = stage.daemon.died(_STEP_SECONDS)
    if code is None:
        raise DemoFailed(f"the daemon did not reach this step within {_STEP_SECONDS} s: {step.words}")
    if code != -9:
        raise DemoFailed(f"the daemon ended by itself, with exit code {code}, before this step: {step.words}")


def _lose_each(stage: Stage, losses: Sequence[tuple[str, str, str, str | None]], *, by_hand: bool) -> None:
    """Have customers buy and lose one answer each time; the invoice arrives in Salesforce nevertheless.

    After an unanswered call to Salesforce the daemon waits 15 to 30 seconds. These waits are spent together.
    """
    waiting: dict[str, tuple[str, float, int]] = {}
    for side, what, path, body in losses:
        faults = stage.faults[side.lower()]
        plan = faults.add(lost(), path=path, body=body)
        if "oauth2" in path:
            stage.expire_sessions()
        entity_id = stage.customers.buy()
        stage.wait(lambda plan=plan: plan.hits, f"the answer about {what} is lost", seconds=_STEP_SECONDS)  # type: ignore[misc]
        waiting[what] = (side, time.monotonic(), entity_id)
        if side == "Magento":
            _say_when_in(stage, waiting)
        elif by_hand:
            stage.narration.say("daemon", "would send it again within half a minute; here a manual sync asks for it")
            stage.command("sync", stage.number(entity_id))
    _say_when_in(stage, waiting)


def _say_when_in(stage: Stage, waiting: dict[str, tuple[str, float, int]]) -> None:
    def all_in() -> bool:
        books = stage.books()
        for what, (side, since, entity_id) in list(waiting.items()):
            if books.shows(stage.customers.invoice(entity_id)):
                del waiting[what]
                took = time.monotonic() - since
                stage.narration.say("lost", f"{side}'s answer about {what}; all in Salesforce after {took:.1f} s")
        return not waiting

    stage.wait(all_in, "the invoices are in Salesforce nevertheless", seconds=_STEP_SECONDS)


def _close(stage: Stage) -> bool:
    """Compare the numbers of created records and of records in Magento, and both sides."""
    invoices = stage.customers.invoices()
    expected = {
        "invoice": ("Magento_Invoice__c", len(invoices)),
        "item": ("Magento_Invoice_Item__c", sum(len(invoice["items"]) for invoice in invoices)),
        "comment record": ("Magento_Invoice_Comment__c", _comments(stage)),
        "note": ("ContentNote", _comments(stage)),
    }
    once = True
    for noun, (kind, number) in expected.items():
        created = stage.org.created[kind]
        once = once and created == number
        ever = "each once" if created == number else f"for {number} in Magento"
        stage.narration.say("Salesforce", f"{count(created, noun)} created, {ever}", "" if created == number else "red")
    found = stage.compared()
    good = found.equal and once
    stage.narration.conclude(summary(found), good=good)
    return good


def _comments(stage: Stage) -> int:
    return sum(len(invoice["comments"]) for invoice in stage.customers.invoices())
