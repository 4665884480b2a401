"""`emotone embed`: embeddings as NumPy files."""

import unicodedata
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from ..audio import source_name
from ..errors import EmotoneError
from ..outputs import save_embedding
from .console import OPTIONS, each_file, open_model, print_error, say, write
from .options import channel_option, files_argument, granularity_option, model_option, output_folder


@click.command(
    options_metavar=OPTIONS,
    help=say(
        "Save the embedding of each file.\n\nFile NAME.wav becomes DIR/NAME.npy; its path is printed.",
        "保存每个文件的嵌入向量。\n\n文件 NAME.wav 保存为 DIR/NAME.npy，并输出其路径。",
    ),
    epilog=say("Example: emotone embed *.wav -o embeddings", "示例：emotone embed *.wav -o embeddings"),
)
@files_argument
@output_folder(say("Folder for the files; made when it is not there.", "保存文件的文件夹，不存在时自动创建。"))
@granularity_option
@channel_option
@model_option
def embed(files: tuple[str, ...], output: Path, granularity: str, channel: int | None, model: str) -> None:
    """Embeds files; a bad file is reported and does not stop the others."""
    recognizer = open_model(model, len(files))

    def work(file: str) -> NDArray[np.float32]:
        return (recognizer.embed_frames if granularity == "frame" else recognizer.embed)(file, channel=channel)

    taken: set[str] = set()
    failures = 0
    for file, embedding in each_file(files, work):
        if embedding is None:
            failures += 1
            continue
        try:
            stem = _free_name(Path(source_name(file)).stem, taken)
            write(f"{save_embedding(embedding, output / f'{stem}.npy')}\n")
        except EmotoneError as error:
            print_error(error)
            failures += 1
    if failures:
        raise SystemExit(1)


def _free_name(stem: str, taken: set[str]) -> str:
    """The name, or with `_2`, `_3`… behind it: two inputs of one call never share a file, whatever the file system folds."""
    name, number = stem, 1
    while (folded := unicodedata.normalize("NFC", name).casefold()) in taken:
        number += 1
        name = f"{stem}_{number}"
    taken.add(folded)
    return name
