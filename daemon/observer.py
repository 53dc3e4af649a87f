"""Hears what the process does: does nothing by default; whoever wants to know hands one in."""

from state.passes import Pass


class Observer:
    """Hears of everything, and does nothing. A subclass overrides what it is about."""

    def progressed(self) -> None:
        """A pass has got on by a batch."""

    def pass_finished(self, done: Pass, seconds: float) -> None:
        """A pass is over; it took this long."""

    def invoice_arrived(self, seconds: float) -> None:
        """An invoice is in Salesforce for the first time, so long after Magento made it."""


class Observers(Observer):
    """Tells several observers, which may be added at any time."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = list(observers)

    def add(self, observer: Observer) -> None:
        """Tell this one too from now on."""
        self._observers.append(observer)

    def remove(self, observer: Observer) -> None:
        """Tell this one no more."""
        self._observers.remove(observer)

    def progressed(self) -> None:
        """Tell all of them."""
        for observer in self._observers:
            observer.progressed()

    def pass_finished(self, done: Pass, seconds: float) -> None:
        """Tell all of them."""
        for observer in self._observers:
            observer.pass_finished(done, seconds)

    def invoice_arrived(self, seconds: float) -> None:
        """Tell all of them."""
        for observer in self._observers:
            observer.invoice_arrived(seconds)
