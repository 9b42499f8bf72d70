"""Python runs this first of all in each program that a test starts: it has the test's clock (`clocks`)."""

import os
import sys
import time

if "TESTS_CLOCK_BY" in os.environ:
    sys.modules.update({"pytest": None, "dateutil.parser": None})  # type: ignore[dict-item] # for nothing loaded
    import time_machine

    del sys.modules["pytest"], sys.modules["dateutil.parser"]
    time_machine.travel(time.time() + float(os.environ["TESTS_CLOCK_BY"])).start()
