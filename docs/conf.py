"""The documentation site: `make docs` builds it into build/docs and fails at every warning.

It needs what `requirements.lock` beside it names, and nothing of Chainmeet's environment.
"""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]

project = "Chainmeet"
author = "The Chainmeet contributors"
release = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
copyright = "the Chainmeet contributors, AGPL-3.0-or-later"

sys.path.insert(0, str(ROOT / "docs" / "_ext"))
extensions = ["myst_parser", "languages", "rooms"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
suppress_warnings = ["myst.header"]

html_theme = "furo"
html_title = f"Chainmeet {release}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["languages.css"]
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": False}
