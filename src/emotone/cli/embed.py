"""`emotone embed`: embeddings as NumPy files."""

import unicodedata
from pathlib import Path

import click

from ..audio import source_name
from ..outputs import save_embedding
from .console import OPTIONS, each_file, open_model, say, write
from .options import channel_option, files_argument, granularity_option, model_option


@click.command(
    options_metavar=OPTIONS,
    help=say(
        "Save the embedding of each file.\n\nFile NAME.wav becomes DIR/NAME.npy; its path is printed.",
        "保存每个文件的嵌入向量。\n\n文件 NAME.wav 保存为 DIR/NAME.npy，并输出其路径。",
    ),
    epilog=say("Example: emotone embed *.wav -o embeddings", "示例：emotone embed *.wav -o embeddings"),
)
@files_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help=say("Folder for the files; made when it is not there.", "保存文件的文件夹，不存在时自动创建。"),
)
@granularity_option
@channel_option
@model_option
def embed(files: tuple[str, ...], output: Path, granularity: str, channel: int | None, model: str) -> None:
    """Embeds files one by one; a bad file is reported and does not stop the others."""
    recognizer = open_model(model)
    taken: set[str] = set()

    def work(file: str) -> Path:
        embedding = (recognizer.embed_frames if granularity == "frame" else recognizer.embed)(file, channel=channel)
        stem = _free_name(Path(source_name(file)).stem, taken)
        return save_embedding(embedding, output / f"{stem}.npy")

    failures = 0
    for _, path in each_file(files, work):
        if path is None:
            failures += 1
        else:
            write(f"{path}\n")
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
