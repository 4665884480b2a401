"""The web page. Importing this package does not import Gradio; mounting the page or importing `emotone.webui.page` does."""

from .mounting import mounted, prepare

__all__ = ["mounted", "prepare"]
