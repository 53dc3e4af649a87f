"""Does the work of a person's request: made in this process, or through the state by another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from daemon.errors import InvoiceSyncError
from daemon.sync.delivery.call_failures import FULL
from daemon.sync.delivery.notes.pause import NotePause
from daemon.sync.discovery.intake import Intake
from daemon.sync.passes import Passes
from daemon.sync.renewal import Renewal
from daemon.sync.tally import Tally
from daemon.sync.tools import Tools
from state.dismissal import dismiss
from state.forgetting import clear_state
from state.kinds import ClearKind
from state.requests import Request


@dataclass(kw_only=True)
class Requests:
    """Makes a pass of each request."""

    tools: Tools
    renewal: Renewal
    intake: Intake
    pause: NotePause
    passes: Passes

    def answer(self, request: Request) -> Tally:
        """Do another process's request, and leave the outcome in the state."""
        requests, log, now = self.tools.store.requests, self.tools.log, self.tools.now
        requests.take(request.id, now())
        count = len(request.named_ids) + len(request.other_ids)
        log.info("request.received", request=request.id, invoices=count)
        try:
            tally = self._do(request)
        except InvoiceSyncError as error:
            requests.finish(request.id, now(), exit_code=error.exit_code, error=str(error))
            raise
        code = tally.failure.exit_code if tally.failure else 0
        requests.finish(request.id, now(), exit_code=code, error=tally.done.error)
        log.info("request.finished", request=request.id, outcome=tally.done.outcome)
        return tally

    def sync(self, named: Sequence[int], others: Sequence[int] = ()) -> Tally:
        """Sync these invoices as Magento shows them now, whatever the automatic flag says.

        Skip rules do not hold the ones that were named one by one.
        """
        size = self.intake.batch(FULL)
        batches = [(named[start : start + size], True) for start in range(0, len(named), size)]
        batches += [(others[start : start + size], False) for start in range(0, len(others), size)]
        self.pause.end_pause()  # a person may know that the org takes notes again
        return self.passes.sync(batches)

    def _do(self, request: Request) -> Tally:
        match request.kind:
            case "sync":
                return self.sync(request.named_ids, request.other_ids)
            case "dismiss":
                return self.passes.change_state(partial(dismiss, self.tools.store, request.named_ids))
            case "clear":
                return self.passes.change_state(partial(self._clear, request, "clear"))
            case "clear-checkpoint":
                return self.passes.change_state(partial(self._clear, request, "clear-checkpoint"))
        raise InvoiceSyncError(f"this version knows no request {request.kind!r}", hint="Restart the daemon.")

    def _clear(self, request: Request, kind: ClearKind) -> None:
        clear_state(self.tools.store, self.tools.now(), kind, request.named_ids)
        self.renewal.begin_again()
