"""The server: an API over HTTP, on one port with the page. Importing this package does not import FastAPI; `app` does."""

from .options import ServerOptions
from .service import Service
from .serving import Served, listen, prepare, private_folder, serve

__all__ = ["Served", "ServerOptions", "Service", "listen", "prepare", "private_folder", "serve"]
