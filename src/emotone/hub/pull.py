"""Pulling a model: get its files, check them, convert them, put the model in its place.

A model is made in `<models folder>/.pulling/<name>`, which nothing is ever loaded from. In it, `files` is what was fetched so
far, kept until the model is there; `draft` is the model while it is made, renamed to `<models folder>/<name>` at the end; and
`lock` is held by the one process that pulls or removes this model.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from .. import __version__
from ..convert import Precision, convert_checkpoint
from ..errors import DownloadError, MissingExtraError, ModelError, OutputError
from ..models import (
    DEFAULT_MODEL,
    KNOWN_MODELS,
    MODEL_NAME,
    RECORD_NAME,
    KnownFile,
    KnownModel,
    PulledModel,
    Record,
    file_sha256,
    known_model,
    models_folder,
    pulled_model,
    read_record,
)
from .fetch import OnProgress, Progress, WrongFileError
from .origin import Files, Origin, default_origin, fetched_files, own_files

CHECKPOINT = "model.pt"
_LIBRARIES = ("filelock", "huggingface_hub", "modelscope_hub", "onnx", "spox", "yaml")


def pullable_model(name: str) -> KnownModel:
    """The model of this name. Raises `ModelError`, which names those that can be pulled."""
    if known := known_model(name):
        return known
    names = ", ".join(model.name for model in KNOWN_MODELS)
    if name == DEFAULT_MODEL:
        raise ModelError(
            f"'{name}' is a part of Emotone: there is nothing to fetch or to remove. Others: {names}.",
            f"“{name}”已随情声安装，无需获取，也不能移除。其他模型：{names}。",
        )
    raise ModelError(
        f"No model '{name}' is known. Models that can be fetched: {names}.",
        f"没有名为“{name}”的模型。可获取的模型：{names}。",
    )


def pull(
    name: str,
    origin: Origin | None = None,
    *,
    precision: Precision = "int8",
    force: bool = False,
    on_progress: OnProgress = lambda progress: None,
) -> PulledModel:
    """Makes a known model be here, ready to be loaded by its name.

    The model appears complete or not at all. What was fetched before a break, a full disk or the end of the process is kept,
    and the next call goes on from there. The checkpoint is deleted when the model is made: two thirds of it are state of the
    optimizer, the rest is in the model. A folder of the user's own is never changed.

    Args:
        name: Such as `emotion2vec-plus-large`, or its id on a hub.
        origin: Where the files come from; `None` asks both hubs.
        precision: `int8` is made when it passes the check on real speech, else `fp32`.
        force: Fetch and make it again although it is here.
        on_progress: Told about each step; what it raises ends the pull.

    Raises:
        ModelError: When no model of this name can be pulled.
        DownloadError: When no hub gives the files, or they are not what they should be.
        CheckpointError: When they cannot be converted.
        OutputError: When the disk is full or cannot be written.
        MissingExtraError: Without the extra `convert`.
    """
    known = pullable_model(name)
    _require_libraries()
    origin = origin or default_origin()
    with _workplace(known.name) as work:
        if not force:
            with suppress(ModelError):  # a damaged one is made again
                if model := pulled_model(known.name):
                    return model
        folder = models_folder() / known.name
        before = read_record(folder / RECORD_NAME)
        wanted = _remembered(known, before)
        try:
            files = own_files(known, origin.folder, wanted, on_progress) if origin.folder else None
            files = files or fetched_files(known, origin.hubs, wanted, work, on_progress)
        except WrongFileError as error:
            raise (_changed(known, error) if before and not known.exact else error) from None
        _make(known, files, work / "draft", precision, on_progress)
        _publish(work, folder)
        if model := pulled_model(known.name):
            return model
    raise AssertionError("a model that was published can be read")


def remove(name: str) -> int:
    """Deletes a pulled model and whatever was fetched of it. Returns the bytes that this frees; 0 when nothing was there.

    Raises:
        ModelError: When no model of this name can be pulled, and so none be removed.
        OutputError: When it cannot be deleted.
    """
    known = pullable_model(name)
    with _workplace(known.name) as work:
        folder = models_folder() / known.name
        freed = sum(path.stat().st_size for place in (folder, work) for path in place.rglob("*") if path.is_file())
        if folder.exists():
            folder.rename(work / "old")  # in one step: it is never there in parts
        _clear(work, "files")
    return freed


@contextmanager
def _workplace(name: str) -> Iterator[Path]:
    """The folder that a model is made in, for this process alone; leftovers of a crash are cleared away."""
    try:
        from filelock import FileLock, Timeout  # noqa: PLC0415 - belongs to the extra
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("convert") from error
    work = models_folder() / ".pulling" / name
    try:
        work.mkdir(parents=True, exist_ok=True)
        with FileLock(work / "lock", timeout=0):
            _clear(work, "draft", "old")
            try:
                yield work
            finally:
                _clear(work, "draft", "old")
    except Timeout as error:
        raise DownloadError(
            f"The model '{name}' is being fetched by another process right now. Wait until that is done.",
            f"另一个进程正在获取模型“{name}”。请等待其完成。",
        ) from error
    except OSError as error:
        raise OutputError(
            f"'{models_folder()}' cannot be written: {error.strerror or error}. Free space, or set EMOTONE_MODELS to another "
            "folder.",
            f"无法写入“{models_folder()}”：{error.strerror or error}。请清理磁盘空间，或将 EMOTONE_MODELS 设为其他文件夹。",
        ) from error


def _clear(work: Path, *parts: str) -> None:
    for part in parts:
        shutil.rmtree(work / part, ignore_errors=True)


def _require_libraries() -> None:
    """Before gigabytes are fetched, not after."""
    if not all(map(find_spec, _LIBRARIES)):
        raise MissingExtraError.of("convert")


def _remembered(known: KnownModel, before: Record | None) -> tuple[KnownFile, ...]:
    """The files with the hashes that are known, or that were remembered when the model was pulled first."""
    hashes = before.files if before and before.hub != "folder" else {}
    return tuple(replace(file, sha256=file.sha256 or hashes.get(file.path)) for file in known.files)


def _make(known: KnownModel, files: Files, draft: Path, precision: Precision, on_progress: OnProgress) -> None:
    """The folder of the model: the ONNX file, its record, and the small files it was made from."""
    draft.mkdir()
    made = convert_checkpoint(
        files.folder,
        draft / MODEL_NAME,
        name=known.name,
        revision=files.sha256[CHECKPOINT][:12],
        licence=known.licence,
        precision=precision,
        on_step=lambda text: on_progress(Progress(text)),
    )
    for path in files.sha256:
        if path != CHECKPOINT:
            (draft / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(files.folder / path, draft / path)
    record = Record(
        name=known.name,
        hub=files.hub,
        repo=files.repo,
        revision=files.revision,
        licence=known.licence,
        sha256=file_sha256(made.path),
        size=made.path.stat().st_size,
        precision=made.precision,
        check=asdict(made.check) if made.check else None,
        files=dict(files.sha256),
        emotone=__version__,
        time=datetime.now().astimezone().isoformat(timespec="seconds"),
    )
    (draft / RECORD_NAME).write_text(record.to_json(), encoding="utf-8")


def _publish(work: Path, folder: Path) -> None:
    """Puts the draft in its place in one step, then lets go of what is not needed any more."""
    if folder.exists():
        folder.rename(work / "old")
    (work / "draft").rename(folder)
    _clear(work, "files")


def _changed(known: KnownModel, error: WrongFileError) -> WrongFileError:
    """The error, when the wanted hash is only the one that came first."""
    return WrongFileError(
        f"{error.text.en} The wanted file is the one that was fetched first. If the hub has a new one that you trust: emotone "
        f"models remove {known.name}, then pull it again.",
        f"{error.text.zh}预期文件为首次获取的版本。若您信任平台上的新版本，请先运行 emotone models remove {known.name}，"
        "再重新获取。",
    )
