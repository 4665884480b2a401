"""`emotone predict`: the emotion of each file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from rich.markup import escape

from ..audio import open_recording
from ..baseline import joined
from ..interview import Answer, Interview
from ..listening import Listening
from ..outputs import save_result
from ..recording import Recording
from ..types import Baseline, Prediction, TimelineOptions, utterance_of
from ..writers import FORMATS, Format, Granularity, entry_of
from .asking import Asked, asking_options, baseline_of, interview_of, print_baseline
from .console import ERR, OPTIONS, OUT, colored, each_file, hearing_bar, new_table, open_model, print_doubts, say, shown
from .exports import chosen_format, export, export_format_option
from .options import channel_option, files_argument, granularity_option, model_option, output_folder


@click.command(
    options_metavar=OPTIONS,
    help=say(
        "Say which emotion is expressed in each file.\n\nThe file '-' is standard input.",
        "识别每个文件所表达的情绪。\n\n文件“-”表示标准输入。",
    ),
    epilog=say(
        "Example: emotone predict *.wav --format jsonl > results.jsonl",
        "示例：emotone predict *.wav --format jsonl > results.jsonl",
    ),
)
@files_argument
@output_folder(
    say("Save each result in a new folder below DIR.", "将每个结果保存到 DIR 下的新文件夹。"), required=False
)
@granularity_option
@click.option(
    "--embedding", is_flag=True, help=say("Save embedding.npy too; needs -o.", "同时保存 embedding.npy，需配合 -o。")
)
@export_format_option
@asking_options
@channel_option
@model_option
def predict(
    files: tuple[str, ...],
    output: Path | None,
    granularity: Granularity,
    embedding: bool,
    format_: str | None,
    asked: Asked,
    channel: int | None,
    model: str,
) -> None:
    """Analyses files; a bad file is reported and does not stop the others."""
    if embedding and output is None:
        raise click.UsageError(say("--embedding needs -o DIR.", "--embedding 需要配合 -o DIR 使用。"))
    form = chosen_format(format_, None, recordings=len(files), granularity=granularity)
    recognizer = open_model(model, len(files))
    frames, single = granularity == "frame", len(files) == 1
    interview = interview_of(recognizer, asked, TimelineOptions() if frames else None)
    given, failures = baseline_of(recognizer, asked, channel)
    if given is not None:
        print_baseline(", ".join(asked.baselines), given, interview.head)
    saving = _Saving(output, embedding)

    def listen(file: str) -> _Heard:
        recording = open_recording(file, channel=channel)
        with hearing_bar(recording, shown=single) as progress:
            heard = interview.listen(recording, keep_frames=embedding and frames, progress=progress)
        return _Heard(recording, heard)

    def answer(heard: _Heard, baseline: Baseline | None) -> Answer:
        said = interview.answer(heard.listening, baseline)
        saving.save(said, heard)
        return said

    def answers() -> Iterator[tuple[str, Answer]]:
        nonlocal failures
        if asked.auto:
            found = {file: heard for file, heard in each_file(files, listen, shown=not single) if heard is not None}
            failures += sum(file not in found for file in files)
            usual = _baselines(found, interview)
            heard = [file for file in files if file in found]
            results = each_file(heard, lambda file: answer(found[file], usual.get(_folder(file))))
        else:
            results = each_file(files, lambda file: answer(listen(file), given), shown=not single)
        for file, said in results:
            if said is None:
                failures += 1
            else:
                yield file, said

    _print(answers(), form, single=single)
    if failures:
        raise SystemExit(1)


@dataclass(frozen=True, slots=True)
class _Heard:
    recording: Recording
    listening: Listening


@dataclass(frozen=True, slots=True)
class _Saving:
    """What is saved of each answer, and where."""

    root: Path | None
    embedding: bool

    def save(self, said: Answer, heard: _Heard) -> None:
        if self.root is None:
            return
        vectors = heard.listening.frames if heard.listening.frames is not None else heard.listening.embedding
        folder = save_result(
            said.result,
            heard.recording.blocks(),
            self.root,
            embedding=vectors if self.embedding else None,
            when=said.when,
            said=said.record,
        )
        ERR.print(f"{say('saved', '已保存')}: {folder.path}", markup=False)


def _baselines(found: dict[str, _Heard], interview: Interview) -> dict[Path, Baseline]:
    """The baseline of each folder: all recordings of it that have speech, each of them once."""
    parts: dict[Path, dict[Path, Baseline]] = {}
    names: dict[Path, str] = {}
    for file, heard in found.items():
        if heard.listening.regions:
            parts.setdefault(_folder(file), {})[Path(file).resolve()] = heard.listening.baseline()
            names.setdefault(_folder(file), str(Path(file).parent))
    usual = {folder: joined(list(own.values())) for folder, own in parts.items()}
    for folder, baseline in usual.items():
        print_baseline(names[folder], baseline, interview.head)
    return usual


def _folder(file: str) -> Path:
    return Path(file).parent.resolve()


def _print(answers: Iterator[tuple[str, Answer]], form: Format | None, single: bool) -> None:
    entries = (entry_of(file, answer.result, {"file": file, **answer.record}) for file, answer in answers)
    if form is None:
        _print_table(list(answers))
    elif form is FORMATS["jsonl"]:  # each as soon as it is there
        for entry in entries:
            export(form, [entry])
    elif (found := list(entries)) or not single:
        export(form, found)


def _print_table(answers: list[tuple[str, Answer]]) -> None:
    if not answers:
        return
    compared = any(utterance_of(answer.result).absolute for _, answer in answers)
    calibrated = any(utterance_of(answer.result).label_set for _, answer in answers)
    without = [say("without baseline", "不比较时")] if compared else []
    table = new_table(
        say("file", "文件"),
        say("emotion", "情绪"),
        say("confidence", "置信度"),
        say("runner-up", "次选"),
        *without,
        *(escape(name) for name in answers[0][1].others),
        say("duration", "时长"),
        *([say("comes into question", "可能的情绪")] if calibrated else []),
    )
    for file, answer in answers:
        heard = utterance_of(answer.result)
        absolute = [] if heard.absolute is None else [_said(heard.absolute.label, heard.absolute.confidence)]
        others = [utterance_of(other) for other in answer.others.values()]
        table.add_row(
            escape(file),
            colored(heard.label),
            f"{heard.confidence:.0%}",
            _runner_up(heard),
            *(absolute or [""] * compared),
            *(_said(other.label, other.confidence) for other in others),
            f"{heard.duration:.1f} s",
            *([escape(say(" or ", "或").join(map(shown, heard.label_set or ())))] if calibrated else []),
        )
        print_doubts(file, heard.doubts)
    OUT.print(table)


def _said(label: str, confidence: float) -> str:
    return f"{colored(label)} {confidence:.0%}"


def _runner_up(heard: Prediction) -> str:
    label = max(heard.scores, key=heard.scores.__getitem__) if heard.withheld else heard.runner_up
    return f"{escape(shown(label))} {heard.scores[label]:.0%}"
