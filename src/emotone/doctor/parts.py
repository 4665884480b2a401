"""The parts of Emotone: packages, engine, models, codecs, and a recording from end to end."""

from collections.abc import Sequence
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from time import perf_counter

import av
import numpy as np
import onnxruntime as ort

from ..audio import load_audio
from ..decoders import Decoders
from ..errors import EmotoneError, ModelError
from ..examples import examples
from ..models import DEFAULT_MODEL, KNOWN_MODELS, KnownModel, file_sha256, pulled_model
from ..recognizer import load_model
from ..text import Text
from ..types import SAMPLE_RATE
from .finding import Finding, plain

_NEEDED = ("numpy", "onnxruntime", "av", "soxr", "click", "rich", "platformdirs")
_EXTRAS = {
    "server": ("fastapi", "uvicorn", "python-multipart", "websockets", "prometheus-client"),
    "ui": ("gradio",),
    "convert": ("onnx", "spox", "huggingface-hub", "modelscope-hub"),
    "tables": ("audformat", "pyarrow"),
    "train": ("torch",),
}
_SAMPLES = {
    "WAV": "tone.wav",
    "MP3": "tone.mp3",
    "M4A (AAC)": "tone.m4a",
    "FLAC": "tone.flac",
    "OGG (Vorbis)": "vorbis.ogg",
    "OGG (Opus)": "opus.ogg",
    "WebM (Opus)": "tone.webm",
    "AMR": "tone.amr",
    "AMR-WB": "wideband.amr",
    "WMA": "tone.wma",
}
_TONE, _LOUD = 1_000, 0.2  # Hz and amplitude: each sample is a sine of 0.4, which the oldest codec leaves above 0.25
_EXPECTED = ("english_angry.ogg", "angry")
_AGAIN = Text(
    "Install Emotone again: pip install --force-reinstall emotone", "请重新安装：pip install --force-reinstall emotone"
)


def packages(emotone: str) -> list[Finding]:
    """Emotone and what it stands on; optional parts that are missing are no fault."""
    needed = {name: _version(name) for name in _NEEDED}
    missing = [name for name, found in needed.items() if found is None]
    text = ", ".join(f"{name} {found or '—'}" for name, found in needed.items())
    title = Text("packages", "软件包")
    first = Finding(
        "packages", title, "wrong" if missing else "ok", plain(text), _AGAIN if missing else None, {**needed}
    )
    own = Finding("emotone", plain("Emotone"), "ok", plain(emotone), None, {"version": emotone})
    return [own, first, *(_extra(name, parts) for name, parts in _EXTRAS.items())]


def engine() -> Finding:
    """What runs models, and on what."""
    providers = [name.removesuffix("ExecutionProvider") for name in ort.get_available_providers()]
    text = f"ONNX Runtime {ort.__version__}: {', '.join(providers)}"
    good = "CPU" in providers
    facts = {"onnxruntime": ort.__version__, "providers": providers}
    return Finding(
        "engine", Text("engine", "推理引擎"), "ok" if good else "wrong", plain(text), None if good else _AGAIN, facts
    )


def models() -> list[Finding]:
    """The bundled model, and those that were pulled: whether their files are what they were."""
    title = Text("model", "模型")
    info = load_model(DEFAULT_MODEL).info
    facts = {"name": info.name, "revision": info.revision, "sha256": info.sha256}
    text = f"{info.name} {info.revision}"
    return [Finding("model.bundled", title, "ok", plain(text), None, facts), *filter(None, map(_pulled, KNOWN_MODELS))]


