"""Runs first in each Python program that a test starts, and sets the test clock (`clocks`)."""

import os
import sys
import time

if "TESTS_CLOCK_BY" in os.environ:
    sys.modules.update({"pytest": None, "dateutil.parser": None})  # type: ignore[dict-item] # without loading them
    import time_machine

    del sys.modules["pytest"], sys.modules["dateutil.parser"]
    by = float(os.environ["TESTS_CLOCK_BY"])
    traveller = time_machine.travel(time.time() + by).start()
    # On a busy machine the start takes up to 0.2 s, by which this clock would be behind other programs.
    reached = max(time.time() - time_machine.escape_hatch.time.time() for _ in range(5))
    traveller.shift(by - reached)
