"""The web page. Importing this package does not import Gradio; launching, mounting or `emotone.webui.page` does."""

from .serving import Page, launch, mount

__all__ = ["Page", "launch", "mount"]
