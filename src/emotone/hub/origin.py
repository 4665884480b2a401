"""Where the files of a model come from: the first hub that gives them, or a folder of the user's own."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import CheckpointError, DownloadError
from ..models import HubName, KnownFile, KnownModel, file_sha256
from ..text import Text, system_language
from .fetch import OnProgress, Progress, WrongFileError, fetch, left_out, short
from .sources import HubError, open_source

ROOM = 0.45  # of the checkpoint's size: its weights as fp32, and as int8
_CHINA_TIME = -8 * 3600  # seconds west of Greenwich


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the files of a model come from.

    Attributes:
        hubs: The hubs to ask, one after the other.
        folder: A folder that has the files, instead of a hub. Without it and without hubs, nothing is fetched.
    """

    hubs: tuple[HubName, ...] = ()
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a model on this computer, and where they came from."""

    folder: Path
    hub: str
    repo: str
    revision: str
    sha256: Mapping[str, str]


def default_origin() -> Origin:
    """Both hubs; ModelScope first where Chinese is spoken or the clock is China's, as it is near there."""
    in_china = system_language() == "zh" or time.timezone == _CHINA_TIME
    return Origin(("modelscope", "huggingface") if in_china else ("huggingface", "modelscope"))


def fetched_files(
    known: KnownModel, hubs: Sequence[HubName], wanted: Sequence[KnownFile], work: Path, on_progress: OnProgress
) -> Files:
    """The files from the first hub that gives them."""
    failures: list[DownloadError] = []
    for hub in hubs:
        place = known.place(hub)
        if failures:
            step = Text(
                f"{failures[-1].text.en} Asking {place.title} instead", f"{failures[-1].text.zh}改为查询 {place.title}"
            )
            on_progress(Progress(step))
        try:
            room = round(ROOM * known.download_size)
            fetched = fetch(open_source(place), wanted, work / "files", room, on_progress)
            return Files(fetched.folder, hub, place.repo, fetched.revision, fetched.files)
        except (HubError, WrongFileError) as error:
            failures.append(error)
    if not failures:
        raise DownloadError(
            f"'{known.name}' is not here, and nothing may be fetched. Give a folder that has its files, or go online.",
            f"“{known.name}”尚未获取，且当前不允许联网。请指定包含其文件的文件夹，或允许联网。",
        )
    if len(failures) == 1:
        raise failures[0]
    kind = WrongFileError if any(isinstance(error, WrongFileError) for error in failures) else DownloadError
    raise kind(
        f"No hub gave the model. {' '.join(error.text.en for error in failures)}",
        f"所有平台均未能提供该模型。{''.join(error.text.zh for error in failures)}",
    )


def own_files(known: KnownModel, folder: Path, wanted: Sequence[KnownFile], on_progress: OnProgress) -> Files:
    """The files in a folder of the user's own."""
    hashes = {}
    for file in wanted:
        path = folder / file.path
        if path.is_file():
            try:
                hashes[file.path] = _checked(known, file, path, on_progress)
            except WrongFileError:
                if file.needed:
                    raise
                on_progress(Progress(left_out(file)))
        elif file.needed:
            raise CheckpointError(
                f"There is no '{file.path}' in '{folder}'. Give the folder that holds the files of the hub.",
                f"“{folder}”中没有“{file.path}”。请指定包含平台文件的文件夹。",
            )
    return Files(folder, "folder", str(folder.resolve()), "", hashes)


def _checked(known: KnownModel, file: KnownFile, path: Path, on_progress: OnProgress) -> str:
    step, total = Text(f"Checking {file.path}", f"正在校验 {file.path}"), path.stat().st_size
    sha256 = file_sha256(path, lambda count: on_progress(Progress(step, count, total)))
    if file.sha256 and sha256 != file.sha256:
        raise WrongFileError(
            f"'{path}' is not the official file of {known.name}: found {short(sha256)}, wanted {short(file.sha256)}. For a "
            "checkpoint of your own: emotone models convert FOLDER -o FILE.",
            f"“{path}”不是 {known.name} 的官方文件：实际为 {short(sha256)}，应为 {short(file.sha256)}。"
            "如需转换自己的检查点：emotone models convert 文件夹 -o 文件。",
        )
    return sha256
