"""`emotone batch`: whole archives, in a folder that can be continued."""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import click
from rich.markup import escape

from ..batch import FAILURES_NAME, Progress, Worker, WorkOptions, items_of, open_run, run_local
from ..batch.export import export_run
from ..batch.run import RunFolder
from ..errors import EmotoneError
from ..text import clock_time
from ..writers import Granularity
from .console import COMMAND, ERR, LANGUAGE, OPTIONS, OUT, fail, new_table, say, write
from .options import (
    channel_option,
    granularity_option,
    head_option,
    inputs_argument,
    model_option,
    output_file,
    output_folder,
)
from .progress import showing_progress
from .reports import FAILURES_SHOWN, print_saved

_INTERRUPTED = 130  # what a shell says of a command that was ended by Ctrl-C

folder_argument = click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), metavar=say("DIR", "文件夹")
)


@click.group(
    options_metavar=OPTIONS,
    subcommand_metavar=COMMAND,
    help=say("Analyse a whole archive, in a folder that can be continued.", "分析整个录音库，中断后可以继续。"),
    epilog=say("Example: emotone batch run recordings -o results", "示例：emotone batch run recordings -o results"),
)
def batch() -> None:
    """The group of its commands."""


@batch.command(
    options_metavar=OPTIONS,
    help=say(
        "Analyse recordings and keep the results in a folder.\n\nAn input is a recording, a folder, a pattern in quotes, a "
        "manifest (CSV, JSON Lines, Parquet, Kaldi's wav.scp), a tar or ZIP archive, or a URL (s3://…). Run the same command "
        "again to continue: only what is missing is analysed. Ends with code 1 when files failed, now or before.",
        "分析录音，并将结果保存在一个文件夹中。\n\n输入可以是录音、文件夹、加引号的通配符、清单（CSV、JSON Lines、Parquet、"
        "Kaldi 的 wav.scp）、tar 或 ZIP 压缩包，或 URL（s3://…）。再次运行同一命令即可继续：只分析尚缺的部分。"
        "有文件失败时（包括之前失败的），退出码为 1。",
    ),
    epilog=say(
        "Example: emotone batch run recordings 'calls/**/*.mp3' -o results --embedding",
        "示例：emotone batch run recordings 'calls/**/*.mp3' -o results --embedding",
    ),
)
@inputs_argument
@output_folder(say("Folder of the run; made when it is not there.", "批处理文件夹，不存在时自动创建。"))
@granularity_option
@click.option("--embedding", is_flag=True, help=say("Keep the embedding of each row.", "保存每一行的嵌入向量。"))
@head_option
@click.option(
    "--baseline",
    type=click.Choice(["auto"]),
    help=say(
        "auto: with --granularity frame, compare each recording with itself. Whole recordings are compared with others of their "
        "voice afterwards: 'emotone batch export --baseline auto'.",
        "auto：配合 --granularity frame，将每个录音与自身比较。整个录音与同一说话人其他录音的比较在之后进行："
        "“emotone batch export --baseline auto”。",
    ),
)
@channel_option
@model_option
@click.option(
    "--runner",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help=say(
        "Where the work is done: on this computer, or on the Ray cluster that RAY_ADDRESS names.",
        "在何处运行：本机，或环境变量 RAY_ADDRESS 指定的 Ray 集群。",
    ),
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help=say("Files analysed at a time. Default: one for each core.", "同时分析的文件数。默认每个核心一个。"),
)
@click.option(
    "--retry-failures", is_flag=True, help=say("Try files again that failed before.", "重新尝试之前失败的文件。")
)
def run(
    inputs: tuple[str, ...],
    output: Path,
    granularity: Granularity,
    embedding: bool,
    head: str | None,
    baseline: Literal["auto"] | None,
    channel: int | None,
    model: str,
    runner: str,
    workers: int | None,
    retry_failures: bool,
) -> None:
    """Begins or continues a run."""
    try:
        items = items_of(inputs)
        worker = Worker(model, WorkOptions(granularity, embedding, head, channel, baseline))
        folder = RunFolder(output)
        with showing_progress(inputs) as show:
            progress = _runner(runner)(
                folder, worker, items, workers=workers, retry_failures=retry_failures, on_progress=show
            )
    except EmotoneError as error:
        fail(error)
    except KeyboardInterrupt:
        ERR.print(say("Stopped. Run the same command again to continue.", "已停止。再次运行同一命令即可继续。"))
        raise SystemExit(_INTERRUPTED) from None
    _print_end(folder, progress)
    if progress.failures or progress.failed_before:
        raise SystemExit(1)


