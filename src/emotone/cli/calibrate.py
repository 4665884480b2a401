"""`emotone calibrate`: confidence and label sets that hold for your recordings."""

from pathlib import Path

import click
import numpy as np
from rich.markup import escape

from ..cache import EmbeddingCache
from ..calibration import COVERAGE
from ..errors import EmotoneError, OutputError
from ..evaluation import FEW_UNITS
from ..heads import HEAD_NAME, Head, load_head
from ..manifest import read_manifest
from ..outputs import save_text
from ..training import CalibratedHead
from ..training import calibrate as calibrate_head
from ..writers import Record, to_json
from .console import OPTIONS, OUT, fail, new_table, open_model, print_warning, say, write
from .options import format_option, manifest_argument, model_option, output_folder
from .reports import listen_to_clips, manifest_name, print_saved


@click.command(
    options_metavar=OPTIONS,
    help=say(
        "Fit confidence and label sets to your labelled recordings.\n\nWrites a head that says “happy or surprised”: a set "
        "that holds the true label as often as asked. MANIFEST is as for evaluate; its emotions are the head's. Measured on "
        "speakers that were held out.",
        "根据带标注的录音校准置信度与标签集合。\n\n写出一个能给出“快乐或惊讶”这类集合的分类头："
        "集合以所要求的比例包含真实标签。清单与 evaluate 相同，情绪须是分类头已有的标签。结果在未参与校准的说话人上测量。",
    ),
    epilog=say(
        "Example: emotone calibrate corpus/index.csv -o calibrated && emotone evaluate others/index.csv --head calibrated",
        "示例：emotone calibrate corpus/index.csv -o calibrated && emotone evaluate others/index.csv --head calibrated",
    ),
)
@manifest_argument
@output_folder(say(f"Write {HEAD_NAME} into DIR.", f"将 {HEAD_NAME} 写入 DIR。"))
@click.option(
    "--coverage",
    type=click.FloatRange(0.5, 0.99),
    default=COVERAGE,
    show_default=True,
    metavar="SHARE",
    help=say("How often the true label is to be in its set.", "集合包含真实标签的比例。"),
)
@click.option(
    "--head",
    "head_path",
    type=click.Path(path_type=Path),
    metavar=say("FILE", "文件"),
    help=say(
        "Calibrate a trained head (head.json) instead of the model's own.",
        "校准训练所得的分类头（head.json），而非模型自带的。",
    ),
)
@format_option
@model_option
def calibrate(manifest: Path, output: Path, coverage: float, head_path: Path | None, format_: str, model: str) -> None:
    """Calibrates a head; recordings that cannot be analysed are reported and left out."""
    try:
        clips = read_manifest(manifest)
        head = load_head(head_path) if head_path else None
        recognizer = open_model(model, len(clips))
        _check_folder(output, head or recognizer.head)
        embedded = listen_to_clips(recognizer, clips, EmbeddingCache(recognizer.info), say("used", "使用"))
        found = calibrate_head(embedded, head or recognizer.head, manifest_name(manifest), coverage=coverage)
        print_saved(save_text(to_json(found.head.to_json()), output / HEAD_NAME))
    except EmotoneError as error:
        fail(error)
    if format_ == "json":
        write(to_json(_record(found)))
    else:
        _print(manifest_name(manifest), found)
    if found.units.speakers < FEW_UNITS:
        _warn(found.units.speakers)
    if embedded.failures:
        raise SystemExit(1)


def _check_folder(output: Path, head: Head) -> None:
    """Raises `OutputError` when another head would be replaced, and `ModelError` when nobody can tell what is there."""
    if not (output / HEAD_NAME).exists():
        return
    there = load_head(output / HEAD_NAME)
    if there.labels != head.labels or not np.array_equal(there.weight, head.weight):
        raise OutputError(
            f"'{output / HEAD_NAME}' is another head than the one to calibrate. Choose another folder, or give that head with "
            "--head.",
            f"“{output / HEAD_NAME}”不是要校准的分类头。请选择其他文件夹，或用 --head 指定该分类头。",
        )


def _warn(speakers: int) -> None:
    text = (
        say(
            f"Only {speakers} speakers: a new one may differ more than these do. Ten or more say something about new voices.",
            f"只有 {speakers} 位说话人：新的说话人可能差异更大。至少十位说话人，结果才能推及新的声音。",
        )
        if speakers > 1
        else say(
            "No two speakers are named: what was measured holds for these voices only. Add a column speaker.",
            "清单中没有两位以上的说话人：测量结果只适用于这些声音。请添加 speaker 列。",
        )
    )
    print_warning(text)


def _print(name: str, found: CalibratedHead) -> None:
    facts = say(f": {found.clips:,} recordings", f"：{found.clips:,} 个录音")
    if found.units.speakers > 1:
        facts += say(f", {found.units.speakers:,} speakers", f"，{found.units.speakers:,} 位说话人")
    facts += say(f", accuracy {found.accuracy:.1%}", f"，准确率 {found.accuracy:.1%}")
    OUT.print(f"[bold]{escape(name)}[/]{facts}")
    held_out = say("speakers", "说话人") if found.units.speakers > 1 else say("recordings", "录音")
    OUT.print(
        say(
            f"calibration error (ECE) {found.ece_before:.1%} → {found.ece_after:.1%} on {held_out} that were held out",
            f"未参与校准的{held_out}上，校准误差（ECE）{found.ece_before:.1%} → {found.ece_after:.1%}",
        )
    )
    table = new_table(
        say("wanted", "目标"),
        say("measured", "实测"),
        say("worst speaker", "最差说话人"),
        say("labels in a set", "集合平均大小"),
    )
    for result in found.results:
        worst = "–" if result.worst is None else f"{result.worst:.1%}"
        table.add_row(f"{result.coverage:.0%}", f"{result.measured:.1%}", worst, f"{result.size:.2f}")
    OUT.print(table)


def _record(found: CalibratedHead) -> Record:
    assert found.head.calibration is not None
    return {
        "clips": found.clips,
        "speakers": found.units.speakers,
        "accuracy": found.accuracy,
        "ece": {"before": found.ece_before, "after": found.ece_after},
        "temperature": found.head.temperature,
        "calibration": found.head.calibration.to_json(),
        "coverage": [
            {
                "wanted": result.coverage,
                "measured": result.measured,
                "worst_speaker": result.worst,
                "labels": result.size,
            }
            for result in found.results
        ],
    }
