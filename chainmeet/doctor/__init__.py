"""`chainmeet doctor`: checks of an installation's settings, services and machine, each with what to do."""
