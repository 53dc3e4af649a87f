"""Time comes in from one place."""

from datetime import UTC, datetime

from freezegun import freeze_time

from daemon.clock import SystemClock


@freeze_time("2026-11-22 08:04:03.5")
def test_the_wall_clock_is_aware_and_utc() -> None:
    assert SystemClock().now() == datetime(2026, 11, 22, 8, 4, 3, 500_000, tzinfo=UTC)


def test_the_monotonic_clock_never_goes_back() -> None:
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)
