"""Hears what the process does: does nothing by default; whoever wants to know hands one in."""

from typing import Protocol

from state.kinds import SideName
from state.observer import StateObserver
from state.passes import Pass


class Asked(Protocol):
    """A call's request, as much of it as an observer may look at."""

    url: str | None
    body: bytes | str | None


class Observer(StateObserver):
    """Hears of everything, and does nothing. A subclass overrides what it is about."""

    def progressed(self) -> None:
        """Hear that a pass has got on by a batch."""

    def pass_finished(self, done: Pass, seconds: float) -> None:
        """Hear that a pass is over; it took so many seconds."""

    def invoice_arrived(self, seconds: float) -> None:
        """Hear that an invoice is in Salesforce for the first time, so long after Magento made it."""

    def settings_read(self) -> None:
        """Hear that an edit of the settings was read, and is not in force yet."""

    def call_begins(self, side: SideName, request: Asked) -> None:
        """Hear that a call is about to begin."""

    def call_sent(self, side: SideName) -> None:
        """Hear that all of a call is sent, and nothing of its answer has come."""

    def call_answered(self, side: SideName) -> None:
        """Hear that all of a call's answer is here, and nothing of it is read."""

    def answer_read(self, side: SideName) -> None:
        """Hear that a good answer is read, and nothing of it is remembered."""


class Observers(Observer):
    """Tells several observers of passes and settings; more may be added at any time."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = list(observers)

    def add(self, observer: Observer) -> None:
        """Tell this observer too from now on."""
        self._observers.append(observer)

    def remove(self, observer: Observer) -> None:
        """Tell this observer no more."""
        self._observers.remove(observer)

    def progressed(self) -> None:
        """Tell all observers."""
        for observer in self._observers:
            observer.progressed()

    def pass_finished(self, done: Pass, seconds: float) -> None:
        """Tell all observers."""
        for observer in self._observers:
            observer.pass_finished(done, seconds)

    def invoice_arrived(self, seconds: float) -> None:
        """Tell all observers."""
        for observer in self._observers:
            observer.invoice_arrived(seconds)

    def settings_read(self) -> None:
        """Tell all observers."""
        for observer in self._observers:
            observer.settings_read()
