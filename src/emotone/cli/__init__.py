"""The command line: `emotone VERB …`. Data goes to stdout, everything else to stderr."""

import gettext
import io
import os
import sys
from pathlib import Path

from ..text import system_language


def main() -> None:
    """Runs the command line; ends the process with 0 (all good), 1 (some inputs failed) or 2 (wrong usage)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Files and pipes get the same bytes everywhere; what cannot be written, such as a name that is no text, is "?".
            stream.reconfigure(encoding=stream.encoding if stream.isatty() else "utf-8", errors="replace")
    # Click's own words ("Usage", "Options" …) come from gettext's default domain, read when click is imported.
    os.environ["LANGUAGE"] = system_language()
    gettext.bindtextdomain("messages", str(Path(__file__).parent / "locale"))
    from .app import app  # noqa: PLC0415 - after the line above

    app()
