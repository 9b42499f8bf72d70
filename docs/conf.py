"""The documentation site: `make docs` builds it into build/docs and fails at every warning."""

project = "Chainmeet"
author = "The Chainmeet contributors"
copyright = "the Chainmeet contributors, AGPL-3.0-or-later"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
suppress_warnings = ["myst.header"]

html_theme = "furo"
html_title = "Chainmeet"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": False}
