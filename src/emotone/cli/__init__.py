"""The command line: `emotone VERB …`. Data goes to stdout, everything else to stderr."""

import gettext
from pathlib import Path


def main() -> None:
    """Runs the command line; ends the process with 0 (all good), 1 (some inputs failed) or 2 (wrong usage)."""
    # Click's own words ("Usage", "Options" …) come from gettext's default domain, read when click is imported.
    gettext.bindtextdomain("messages", str(Path(__file__).parent / "locale"))
    from .app import app  # noqa: PLC0415 - after the line above

    app()
