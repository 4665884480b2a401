"""`emotone serve`: the API and the page."""

import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import click

from .. import server
from ..errors import EmotoneError, MissingExtraError
from ..recognizer import Recognizer, load_model
from ..replicas import replicated
from ..store import EmbeddingStore
from .console import ERR, LANGUAGE, OPTIONS, fail, say
from .guarding import Guarding, guarding_options
from .launching import launch
from .limiting import limiting_options
from .options import heads_option, model_option


@click.command(
    options_metavar=OPTIONS,
    help=say("Serve the page and the API until Ctrl-C.", "启动网页与 API 服务，按 Ctrl-C 结束。"),
    epilog=say("Example: emotone serve --port 7860", "示例：emotone serve --port 7860"),
)
@click.option("--host", default="127.0.0.1", show_default=True, help=say("Address to listen on.", "监听地址。"))
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=7860,
    envvar="EMOTONE_PORT",
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
@heads_option(
    say(
        "Let a trained head (head.json) answer wherever nobody asks for another. May be given again: the first one answers, the "
        "others are beside it; emotions is the model's own.",
        "未另行指定时，以训练所得的分类头（head.json）作答。可多次指定：以第一个为准，其余并列给出；emotions 为模型自带的。",
    ),
)
@guarding_options
@limiting_options
@click.option(
    "--store",
    "place",
    metavar=say("STORE", "向量库"),
    help=say(
        "Let clients search this store of 'emotone store', and listen to what is found.",
        "允许客户端查询由“emotone store”建立的向量库，并收听查到的片段。",
    ),
)
@click.option("--no-page", is_flag=True, help=say("Serve the API alone.", "仅提供 API，不提供网页。"))
@click.option(
    "--offline",
    is_flag=True,
    help=say("Do not let the page fetch models.", "不允许从网页获取模型。"),
)
def serve(
    host: str,
    port: int,
    output: Path,
    model: str,
    heads: tuple[str, ...],
    guarding: Guarding,
    limits: server.ServerOptions,
    place: str | None,
    no_page: bool,
    offline: bool,
) -> None:
    """Starts the server."""

    def say_missing(error: MissingExtraError) -> None:
        ERR.print(f"{say('note: there is no page', '提示：没有网页')}: {error.text.to(LANGUAGE)}", markup=False)

    held = ExitStack()

    def recognizer() -> Recognizer | Callable[[], Recognizer]:
        if not limits.replicas:
            return lambda: load_model(model)
        return held.enter_context(replicated(load_model(model), model, limits.replicas))

    try:
        access = guarding.access(host)
        if guarding.log:
            server.log_to(guarding.log)
        served = launch(
            recognizer(),
            output if guarding.store else None,
            host,
            port,
            page=not no_page,
            offline=offline,
            options=limits,
            access=access,
            retention=guarding.retention,
            store=None if place is None else EmbeddingStore(place),
            heads=heads,
            on_missing=say_missing,
        )
    except EmotoneError as error:
        fail(error)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both ends are clean ends
    with held, served, suppress(KeyboardInterrupt):
        ERR.print(say(f"Emotone is on {served.url} (Ctrl-C ends it)", f"情声已启动：{served.url}（按 Ctrl-C 结束）"))
        served.wait()
