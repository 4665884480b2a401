"""What a command was asked for, as options; and the baseline that they name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from ..baseline import baseline_doubts, check_model, joined, load_baseline
from ..errors import EmotoneError, ManifestError
from ..heads import Head
from ..interview import Interview, read_heads
from ..manifest import files_of
from ..recognizer import Recognizer
from ..types import Baseline, TimelineOptions
from .console import ERR, each_file, fail, print_reasons, say
from .options import heads_option

AUTO, BASELINE_ENDING = "auto", ".npz"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command was asked for, in the user's words.

    Attributes:
        heads: Paths of heads, or OWN_HEAD.
        baselines: Recordings, folders, files of `emotone baseline make`, or AUTO.
        abstain: Whether to give no label where there is grave doubt.
    """

    heads: tuple[str, ...]
    baselines: tuple[str, ...]
    abstain: bool

    @property
    def auto(self) -> bool:
        """Whether the recordings are their own baselines."""
        return AUTO in self.baselines


def asking_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of `Asked`, which the command gets as `asked`."""

    @heads_option(
        say(
            "Ask a trained head (head.json) instead of the model's own. May be given again: the first one answers, the others "
            "are beside it; emotions is the model's own.",
            "使用训练所得的分类头（head.json）代替模型自带的。可多次指定：以第一个为准，其余并列给出；emotions 为模型自带的。",
        ),
    )
    @click.option(
        "--baseline",
        "baselines",
        multiple=True,
        metavar=say("FILE|DIR|NPZ|auto", "文件|文件夹|NPZ|auto"),
        help=say(
            "Compare with how this voice usually sounds: recordings of it in any mood, a folder of them, or a file of 'emotone "
            "baseline make'. May be given again. auto: predict compares with all files of the same folder, timeline with the "
            "whole recording.",
            "与该说话人平常的声音比较：其任意情绪的录音、录音文件夹，或“emotone baseline make”生成的文件。可多次指定。"
            "auto：predict 与同一文件夹的所有文件比较，timeline 与整个录音比较。",
        ),
    )
    @click.option(
        "--abstain",
        is_flag=True,
        help=say(
            "Where there is grave doubt, say unknown instead of a label.", "存在重大疑点时，不给出标签，而输出“未知”。"
        ),
    )
    @wraps(command)
    def wrapped(*, heads: tuple[str, ...], baselines: tuple[str, ...], abstain: bool, **others: Any) -> None:
        if AUTO in baselines and len(baselines) > 1:
            raise click.UsageError(
                say("--baseline auto stands alone.", "--baseline auto 不能与其他 --baseline 同时使用。")
            )
        command(asked=Asked(heads, baselines, abstain), **others)

    return wrapped


def interview_of(recognizer: Recognizer, asked: Asked, options: TimelineOptions | None) -> Interview:
    """What is asked of each recording, or the end of the process.

    Args:
        recognizer: The model.
        asked: What for.
        options: As in `Interview`.
    """
    try:
        return Interview(recognizer, read_heads(recognizer, asked.heads), options, abstain=asked.abstain)
    except EmotoneError as error:
        fail(error)


def read_baseline(recognizer: Recognizer, given: Sequence[str], channel: int | None) -> tuple[Baseline | None, int]:
    """One baseline of all that was given, and how many recordings could not be used; each of these was reported.

    Args:
        recognizer: The model that listens to recordings.
        given: Recordings, folders of them, files of `emotone baseline make`; none is no baseline.
        channel: The channel to listen to.

    Raises:
        ManifestError: When there are no recordings in a folder, or none can be used.
        ModelError: When a file holds no baseline, or that of another model.
    """
    made = [load_baseline(text) for text in given if _is_baseline(text)]
    for baseline in made:
        check_model(baseline, recognizer.info)
    files = [file for text in given if not _is_baseline(text) for file in files_of(text)]
    single = recognizer.for_many() if len(files) > 1 else recognizer
    heard = [own for _, own in each_file(files, lambda file: single.listen(file, channel=channel).baseline())]
    usable = [*made, *(own for own in heard if own is not None)]
    if given and not usable:
        raise ManifestError(
            "No recording can be used for the baseline. Give recordings of somebody speaking.",
            "没有可用于基线的录音。请给出有人说话的录音。",
        )
    return joined(usable) if usable else None, heard.count(None)


def _is_baseline(text: str) -> bool:
    return text.lower().endswith(BASELINE_ENDING)


def baseline_of(recognizer: Recognizer, asked: Asked, channel: int | None) -> tuple[Baseline | None, int]:
    """As `read_baseline`, or the end of the process; nothing is read for AUTO."""
    try:
        return (None, 0) if asked.auto else read_baseline(recognizer, asked.baselines, channel)
    except EmotoneError as error:
        fail(error)


def print_baseline(name: str, baseline: Baseline, head: Head) -> None:
    """How much speech a baseline has and what is to be doubted about it, on stderr."""
    minutes, seconds = divmod(round(baseline.duration), 60)
    length = f"{minutes}:{seconds:02d} min" if minutes else f"{seconds} s"
    ERR.print(
        say(
            f"baseline: {name}: {length} of speech in {baseline.clips} recording{'s' if baseline.clips > 1 else ''}",
            f"基线：{name}：{baseline.clips} 个录音，语音共 {length}",
        ),
        markup=False,
    )
    print_reasons(name, baseline_doubts(baseline, head))
