"""`emotone train`: a head of your own, from labelled recordings."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from ..cache import EmbeddingCache
from ..embeddings import EmbeddedClips
from ..errors import EmotoneError
from ..evaluation import PAGE_NAME, REPORT_NAME, Report, report_record
from ..heads import HEAD_NAME
from ..manifest import Clip, read_manifest
from ..models import MODEL_NAME, find_model
from ..outputs import save_bytes, save_text
from ..recognizer import Recognizer
from ..text import Text
from ..training import TrainedHead, check_finetuning, train_head
from ..training import finetune as finetune_model
from ..writers import to_json
from .console import ERR, LANGUAGE, OPTIONS, OUT, fail, open_model, print_warning, progress_bar, say, write
from .evaluation_tables import print_report
from .options import format_option, manifest_argument, model_option, output_folder
from .reports import listen_to_clips, manifest_name, print_saved, save_report

STEPS = 100  # of the bar while the head is fitted


@click.command(
    options_metavar=OPTIONS,
    help=say(
        "Learn to tell your own classes apart.\n\nMANIFEST is a CSV, JSONL or Parquet file with the columns file and emotion "
        "(and speaker, if known), a folder with one folder for each class, or an audformat database. The classes may be called "
        "anything. From ten recordings of each class on. Embeddings are kept, so another run takes seconds.",
        "学习区分你自己的类别。\n\n清单可以是含 file 与 emotion 列（以及已知的 speaker）的 CSV、JSONL 或 Parquet 文件，"
        "也可以是每个类别一个子文件夹的文件夹，或 audformat 数据库。类别可任意命名，每类至少十个录音为宜。"
        "嵌入向量会保留，再次训练只需数秒。",
    ),
    epilog=say(
        "Example: emotone train calls/index.csv -o my_head && emotone evaluate others/index.csv --head my_head",
        "示例：emotone train calls/index.csv -o my_head && emotone evaluate others/index.csv --head my_head",
    ),
)
@manifest_argument
@output_folder(
    say(
        f"Write {HEAD_NAME}, {PAGE_NAME} and {REPORT_NAME} into DIR.",
        f"将 {HEAD_NAME}、{PAGE_NAME} 和 {REPORT_NAME} 写入 DIR。",
    )
)
@format_option
@click.option(
    "--finetune",
    is_flag=True,
    help=say(
        f"Train layers of the model too, for minutes, and write {MODEL_NAME} in place of {HEAD_NAME}: give it as --model. Says "
        'whether that pays. Needs pip install "emotone[train]".',
        f"同时训练模型的层（需数分钟），写入 {MODEL_NAME} 而非 {HEAD_NAME}，可作为 --model 使用，并说明是否值得。"
        '需要 pip install "emotone[train]"。',
    ),
)
@model_option
def train(manifest: Path, output: Path, format_: str, finetune: bool, model: str) -> None:
    """Trains a head; recordings that cannot be analysed are reported and left out."""
    try:
        if finetune:
            check_finetuning()
        clips = read_manifest(manifest)
        job = _Job(open_model(model, len(clips)), clips, manifest_name(manifest), output, datetime.now())
        trained, report = _finetune(job, find_model(model)) if finetune else _train(job)
        save_report(report, output)
    except EmotoneError as error:
        fail(error)
    if format_ == "json":
        write(to_json(report_record(report)))
    else:
        _print(trained, report)
    if trained.evaluation.failures:
        raise SystemExit(1)


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    recognizer: Recognizer
    clips: list[Clip]
    manifest: str
    output: Path
    when: datetime

    @property
    def name(self) -> str:
        return self.output.absolute().name

    def embedded(self) -> EmbeddedClips:
        cache = EmbeddingCache(self.recognizer.info)
        return listen_to_clips(self.recognizer, self.clips, cache, say("used", "使用"))

    def report(self, trained: TrainedHead, head: str | None, *remarks: Text) -> Report:
        for warning in trained.warnings:
            print_warning(f"{warning.text.to(LANGUAGE)} {warning.advice.to(LANGUAGE)}")
        said = (trained.method, *remarks, *trained.reasons)
        return Report(self.manifest, trained.evaluation, head, self.when, remarks=said)


def _train(job: _Job) -> tuple[TrainedHead, Report]:
    embedded = job.embedded()
    with progress_bar(say("Learning", "正在学习"), STEPS) as advance:
        done = 0

        def show(share: float) -> None:
            nonlocal done
            before, done = done, round(share * STEPS)
            advance(done - before)

        trained = train_head(embedded, job.name, job.manifest, when=job.when, on_progress=show)
    print_saved(save_text(to_json(trained.head.to_json()), job.output / HEAD_NAME))
    return trained, job.report(trained, job.name)


def _finetune(job: _Job, base: Path) -> tuple[TrainedHead, Report]:
    tuned = finetune_model(
        job.embedded(),
        job.recognizer,
        base,
        job.name,
        job.manifest,
        when=job.when,
        stage=lambda title, steps: progress_bar(title.to(LANGUAGE), steps),
    )
    print_saved(save_bytes(tuned.model, job.output / MODEL_NAME))
    ERR.print(tuned.comparison.to(LANGUAGE))
    return tuned.trained, job.report(tuned.trained, None, tuned.comparison)


def _print(trained: TrainedHead, report: Report) -> None:
    OUT.print(trained.method.to(LANGUAGE))
    print_report(report)
    if trained.relative is not None:
        value, total = trained.relative.uar, trained.relative.clips
        OUT.print()
        OUT.print(
            say(
                f"Compared with each speaker's usual sound: UAR {value.value:.1%} ({value.low:.1%} – {value.high:.1%}), "
                f"{total:,} recordings.",
                f"与每位说话人的平时声音相比：UAR {value.value:.1%}（{value.low:.1%} – {value.high:.1%}），{total:,} 个录音。",
            )
        )