@batch.command(
    options_metavar=OPTIONS,
    help=say("Say how far a run is.", "显示批处理的进度。"),
    epilog=say("Example: emotone batch status results", "示例：emotone batch status results"),
)
@folder_argument
@click.option("--json", "as_json", is_flag=True, help=say("As JSON.", "以 JSON 输出。"))
def status(folder: Path, as_json: bool) -> None:
    """Counts what is in the folder."""
    try:
        opened = open_run(folder)
        index = opened.index()
        counts = index.counts
        index.close()
    except EmotoneError as error:
        fail(error)
    if as_json:
        write(json.dumps({**opened.run, "counts": asdict(counts)}, ensure_ascii=False, indent=2) + "\n")
        return
    asked, table = opened.run, new_table("", "")
    options = ", ".join(f"{name}: {value}" for name, value in asked["options"].items() if value not in (None, False))
    state = say("complete", "已完成") if asked["finished"] else say("not complete", "未完成")
    for title, value in (
        (say("state", "状态"), state),
        (say("model", "模型"), f"{asked['model']['name']} {asked['model']['revision']}"),
        *([(say("head", "分类头"), asked["head"]["name"])] if asked["head"] else []),
        (say("options", "选项"), options),
        (say("files", "文件"), f"{counts.files:,}"),
        (say("rows", "行"), f"{counts.rows:,}"),
        (say("failures", "失败"), f"{counts.failures:,}"),
        (say("recordings", "录音总长"), clock_time(counts.seconds)),
    ):
        table.add_row(title, escape(value))
    OUT.print(table)


@batch.command(
    options_metavar=OPTIONS,
    help=say(
        "Write all rows of a run into one table, in order of files and times.\n\nThe ending of FILE says the format: .parquet, "
        ".csv or .jsonl.",
        "将批处理的所有结果写入一个表格，按文件和时间排序。\n\n格式由文件扩展名决定：.parquet、.csv 或 .jsonl。",
    ),
    epilog=say(
        "Example: emotone batch export results -o emotions.parquet",
        "示例：emotone batch export results -o emotions.parquet",
    ),
)
@folder_argument
@output_file(say("The table.", "表格文件。"))
@click.option(
    "--baseline",
    type=click.Choice(["auto"]),
    help=say(
        "auto: compare each recording with all of its speaker (column speaker), or of its folder where no speaker is named. "
        "Needs a run with --embedding.",
        "auto：将每个录音与同一说话人（speaker 列）的全部录音比较；未注明说话人时，与同一文件夹的全部录音比较。"
        "批处理须使用 --embedding。",
    ),
)
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar=say("FILE", "文件"),
    help=say(
        "Ask a further trained head (head.json) about each recording: its label and confidence become columns. May be given "
        "again. Needs a run with --embedding.",
        "再用一个训练所得的分类头（head.json）识别每个录音：其标签与置信度各为一列。可多次指定。批处理须使用 --embedding。",
    ),
)
def export(folder: Path, output: Path, baseline: Literal["auto"] | None, heads: tuple[str, ...]) -> None:
    """Merges the parts."""
    try:
        print_saved(export_run(open_run(folder), output, compared=baseline is not None, heads=heads))
    except EmotoneError as error:
        fail(error)


def _runner(name: str) -> Callable[..., Progress]:
    if name == "local":
        return run_local
    from ..batch.ray import run_ray  # noqa: PLC0415 - loads Ray

    return run_ray


def _print_end(folder: RunFolder, progress: Progress) -> None:
    copies = (
        say(f", {progress.copies:,} of them copies", f"，其中 {progress.copies:,} 个为重复") if progress.copies else ""
    )
    before = (
        say(f", {progress.skipped:,} were dealt with before", f"，{progress.skipped:,} 个之前已处理")
        if progress.skipped
        else ""
    )
    ERR.print(
        say(
            f"{progress.done:,} files analysed{copies}{before}. {clock_time(progress.elapsed)}, "
            f"{progress.real_time:.0f} × real time.",
            f"已分析 {progress.done:,} 个文件{copies}{before}。用时 {clock_time(progress.elapsed)}，"
            f"{progress.real_time:.0f} 倍实时。",
        ),
        markup=False,
    )
    path = folder.path / FAILURES_NAME
    if progress.failed_before:
        count = progress.failed_before
        ERR.print(
            say(
                f"{count:,} of those before failed, and were not tried again: {path}. --retry-failures tries them again.",
                f"之前处理的文件中有 {count:,} 个失败，此次未重试：{path}。使用 --retry-failures 可重新尝试。",
            ),
            markup=False,
        )
    if progress.failures:
        ERR.print(
            say(f"{progress.failures:,} files failed: {path}", f"{progress.failures:,} 个文件失败：{path}"),
            markup=False,
        )
        for line in deque(folder.failures(), FAILURES_SHOWN):
            ERR.print(f"  {line.file}: {line.zh if LANGUAGE == 'zh' else line.en}", markup=False)
