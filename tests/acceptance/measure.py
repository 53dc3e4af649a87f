"""Prints the measured figures: ``python -m tests.acceptance.measure [INVOICES INVOICES]`` (default 2000 20000)."""

from __future__ import annotations

import sys

from tests.acceptance.figures import Figures, help_seconds, run_once, shop_of


def measure(small: int, large: int) -> None:
    print(f"invoice-sync --help, best of 5: {help_seconds():.3f} s", flush=True)
    with shop_of(1_000) as world:
        first = run_once(world)
        assert world.compared().equal, str(world.compared())
        say("a first sync of 1,000 invoices", first)
        say("an idle poll", run_once(world))
    peaks = []
    for invoices in (small, large):
        with shop_of(invoices) as world:
            found = run_once(world)
            assert world.compared().equal, str(world.compared())
            say(f"a first sync of {invoices:,} invoices", found)
            peaks.append(found.peak_megabytes)
    print(f"peak memory, {large:,} invoices against {small:,}: {peaks[1] - peaks[0]:+.1f} MB")


def say(what: str, found: Figures) -> None:
    print(
        f"{what}: exit {found.exit_code}, {found.seconds:.1f} s, {found.graph_calls} graph calls of "
        f"{found.salesforce_calls} calls to Salesforce, {found.magento_calls} to Magento, "
        f"peak memory {found.peak_megabytes:.1f} MB",
        flush=True,
    )


if __name__ == "__main__":
    sizes = [int(argument.replace(",", "").replace("_", "")) for argument in sys.argv[1:3]] or [2_000, 20_000]
    measure(sizes[0], sizes[-1])
