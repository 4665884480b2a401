"""`emotone evaluate`: how good a model is on labelled recordings."""

from datetime import datetime
from pathlib import Path

import click

from ..cache import EmbeddingCache
from ..embeddings import EmbeddedClips
from ..errors import EmotoneError
from ..evaluation import (
    PAGE_NAME,
    PREDICTIONS_NAME,
    REPORT_NAME,
    Evaluation,
    LabelChoice,
    Report,
    Robustness,
    check_baseline,
    crowd_of,
    evaluate_twins,
    report_record,
)
from ..evaluation import evaluate as evaluate_clips
from ..heads import Head
from ..interview import OWN_HEAD, read_heads
from ..manifest import read_manifest
from ..recognizer import Recognizer
from ..twins import twins as all_twins
from ..writers import to_json
from .console import OPTIONS, fail, open_model, progress_bar, say, write
from .evaluation_tables import print_report
from .options import format_option, head_option, manifest_argument, model_option, output_folder
from .reports import listen_to_clips, manifest_name, save_report


@click.command(
    options_metavar=OPTIONS,
    help=say(
        "Say how good a model is on labelled recordings.\n\nMANIFEST is a CSV, JSONL or Parquet file with the columns file and "
        "emotion (and speaker, sex, language, corpus if known), a folder with one folder for each emotion, or an audformat "
        "database. Files are relative to the manifest. Embeddings are kept, so another run takes seconds.",
        "评测模型在带标注录音上的表现。\n\n清单可以是含 file 与 emotion 列（以及已知的 speaker、sex、language、corpus）的 "
        "CSV、JSONL 或 Parquet 文件，也可以是每种情绪一个子文件夹的文件夹，或 audformat 数据库。文件路径相对于清单。"
        "嵌入向量会保留，再次评测只需数秒。",
    ),
    epilog=say(
        "Example: emotone evaluate corpus/index.csv --labels present -o report",
        "示例：emotone evaluate corpus/index.csv --labels present -o report",
    ),
)
@manifest_argument
@head_option
@click.option(
    "--labels",
    type=click.Choice(["all", "present"]),
    default="all",
    show_default=True,
    help=say(
        "present: the model chooses only from the emotions that the manifest has.",
        "present：模型只在清单中出现的情绪里选择。",
    ),
)
@click.option(
    "--baseline",
    default="none",
    show_default=True,
    metavar="none|speaker|corpus|k=8",
    help=say(
        "Compare each recording with all of its speaker, all of its corpus, or k others of its speaker; both views are shown. "
        "Labels are not used for it.",
        "将每个录音与其说话人的全部录音、其语料库的全部录音或其说话人的 k 个其他录音比较，同时给出比较前后的结果；不使用标签。",
    ),
)
@click.option(
    "--twins",
    is_flag=True,
    help=say(
        "Also try each recording on the telephone, as MP3, in noise, louder, quieter and in a room.",
        "同时评测每个录音在电话、MP3、噪声、音量变化和房间混响下的结果。",
    ),
)
@output_folder(
    say(
        f"Write {PAGE_NAME}, {REPORT_NAME} and {PREDICTIONS_NAME} into DIR.",
        f"将 {PAGE_NAME}、{REPORT_NAME} 和 {PREDICTIONS_NAME} 写入 DIR。",
    ),
    required=False,
)
@format_option
@model_option
def evaluate(
    manifest: Path,
    head: str | None,
    labels: LabelChoice,
    baseline: str,
    twins: bool,
    output: Path | None,
    format_: str,
    model: str,
) -> None:
    """Evaluates a model; recordings that cannot be analysed are reported and left out."""
    try:
        check_baseline(baseline)
        clips = read_manifest(manifest)
        recognizer = open_model(model, len(clips))
        ((name, asked),) = read_heads(recognizer, [head] if head else ()).items()
        cache = EmbeddingCache(recognizer.info)
        embedded = listen_to_clips(recognizer, clips, cache, say("scored", "评分"))
        result = evaluate_clips(embedded, asked, labels, baseline)
        robustness = _listen_to_twins(recognizer, embedded, result, asked, cache) if twins else None
        head_name = None if name == OWN_HEAD else name
        report = Report(manifest_name(manifest), result, head_name, datetime.now(), robustness)
        if output is not None:
            save_report(report, output)
    except EmotoneError as error:
        fail(error)
    if format_ == "json":
        write(to_json(report_record(report)))
    else:
        print_report(report)
    if report.evaluation.failures:
        raise SystemExit(1)


def _listen_to_twins(
    recognizer: Recognizer, embedded: EmbeddedClips, result: Evaluation, head: Head, cache: EmbeddingCache
) -> Robustness:
    found = all_twins(crowd_of(embedded))
    with progress_bar(say("Listening to twins", "正在分析变体"), len(found) * result.clips) as advance:
        return evaluate_twins(recognizer, embedded, result, head, found=found, cache=cache, on_done=advance)
