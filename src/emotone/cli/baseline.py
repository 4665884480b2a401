"""`emotone baseline`: how a voice usually sounds, as a file."""

from pathlib import Path

import click

from ..errors import EmotoneError
from ..outputs import save_baseline
from .asking import BASELINE_ENDING, print_baseline, read_baseline
from .console import COMMAND, OPTIONS, fail, open_model, say, write
from .options import channel_option, model_option, output_file, wrong_ending


@click.group(
    options_metavar=OPTIONS,
    subcommand_metavar=COMMAND,
    help=say("Learn how a voice usually sounds, to compare with it.", "记录说话人平常的声音，用于比较。"),
    epilog=say(
        "Example: emotone baseline make recordings -o voice.npz", "示例：emotone baseline make recordings -o voice.npz"
    ),
)
def baseline() -> None:
    """The group of commands about baselines."""


@baseline.command(
    options_metavar=OPTIONS,
    help=say(
        "Make a baseline of recordings of one voice.\n\nGive files or folders, half a minute at least, in any mood: the more "
        "moods, the better. Nothing needs a label. The path of the file is printed; give it to --baseline.",
        "用同一说话人的录音生成基线。\n\n可给出文件或文件夹，总计至少半分钟，情绪不限，越多样越好，无需标注。"
        "完成后输出文件路径，可用于 --baseline。",
    ),
    epilog=say(
        "Example: emotone baseline make monday.wav tuesday.wav -o voice.npz",
        "示例：emotone baseline make monday.wav tuesday.wav -o voice.npz",
    ),
)
@click.argument("sources", nargs=-1, required=True, metavar=say("FILES|DIR…", "文件|文件夹…"))
@output_file(say(f"File to write; its name ends in {BASELINE_ENDING}.", f"要写入的文件，扩展名为 {BASELINE_ENDING}。"))
@channel_option
@model_option
def make(sources: tuple[str, ...], output: Path, channel: int | None, model: str) -> None:
    """Makes a baseline; recordings that cannot be used are reported and left out."""
    if output.suffix.lower() != BASELINE_ENDING:
        raise wrong_ending(output, BASELINE_ENDING)
    recognizer = open_model(model)
    try:
        made, failures = read_baseline(recognizer, sources, channel)
        assert made is not None  # there are sources
        path = save_baseline(made, output)
    except EmotoneError as error:
        fail(error)
    print_baseline(path.name, made, recognizer.head)
    write(f"{path}\n")
    if failures:
        raise SystemExit(1)
