"""`emotone models pull` and `emotone models convert`: from the files of a hub to a model."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import cast

import click
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ..convert import Precision, convert_checkpoint
from ..errors import CheckpointError, EmotoneError
from ..hub import OnProgress, Origin, default_origin, pullable_model
from ..hub import Progress as Step
from ..hub import pull as pull_model
from ..models import HUB_TITLES, file_sha256
from ..text import Text
from .console import ERR, LANGUAGE, OPTIONS, fail, say, write
from .options import output_file

_WORTH_A_LINE = 1_000_000  # bytes; smaller steps are over before they can be read

precision_option = click.option(
    "--precision",
    type=click.Choice(["int8", "fp32"]),
    default="int8",
    show_default=True,
    help=say(
        "int8 is smaller and faster; it is taken when it passes a check on real speech.",
        "int8 更小更快；通过真实语音检验后才会采用。",
    ),
)


@click.command(
    options_metavar=OPTIONS,
    help=say(
        "Fetch a model, once, and make it ready.\n\nAfter a break the same command goes on where it stopped. The path of the "
        "model is printed.",
        "获取模型（仅需一次）并使其可用。\n\n中断后再次运行同一命令即可继续。完成后输出模型的路径。",
    ),
    epilog=say(
        "Example: emotone models pull emotion2vec-plus-large --from modelscope",
        "示例：emotone models pull emotion2vec-plus-large --from modelscope",
    ),
)
@click.argument("name", metavar=say("NAME", "名称"))
@click.option(
    "--from",
    "origin",
    metavar=say("modelscope|huggingface|FOLDER", "modelscope|huggingface|文件夹"),
    help=say(
        "Hub to fetch from, or a folder that has the files. Default: the nearer hub, and the other when it fails.",
        "下载平台，或已有文件的文件夹。默认使用较近的平台，失败时改用另一个。",
    ),
)
@precision_option
@click.option("--force", is_flag=True, help=say("Fetch it again although it is here.", "即使已存在也重新获取。"))
@click.option("--offline", is_flag=True, help=say("Never use the network.", "不使用网络。"))
def pull(name: str, origin: str | None, precision: str, force: bool, offline: bool) -> None:
    """Fetches and converts a model."""
    source = _origin(origin, offline)
    try:
        licence = pullable_model(name).licence
        ERR.print(say(f"Licence: {licence}", f"许可：{licence}"), markup=False)
        with _progress() as on_progress:
            model = pull_model(name, source, precision=cast(Precision, precision), force=force, on_progress=on_progress)
    except EmotoneError as error:
        fail(error)
    record = model.record
    if record.check is not None:
        _print_check(record.check)
    if record.precision != precision:
        _print_other(record.precision, precision, record.check is not None)
    ERR.print(
        say(f"{record.name} is ready ({record.precision})", f"{record.name} 已就绪（{record.precision}）"), markup=False
    )
    write(f"{model.path}\n")


def _origin(given: str | None, offline: bool) -> Origin:
    if given is None:
        return Origin() if offline else default_origin()
    hub = next((hub for hub in HUB_TITLES if hub == given), None)
    if hub and offline:
        raise click.UsageError(say(f"--offline cannot ask {given}.", f"--offline 时无法访问 {given}。"))
    if hub:
        return Origin((hub,))
    if Path(given).is_dir():
        return Origin(folder=Path(given))
    raise click.UsageError(
        say(
            f"--from takes modelscope, huggingface or a folder; '{given}' is none of them.",
            f"--from 应为 modelscope、huggingface 或文件夹；“{given}”均不是。",
        )
    )


@click.command(
    options_metavar=OPTIONS,
    help=say(
        "Convert a checkpoint of the emotion2vec+ family.\n\nFOLDER holds model.pt, config.yaml and tokens.txt. The path of the "
        "ONNX file is printed; it can be given to --model.",
        "转换 emotion2vec+ 系列的检查点。\n\n文件夹中应有 model.pt、config.yaml 与 tokens.txt。"
        "完成后输出 ONNX 文件的路径，可用于 --model。",
    ),
    epilog=say(
        "Example: emotone models convert my_checkpoint -o my_model.onnx",
        "示例：emotone models convert my_checkpoint -o my_model.onnx",
    ),
)
@click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False, exists=True), metavar=say("FOLDER", "文件夹")
)
@output_file(say("ONNX file to write; its name becomes the model's.", "要写入的 ONNX 文件，其文件名即模型名称。"))
@precision_option
@click.option(
    "--licence",
    default="unknown",
    show_default=True,
    metavar=say("TEXT", "文字"),
    help=say("Of the weights; every result can name it.", "权重的许可，会随模型保存。"),
)
def convert(folder: Path, output: Path, precision: str, licence: str) -> None:
    """Converts a checkpoint."""
    try:
        with _progress() as on_progress:
            made = convert_checkpoint(
                folder,
                output,
                name=output.stem,
                revision=_revision(folder),
                licence=licence,
                precision=cast(Precision, precision),
                on_step=lambda text: on_progress(Step(text)),
            )
    except EmotoneError as error:
        fail(error)
    if made.check is not None:
        _print_check(asdict(made.check))
    if made.precision != precision:
        _print_other(made.precision, precision, made.check is not None)
    write(f"{made.path}\n")


def _revision(folder: Path) -> str:
    """The beginning of the checkpoint's hash: it changes with the weights."""
    try:
        return file_sha256(folder / "model.pt")[:12]
    except OSError as error:
        raise CheckpointError(
            f"'model.pt' in '{folder}' cannot be read: {error.strerror or error}. Give the folder of a checkpoint.",
            f"无法读取“{folder}”中的“model.pt”：{error.strerror or error}。请指定检查点所在的文件夹。",
        ) from error


