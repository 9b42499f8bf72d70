"""The documentation site: `make docs` builds it into build/docs and fails at every warning."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.support import components  # noqa: E402 -- the repository is no package of the environment

components.write(ROOT / "build" / "components")

project = "Chainmeet"
author = "The Chainmeet contributors"
copyright = "the Chainmeet contributors, AGPL-3.0-or-later"

sys.path.insert(0, str(ROOT / "docs" / "_ext"))
extensions = ["myst_parser", "rooms"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
suppress_warnings = ["myst.header"]

html_extra_path = [str(ROOT / "build" / "components")]
html_theme = "furo"
html_title = "Chainmeet"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": False}
