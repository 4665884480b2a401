"""A browser window that is watched."""

from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Witness:
    """What a browser window did: errors in its console, and requests to other hosts."""

    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@contextmanager
def watched(browser, url: str, witness: Witness, **settings: object):
    """A fresh window on the page; at the end, it had no error and sent no request elsewhere."""
    from browser import visit

    settings = {"locale": "en", "viewport": {"width": 1280, "height": 900}} | settings
    context = browser.new_context(accept_downloads=True, permissions=["microphone"], **settings)
    page = context.new_page()
    page.on("console", lambda message: witness.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: witness.errors.append(str(error)))
    page.on("request", lambda made: witness.foreign.append(made.url) if not _own(made.url, url) else None)
    visit(page, url)
    yield page
    context.close()
    assert witness.errors == []
    assert witness.foreign == []


def _own(url: str, home: str) -> bool:
    return url.startswith((home, "data:", "blob:"))
