"""`emotone store`: an archive that can be searched by its sound."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.markup import escape

from ..batch import Worker, WorkOptions, items_of
from ..batch.export import check_ending, save_tables
from ..batch.run import RUN_NAME
from ..errors import EmotoneError, StoreError
from ..models import DEFAULT_MODEL
from ..recognizer import load_model
from ..store import (
    Added,
    Condition,
    EmbeddingStore,
    Filled,
    add_recordings,
    add_run,
    embedding_of,
    parse_condition,
)
from ..writers import Granularity, to_json
from .console import COMMAND, ERR, LANGUAGE, OPTIONS, OUT, fail, new_table, progress_bar, say, write
from .matches import Asked, asking_options, print_matches, where_option
from .options import channel_option, format_option, granularity_option, inputs_argument, output_file
from .progress import showing_progress
from .reports import FAILURES_SHOWN, print_saved

store_argument = click.argument("place", metavar=say("STORE", "向量库"))
model_option = click.option(
    "--model",
    metavar="NAME|PATH",
    help=say(
        "Model name, or path of an ONNX file. Default: that of the store.",
        "模型名称或 ONNX 文件路径。默认使用向量库的模型。",
    ),
)


@click.group(
    options_metavar=OPTIONS,
    subcommand_metavar=COMMAND,
    help=say("Keep an archive and find moments that sound alike.", "保存录音库的向量，查找听起来相似的片段。"),
    epilog=say("Example: emotone store add archive recordings", "示例：emotone store add archive recordings"),
)
def store() -> None:
    """The group of its commands."""


@store.command(
    options_metavar=OPTIONS,
    help=say(
        "Add recordings to a store, which is made when it is not there.\n\nAn input is a recording, a folder, a pattern in "
        "quotes, a manifest, an archive, or the folder of a batch run with --embedding. Columns of a manifest become columns of "
        "the store. What is there already is not analysed again.",
        "将录音加入向量库；向量库不存在时自动创建。\n\n输入可以是录音、文件夹、加引号的通配符、清单、压缩包，或使用 --embedding "
        "的批处理文件夹。清单中的列会成为向量库的列。已有的录音不会重复分析。",
    ),
    epilog=say(
        "Example: emotone store add archive recordings --granularity frame",
        "示例：emotone store add archive recordings --granularity frame",
    ),
)
@store_argument
@inputs_argument
@granularity_option
@channel_option
@model_option
def add(place: str, inputs: tuple[str, ...], granularity: Granularity, channel: int | None, model: str | None) -> None:
    """Adds recordings and runs; a bad recording is reported and does not stop the others."""
    runs = [text for text in inputs if (Path(text) / RUN_NAME).is_file()]
    others = [text for text in inputs if text not in runs]
    try:
        items = items_of(others) if others else iter(())
        worker = Worker(model or _model_of(place), WorkOptions(granularity, embedding=True, channel=channel))
        opened = EmbeddingStore(place, worker.info)
        with progress_bar(say("Adding", "正在加入"), None) as advance:
            filled = [add_run(opened, Path(run), on_done=advance) for run in runs]
        with showing_progress(others) as show:
            filled.append(add_recordings(opened, worker, items, on_progress=show))
        count = len(opened)
    except EmotoneError as error:
        fail(error)
    _print_filled(filled, count)
    if any(one.failed for one in filled):
        raise SystemExit(1)


@store.command(
    options_metavar=OPTIONS,
    help=say(
        "Find what sounds like a recording, or like a stretch of it.", "查找与某个录音（或其中一段）听起来相似的内容。"
    ),
    epilog=say(
        "Example: emotone store search archive call.mp3 --start 12 --end 16 --where label=angry",
        "示例：emotone store search archive call.mp3 --start 12 --end 16 --where label=angry",
    ),
)
@store_argument
@click.argument("file", metavar=say("FILE", "文件"))
@click.option(
    "--start", type=float, metavar=say("SECONDS", "秒"), help=say("Where the stretch begins.", "片段的开始。")
)
@click.option("--end", type=float, metavar=say("SECONDS", "秒"), help=say("Where it ends.", "片段的结束。"))
@asking_options
@channel_option
@model_option
def search(
    place: str, file: str, start: float | None, end: float | None, channel: int | None, model: str | None, asked: Asked
) -> None:
    """Searches for a recording."""
    try:
        opened = EmbeddingStore(place)
        opened.check_filled()
        recognizer = load_model(model or opened.model.name)
        opened.check(recognizer.info)
        wanted = embedding_of(recognizer.listen(file, channel=channel), start, end)
        matches = opened.search(wanted, limit=asked.limit, where=asked.conditions)
    except EmotoneError as error:
        fail(error)
    print_matches(matches, asked)


@store.command(
    options_metavar=OPTIONS,
    help=say("Find what sounds like a row of the store.", "查找与向量库中某一行听起来相似的内容。"),
    epilog=say(
        "Example: emotone store similar archive 0304d3b08aaa7e4a7252 --where speaker!=Anna",
        "示例：emotone store similar archive 0304d3b08aaa7e4a7252 --where speaker!=Anna",
    ),
)
@store_argument
@click.argument("id_", metavar="ID")
@asking_options
def similar(place: str, id_: str, asked: Asked) -> None:
    """Searches for a row."""
    try:
        matches = EmbeddingStore(place).similar(id_, limit=asked.limit, where=asked.conditions)
    except EmotoneError as error:
        fail(error)
    print_matches(matches, asked)


@store.command(
    options_metavar=OPTIONS,
    help=say("Say what is in a store.", "显示向量库的内容。"),
    epilog=say("Example: emotone store info archive", "示例：emotone store info archive"),
)
@store_argument
@format_option
def info(place: str, format_: str) -> None:
    """Describes a store."""
    try:
        found = EmbeddingStore(place).info()
    except EmotoneError as error:
        fail(error)
    if format_ == "json":
        write(to_json(asdict(found)))
        return
    table = new_table("", "")
    for title, value in (
        (say("model", "模型"), f"{found.model.name} {found.model.revision} ({found.model.sha256[:12]})"),
        (say("rows", "行"), f"{found.rows:,}"),
        (say("columns", "列"), ", ".join(found.columns)),
        (say("similarity fitted to", "相似度统计行数"), f"{found.fitted:,}"),
        (say("percentiles", "百分位"), say("yes", "有") if found.meaningful else say("not yet", "暂无")),
        (say("index", "索引"), say("yes", "有") if found.indexed else say("not needed yet", "尚不需要")),
    ):
        table.add_row(title, escape(value))
    OUT.print(table)


@store.command(
    options_metavar=OPTIONS,
    help=say(
        "Remove rows, by their ids or by what holds for them. Recordings stay.",
        "按编号或条件删除行。录音文件不受影响。",
    ),
    epilog=say(
        "Example: emotone store remove archive --where speaker=Anna",
        "示例：emotone store remove archive --where speaker=Anna",
    ),
)
@store_argument
@click.argument("ids", nargs=-1, metavar="[ID…]")
@where_option
def remove(place: str, ids: tuple[str, ...], where: tuple[str, ...]) -> None:
    """Removes rows and says how many."""
    try:
        conditions = [*map(parse_condition, where), *(Condition("id", "=", id_) for id_ in ids)]
        count = EmbeddingStore(place).remove(conditions)
    except EmotoneError as error:
        fail(error)
    ERR.print(say(f"{count:,} rows removed.", f"已删除 {count:,} 行。"))


@store.command(
    options_metavar=OPTIONS,
    help=say(
        "Write rows into one table.\n\nThe ending of FILE says the format: .parquet (with embeddings), .csv or .jsonl.",
        "将各行写入一个表格。\n\n格式由文件扩展名决定：.parquet（含向量）、.csv 或 .jsonl。",
    ),
    epilog=say(
        "Example: emotone store export archive -o angry.csv --where label=angry",
        "示例：emotone store export archive -o angry.csv --where label=angry",
    ),
)
@store_argument
@output_file(say("The table.", "表格文件。"))
@where_option
def export(place: str, output: Path, where: tuple[str, ...]) -> None:
    """Exports rows."""
    try:
        check_ending(output)
        schema, tables = EmbeddingStore(place).export([parse_condition(text) for text in where])
        print_saved(save_tables(output, schema, tables))
    except EmotoneError as error:
        fail(error)


def _model_of(place: str) -> str:
    """The model of a store that is there, or the usual one for one that is to be made."""
    try:
        return EmbeddingStore(place).model.name
    except StoreError:  # when it cannot be used, whoever opens it to write says so
        return DEFAULT_MODEL


def _print_filled(filled: Sequence[Filled], rows: int) -> None:
    added = sum((one.added for one in filled), Added())
    ERR.print(
        say(
            f"{added.new:,} rows added, {added.changed:,} changed, {added.same:,} were there. The store has {rows:,} rows.",
            f"新增 {added.new:,} 行，更新 {added.changed:,} 行，{added.same:,} 行已存在。向量库共 {rows:,} 行。",
        )
    )
    failed = [failure for one in filled for failure in one.failed]
    for failure in failed[:FAILURES_SHOWN]:
        ERR.print(f"{say('error', '错误')}: {failure.item.name}: {failure.text.to(LANGUAGE)}", markup=False)
    if failed:
        ERR.print(say(f"{len(failed):,} recordings failed.", f"{len(failed):,} 个录音失败。"))
