"""The web page. Importing this package does not import Gradio; launching the page or importing `emotone.webui.page` does."""

from .serving import Page, launch

__all__ = ["Page", "launch"]
