"""Kaldi's `wav.scp`: a line for each utterance, its name and the path of its recording."""

from collections.abc import Iterator
from pathlib import Path

from ..errors import ManifestError

SCRIPT_ENDING = ".scp"


def check_script(path: Path) -> None:
    """Reads a script once, so that what is wrong with it is known before work begins.

    Raises:
        ManifestError: When it cannot be read, a line has no path, or a path is a command: `sph2pipe … |`. No command is ever
            run.
    """
    for number, name, target in script_lines(path):
        if target.endswith("|"):
            raise ManifestError(
                f"Line {number} of '{path}' is a command ({name}: {target[:60]}…), and commands are not run here. Write the "
                "recordings to files first (Kaldi: copy them with wav-copy), and list those.",
                f"“{path}”第 {number} 行是一条命令（{name}：{target[:60]}…），此处不会执行任何命令。请先将录音写成文件"
                "（Kaldi 可用 wav-copy），再列出这些文件。",
            )
        if not target:
            raise ManifestError(
                f"Line {number} of '{path}' has no path ('{name}'); wanted a name, a space and a path.",
                f"“{path}”第 {number} 行没有路径（“{name}”）；每行应为名称、空格和路径。",
            )


def script_lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """Number, name and path of each line that is not blank. Paths are relative to the working directory, as Kaldi's are."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    name, *target = line.split(maxsplit=1)
                    yield number, name, target[0].strip() if target else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(
            f"'{path}' cannot be read ({error}). Wanted UTF-8 text: a name and a path in each line.",
            f"无法读取“{path}”（{error}）。应为 UTF-8 文本：每行一个名称和一个路径。",
        ) from error
