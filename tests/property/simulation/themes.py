"""Themes: one kind of trouble for a seed to go deep into, in addition to its rates; each has a name."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

_FEW_FAULTS: Mapping[str, Any] = {"magento": 0.03, "salesforce": 0.03, "late": 0.0, "death": 0.005}

THEMES: Mapping[str, Mapping[str, Any]] = {
    # Somebody removes state.db, but not SQLite's files next to it.
    "side files": {"side_files": 0.5, "death": 0.02, "clears": True, "operator": 0.5, "beats": 9},
    # SIGSTOP and SIGCONT, or a machine that sleeps, at any step.
    "stopped": {"stops": 0.02},
    # No room for notes, while invoices are data and have room.
    "files full": {"files_full": True, "trouble": 0.4, **_FEW_FAULTS},
    # The org gets another host name.
    "org moved": {"moves": True, **_FEW_FAULTS, "trouble": 0.4},
    # No comment object: a note is found by the marker in its title only.
    "marked": {
        "marked": True,
        "slow": False,
        "late": 0.4,
        "impatience": 0.15,
        "operator": 0.5,
        "trouble": 0.1,
        "salesforce": 0.1,
        "often": ("comment", "edit", "rewrite"),
        "beats": 9,
    },
    # Magento cannot show one invoice or one order, in every way there is.
    "unreadable": {"unreadable": True, **_FEW_FAULTS, "magento": 0.0, "slow": False},
    # Magento cannot show many rows at once.
    "crowded": {"crowded": True, **_FEW_FAULTS, "slow": False},
    # The shop speaks another language, and limits its pages.
    "translated": {"translated": True, **_FEW_FAULTS},
    # A backup of the shop is put back, and ids are given a second time.
    "restored": {
        "restores": True,
        "clears": False,
        "trouble": 0.0,
        "slow": False,
        "beats": 9,
        **_FEW_FAULTS,
    },
    # Every call about one record dies.
    "deadly": {"deadly": True, **_FEW_FAULTS, "slow": False},
}
# The events of a schedule that has met its theme, by their names in the witness's count.
MET_BY: Mapping[str, frozenset[str]] = {
    "side files": frozenset({"removed after a clean stop", "removed after a kill"}),
    "stopped": frozenset({"stopped", "slept"}),
    "files full": frozenset({"refused for want of room"}),
    "org moved": frozenset({"redirected"}),
    "marked": frozenset({"marked"}),
    "unreadable": frozenset({"an invoice could not be shown", "an order could not be shown"}),
    "crowded": frozenset({"a list was too long"}),
    "translated": frozenset({"refused in another language"}),
    "restored": frozenset({"restore"}),
    "deadly": frozenset({"killed a call"}),
}
_SHARE = 0.35


def draw_theme(random: Random) -> str | None:
    """Return the theme of a seed; None for most of them."""
    return random.choice(sorted(THEMES)) if random.random() < _SHARE else None