def _print_check(check: Mapping[str, float]) -> None:
    """One line about the int8 model; the fields are those of `Check`."""
    windows, share = f"{check.get('windows', 0)}", f"{check.get('agreement', 0):.0%}"
    difference, cosine = f"{check.get('score_difference', 0):.4f}", f"{check.get('cosine', 0):.5f}"
    ERR.print(
        say(
            f"int8 against fp32 on speech: same label in {share} of {windows} windows, scores differ by at most {difference}, "
            f"cosine of embeddings at least {cosine}",
            f"int8 与 fp32 在语音上的对比：{windows} 个窗口中标签一致率 {share}，得分相差不超过 {difference}，"
            f"嵌入向量余弦不低于 {cosine}",
        ),
        markup=False,
    )


def _print_other(found: str, wanted: str, checked: bool) -> None:
    """Why the model is not of the precision that was wanted."""
    failed = say("int8 did not pass the check, so the model is fp32", "int8 未通过检验，因此采用 fp32")
    here = say(f"It was here as {found}; --force makes it again", f"已有 {found} 版本；使用 --force 可重新生成")
    ERR.print(failed if checked and wanted == "int8" else here, markup=False)


@contextmanager
def _progress() -> Iterator[OnProgress]:
    """Shows steps on stderr: a bar on a terminal, else a line for each step that takes a while."""
    plain = (SpinnerColumn(), TextColumn("{task.description}"))
    amount = TextColumn("{task.fields[amount]}")
    counted = (*plain, BarColumn(bar_width=20), amount, TransferSpeedColumn(), TimeRemainingColumn(compact=True))
    shown: Text | None = None
    with Progress(*plain, console=ERR, transient=True, disable=not ERR.is_terminal) as progress:
        task = progress.add_task("", amount="")

        def on_progress(step: Step) -> None:
            nonlocal shown
            if step.step != shown:
                shown = step.step
                progress.reset(task, description=escape(shown.to(LANGUAGE)))
                progress.columns = counted if step.total else plain
                if not ERR.is_terminal and (not step.total or step.total >= _WORTH_A_LINE):
                    ERR.print(shown.to(LANGUAGE), markup=False)
            amount = f"{decimal(step.done)} / {decimal(step.total)}"
            progress.update(task, completed=step.done, total=step.total or None, amount=amount)

        yield on_progress
