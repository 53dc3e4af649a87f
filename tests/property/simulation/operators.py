"""Operators at work: flags, manual syncs, cleared states, restarts, old backups."""

from __future__ import annotations

from pathlib import Path
from random import Random

from state.kinds import ClearKind
from tests.property.simulation.clock import Clock
from tests.property.simulation.life import Life
from tests.property.simulation.rates import Rates
from tests.property.simulation.settings import FLAGS, EditedSettings
from tests.property.simulation.shop_side import ShopSide
from tests.property.simulation.witness import Witness


class Operators:
    """Acts on the daemon, and tells the witness."""

    def __init__(
        self,
        life: Life,
        settings: EditedSettings,
        clock: Clock,
        random: Random,
        shop: ShopSide,
        witness: Witness,
    ) -> None:
        self._life = life
        self._settings = settings
        self._clock = clock
        self._random = random
        self._shop = shop
        self._witness = witness
        self._old_state: dict[str, bytes] | None = None

    def act(self, rates: Rates) -> None:
        """Do one act between two polls."""
        acts = [self.flag, self.flag, self.flag, self.sync, self.sync, self.restart]
        if rates.clears:
            acts += [self.clear, self.clear, self.clear_some, self.lose_state, self.keep_state, self.put_back]
        if rates.side_files:
            acts += [self.lose_file] * 4
        if rates.marked:  # a forgotten note is found by its title only
            acts += [self.sync] * 6
        act = self._random.choice(acts)
        act()
        self._witness.happened[act.__name__] += 1

    def meanwhile(self) -> None:
        """Do one act while a pass is under way."""
        if self._random.random() < 0.3:
            self._life.stop.ask()
        else:
            self.flag()

    def flag(self) -> None:
        """Edit a flag."""
        self._settings.edit(f"invoices.{self._random.choice(FLAGS)}", self._random.random() < 0.6)

    def flags_on(self) -> None:
        """Switch all three flags on."""
        for name in FLAGS:
            self._settings.edit(f"invoices.{name}", value=True)

    def sync(self) -> None:
        """Ask for a manual sync of some invoices, by name or not."""
        ids = [each for each in self._shop.ids() if self._random.random() < 0.4]
        by_name = self._random.random() < 0.5
        self.ask(ids, by_name=by_name)

    def ask(self, ids: list[int], *, by_name: bool) -> None:
        """Ask for a manual sync of these invoices."""
        if ids and self._life.store is not None:
            self._witness.asked.update(ids)
            named, others = (ids, []) if by_name else ([], ids)
            with self._life.by_others():
                self._life.store.requests.leave("sync", self._clock.now(), named=named, others=others)

    def restart(self) -> None:
        """Restart the daemon after a clean stop."""
        self._life.restart()

    def clear(self) -> None:
        """Clear the state, or only its checkpoint."""
        self._ask_to_clear(self._random.choice(("clear", "clear-checkpoint")), [])

    def clear_all(self) -> None:
        """Clear the whole state."""
        self._ask_to_clear("clear", [])

    def clear_some(self) -> None:
        """Clear some invoices by number, so that they are sent again as by a manual sync."""
        ids = [each for each in self._shop.ids() if self._random.random() < 0.3]
        if ids:
            self._witness.asked.update(ids)
            self._ask_to_clear("clear", ids)

    def lose_state(self) -> None:
        """Move the state away."""
        self._life.restart()
        self._remove()

    def lose_file(self) -> None:
        """Remove state.db, but not SQLite's files next to it."""
        if self._life.restart_without_state():
            self._witness.cleared += 1
            self._witness.happened["removed after a clean stop"] += 1

    def keep_state(self) -> None:
        """Keep a backup of the state."""
        self._life.restart()
        if self._life.path.exists():
            self._old_state = {path.name: path.read_bytes() for path in self._files()}

    def put_back(self) -> None:
        """Put an old backup of the state back."""
        if self._old_state is not None:
            self._life.restart()
            self._remove()
            for name, content in self._old_state.items():
                (self._life.path.parent / name).write_bytes(content)

    def _ask_to_clear(self, kind: ClearKind, ids: list[int]) -> None:
        if self._life.store is not None:
            self._witness.cleared += 1
            with self._life.by_others():
                self._life.store.requests.leave(kind, self._clock.now(), named=ids)

    def _remove(self) -> None:
        self._witness.cleared += 1
        for path in self._files():
            path.unlink()

    def _files(self) -> list[Path]:
        """Return the state's files, without its lock, which stays."""
        return [path for path in sorted(self._life.path.parent.glob("state.db*")) if path.suffix != ".lock"]
