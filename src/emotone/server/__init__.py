"""The server: an API over HTTP, on one port with the page. Importing this package does not import FastAPI; `app` does."""

from .access import Access, access_of
from .folders import private_folder
from .log import log_to
from .options import ServerOptions
from .serving import Served, listen, prepare, serve

__all__ = [
    "Access",
    "Served",
    "ServerOptions",
    "access_of",
    "listen",
    "log_to",
    "prepare",
    "private_folder",
    "serve",
]
