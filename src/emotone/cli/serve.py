"""`emotone serve`: the page."""

import signal
from contextlib import suppress
from pathlib import Path

import click

from ..errors import EmotoneError
from ..recognizer import load_model
from .console import ERR, OPTIONS, fail, say
from .options import model_option


@click.command(
    options_metavar=OPTIONS,
    help=say("Serve the page until Ctrl-C.", "启动网页服务，按 Ctrl-C 结束。"),
    epilog=say("Example: emotone serve --port 7860", "示例：emotone serve --port 7860"),
)
@click.option("--host", default="127.0.0.1", show_default=True, help=say("Address to listen on.", "监听地址。"))
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=7860,
    show_default=True,
    help=say("Port to listen on.", "监听端口。"),
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("outputs"),
    show_default=True,
    metavar="DIR",
    help=say("Folder for results.", "保存结果的文件夹。"),
)
@model_option
@click.option(
    "--offline",
    is_flag=True,
    help=say("Do not let the page fetch models.", "不允许从网页获取模型。"),
)
def serve(host: str, port: int, output: Path, model: str, offline: bool) -> None:
    """Starts the page."""
    from ..webui import launch  # noqa: PLC0415 - other commands do without

    try:
        page = launch(lambda: load_model(model), output, host, port, offline=offline)
    except EmotoneError as error:
        fail(error)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both ends are clean ends
    with page, suppress(KeyboardInterrupt):
        ERR.print(say(f"Emotone is on {page.url} (Ctrl-C ends it)", f"情声已启动：{page.url}（按 Ctrl-C 结束）"))
        page.wait()
