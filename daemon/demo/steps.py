"""Lists the steps of a pass in their order and in words: at each of them the drill kills the daemon."""

from dataclasses import dataclass

_ABOUT = {
    "state.facts": "taking the state over",
    "magento.page": "reading a page of invoices",
    "magento.orders": "reading their orders",
    "magento.invoices": "reading invoices again",
    "state.page": "remembering a page",
    "state.orders": "remembering a page",
    "salesforce.token": "signing in",
    "salesforce.invoices": "sending invoices",
    "state.invoices": "remembering an answer",
    "salesforce.notes": "attaching notes",
    "salesforce.comments": "asking for existing notes",
    "state.notes": "remembering notes",
    "state.books": "closing the pass",
}
_MOMENTS = {
    "call": "before the call",
    "sent": "sent, no answer heard",
    "answer": "answered, not read",
    "read": "read, not remembered",
    "begin": "not begun",
    "commit": "written, not committed",
    "committed": "just committed",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One place for a kill. ``comments``: customers comment first, so that there are notes to attach."""

    moment: str
    subject: str
    quick: bool = False
    comments: bool = False

    @property
    def at(self) -> str:
        """Return the step in the words of a failpoint."""
        return f"{self.moment}/{self.subject}"

    @property
    def words(self) -> str:
        """Return the work of the daemon at this step, and its progress."""
        side, moment = self.moment.split(".")
        return f"{_ABOUT[f'{side}.{self.subject}']}: {_MOMENTS[moment]}"


def _call(side: str, subject: str, *, quick: str = "") -> list[Step]:
    return [Step(f"{side}.{moment}", subject, moment == quick) for moment in ("call", "sent", "answer", "read")]


STEPS = (
    Step("state.commit", "facts"),
    Step("state.committed", "facts"),
    *_call("magento", "page", quick="answer"),
    *_call("magento", "orders"),
    Step("state.begin", "orders"),
    Step("state.commit", "page", quick=True),
    Step("state.committed", "page"),
    *_call("salesforce", "token")[:3],
    *_call("magento", "invoices"),
    *_call("salesforce", "invoices", quick="sent"),
    Step("state.begin", "invoices"),
    Step("state.commit", "invoices", quick=True),
    Step("state.committed", "invoices"),
    Step("salesforce.call", "notes"),
    # All notes are in Salesforce, unknown to the daemon: its successor asks for existing notes.
    Step("salesforce.answer", "notes", quick=True),
    *_call("salesforce", "comments", quick="read"),
    Step("state.commit", "notes"),
    Step("salesforce.sent", "notes", comments=True),
    Step("salesforce.read", "notes", comments=True),
    Step("state.begin", "notes", comments=True),
    Step("state.commit", "notes", quick=True, comments=True),
    Step("state.committed", "notes", comments=True),
    Step("state.commit", "books"),
)