def codecs() -> list[Finding]:
    """Whether a tone in each format is heard as that tone."""
    folder = Path(str(files(__package__))) / "samples"
    found = [(name, _wrong_with(folder / file)) for name, file in _SAMPLES.items()]
    broken = [(name, reason) for name, reason in found if reason]
    decoder = f"FFmpeg {getattr(av, 'ffmpeg_version_info', '')} (PyAV {av.__version__})"
    facts = {"pyav": av.__version__, "libraries": {k: ".".join(map(str, v)) for k, v in av.library_versions.items()}}
    title = Text("codecs", "音频格式")
    good = Finding(
        "codecs",
        title,
        "ok",
        plain(f"{decoder}: {', '.join(name for name, reason in found if not reason)}"),
        None,
        facts,
    )
    advice = Text(
        "Install PyAV again: pip install --force-reinstall av", "请重新安装 PyAV：pip install --force-reinstall av"
    )
    return [good, *(Finding("codecs", title, "wrong", plain(f"{name}: {reason}"), advice) for name, reason in broken)]


def decoders() -> Finding:
    """Whether files of strangers can be decoded apart from this process."""
    title, example = Text("guarded decoding", "隔离解码"), examples()[0].path
    with closing(Decoders(idle=1)) as apart:
        start = perf_counter()
        samples = apart.open(example).load().samples
        seconds = perf_counter() - start
    good = samples.size == load_audio(example).samples.size
    text = Text(f"works; starts in {seconds:.1f} s", f"正常；启动耗时 {seconds:.1f} 秒")
    return Finding("decoders", title, "ok" if good else "wrong", text, None if good else _AGAIN, {"seconds": seconds})


def self_test() -> Finding:
    """A recording whose emotion is known, from its file to its label."""
    title, (name, expected) = Text("self-test", "自检"), _EXPECTED
    path = next(example.path for example in examples() if example.path.name == name)
    recognizer = load_model(DEFAULT_MODEL)
    recognizer.predict(path)  # the first run prepares memory
    start = perf_counter()
    said = recognizer.predict(path)
    seconds = perf_counter() - start
    text = f"{name}: {said.label} {said.confidence:.0%}, {said.duration:.1f} s / {seconds * 1000:.0f} ms"
    facts = {"label": said.label, "expected": expected, "confidence": said.confidence, "ms": round(seconds * 1000, 1)}
    good = said.label == expected
    return Finding("self_test", title, "ok" if good else "wrong", plain(text), None if good else _AGAIN, facts)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _extra(name: str, parts: Sequence[str]) -> Finding:
    found = {part: _version(part) for part in parts}
    install = f'pip install "emotone[{name}]"'
    there = ", ".join(f"{part} {number}" for part, number in found.items() if number)
    missing = ", ".join(part for part, number in found.items() if not number)
    text, advice = plain(there), None
    if missing:
        text = Text(
            f"{there}; not installed: {missing}".removeprefix("; "), f"{there}；未安装：{missing}".removeprefix("；")
        )
        advice = Text(f"When you want it: {install}", f"需要时：{install}")
    return Finding(f"extra.{name}", plain(f"[{name}]"), "ok", text, advice, {**found})


def _pulled(known: KnownModel) -> Finding | None:
    """A pulled model; `None` when it is not here."""
    title, code = Text("model", "模型"), f"model.{known.name}"
    again = Text(f"emotone models pull {known.name} --force", f"emotone models pull {known.name} --force")
    try:
        pulled = pulled_model(known.name)
    except ModelError as error:
        return Finding(code, title, "wrong", error.text, again)
    if pulled is None:
        return None
    facts = {"name": known.name, "path": str(pulled.path), "sha256": pulled.record.sha256}
    if file_sha256(pulled.path) != pulled.record.sha256:
        text = Text(f"{known.name}: the file has changed since it was made", f"{known.name}：文件自生成后已被改动")
        return Finding(code, title, "wrong", text, again, facts)
    return Finding(code, title, "ok", plain(f"{known.name} {pulled.record.precision}"), None, facts)


def _wrong_with(path: Path) -> str:
    """Why a sample is not heard as its tone; empty when it is."""
    try:
        signal = load_audio(path).samples
    except (EmotoneError, OSError) as error:
        return str(error)
    turning = np.exp(-2j * np.pi * _TONE / SAMPLE_RATE * np.arange(signal.size))
    loud = 2 * float(np.abs(np.mean(signal * turning)))
    return "" if loud > _LOUD else f"{loud:.2f} at {_TONE} Hz, wanted more than {_LOUD}"
