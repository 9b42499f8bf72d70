"""Python runs this first of all in each program that a test starts: it has the test's clock (`clocks`)."""

import os
import sys
import time

if "TESTS_CLOCK_BY" in os.environ:
    sys.modules.update({"pytest": None, "dateutil.parser": None})  # type: ignore[dict-item] # for nothing loaded
    import time_machine

    del sys.modules["pytest"], sys.modules["dateutil.parser"]
    by = float(os.environ["TESTS_CLOCK_BY"])
    traveller = time_machine.travel(time.time() + by).start()
    # On a busy machine the start took up to 0.2 s, for which this clock was behind those of other programs.
    reached = max(time.time() - time_machine.escape_hatch.time.time() for _ in range(5))
    traveller.shift(by - reached)
