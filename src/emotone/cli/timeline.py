"""`emotone timeline`: emotion over time in one file."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.markup import escape

from ..audio import open_recording
from ..conversation import Voices
from ..errors import EmotoneError
from ..interview import Answer, ConversationAnswer, Interview
from ..listening import Listening
from ..types import Baseline, Segment, Timeline, TimelineOptions
from ..writers import entry_of
from .asking import Asked, asking_options, baseline_of, interview_of, print_baseline
from .console import OPTIONS, OUT, colored, fail, hearing_bar, new_table, open_model, print_doubts, say
from .exports import chosen_format, export, export_format_option
from .options import channel_option, model_option, output_file
from .speakers import Speakers, listen_to, print_conversation, print_summary, speakers_options

_DEFAULTS = TimelineOptions()


@click.command(
    options_metavar=OPTIONS,
    help=say("Show how the expressed emotion changes over time.", "显示所表达的情绪如何随时间变化。"),
    epilog=say(
        "Example: emotone timeline talk.mp3 -o talk.TextGrid",
        "示例：emotone timeline talk.mp3 -o talk.TextGrid",
    ),
)
@click.argument("file", metavar=say("FILE", "文件"))
@click.option(
    "--window",
    type=float,
    default=_DEFAULTS.window,
    show_default=True,
    metavar=say("SECONDS", "秒"),
    help=say("Length that each row of scores looks at.", "每行得分所覆盖的时长。"),
)
@click.option(
    "--hop",
    type=float,
    default=_DEFAULTS.hop,
    show_default=True,
    metavar=say("SECONDS", "秒"),
    help=say("Time from one row to the next.", "相邻两行的时间间隔。"),
)
@export_format_option
@output_file(
    say("Write a file instead; its ending says the format.", "改为写入文件；格式由扩展名决定。"), required=False
)
@asking_options
@speakers_options
@channel_option
@model_option
def timeline(
    file: str,
    window: float,
    hop: float,
    format_: str | None,
    output: Path | None,
    asked: Asked,
    speakers: Speakers,
    channel: int | None,
    model: str,
) -> None:
    """Analyses one file."""
    if speakers.several and asked.baselines and not asked.auto:
        raise click.UsageError(
            say(
                "A baseline of other recordings is for one speaker, and there are several. Use --baseline auto.",
                "由其他录音得到的基线只适用于一位说话人，而此处有多位。请使用 --baseline auto。",
            )
        )
    form = chosen_format(format_, output)
    recognizer = open_model(model)
    interview = interview_of(recognizer, asked, TimelineOptions(window, hop))
    try:
        turns = speakers.read(file)
        baseline, failures = baseline_of(recognizer, asked, channel)
        recording = open_recording(file, channel=channel)
        answer: Answer | ConversationAnswer
        if speakers.several:
            with hearing_bar(recording) as progress:
                voices = listen_to(interview, recording, turns, progress)
            answer = _converse(interview, voices, asked)
        else:
            with hearing_bar(recording) as progress:
                heard = interview.listen(recording, progress=progress)
            answer = _answer(interview, heard, asked, baseline)
    except EmotoneError as error:
        fail(error)
    if form is not None:
        export(form, [entry_of(file, answer.result, {"file": file, **answer.record})], output)
    elif isinstance(answer, ConversationAnswer):
        print_conversation(file, answer)
    else:
        _print_tables(answer)
    if failures:
        raise SystemExit(1)


def _answer(interview: Interview, heard: Listening, asked: Asked, baseline: Baseline | None) -> Answer:
    if asked.auto and heard.regions:
        baseline = heard.baseline()
    if baseline is not None:
        print_baseline(heard.source.name if asked.auto else ", ".join(asked.baselines), baseline, interview.head)
    return interview.answer(heard, baseline)


def _converse(interview: Interview, voices: Voices, asked: Asked) -> ConversationAnswer:
    if asked.auto:
        baselines = voices.baselines()
        for speaker, own in baselines.items():
            print_baseline(f"{voices.source.name} ({speaker})" if speaker else voices.source.name, own, interview.head)
        return interview.converse(voices, baselines)
    return interview.converse(voices)


def _print_tables(answer: Answer) -> None:
    heard = answer.result
    assert isinstance(heard, Timeline)
    _print_segments(heard.segments)
    if heard.absolute is not None:
        OUT.print(f"\n[bold]{say('without the baseline', '不与基线比较')}[/]")
        _print_segments(heard.absolute.segments)
    for name, other in answer.others.items():
        if isinstance(other, Timeline):
            OUT.print(f"\n[bold]{escape(name)}[/]")
            _print_segments(other.segments)
    print_summary(heard)
    print_doubts(heard.utterance.source.name, heard.utterance.doubts)


def _print_segments(segments: Sequence[Segment]) -> None:
    table = new_table(say("start", "开始"), say("end", "结束"), say("emotion", "情绪"), say("confidence", "置信度"))
    for segment in segments:
        table.add_row(f"{segment.start:.2f}", f"{segment.end:.2f}", colored(segment.label), f"{segment.confidence:.0%}")
    OUT.print(table)
