"""Everything that Emotone raises on purpose.

    EmotoneError
    ├── AudioError             something is wrong with a recording
    │   ├── AudioNotFoundError      no such file, or a folder
    │   ├── EmptyAudioError         no bytes, or no samples in it
    │   ├── UnsupportedAudioError   not audio, or not decodable
    │   ├── NoAudioStreamError      media without an audio track
    │   ├── AudioTooLongError       more seconds than are allowed
    │   ├── ChannelError            the wanted channel does not exist
    │   └── InvalidSamplesError     NaN, infinite or absurdly large values
    ├── ModelError             a model cannot be found, read or used
    │   ├── CheckpointError         a checkpoint cannot be converted: damaged, unfit or hostile
    │   ├── EngineError             a loaded model cannot be run
    │   └── DownloadError           a model cannot be fetched from its hub
    ├── ManifestError          a list of labelled recordings cannot be read, or cannot be scored
    ├── TurnsError             turns of speakers cannot be read, or are not of the recording
    ├── OutputError            results cannot be written
    ├── StoreError             a store cannot be opened, or what is asked of it does not fit
    ├── OptionError            an option has an impossible value
    ├── ServerError            a server cannot be reached, or refuses
    └── MissingExtraError      an optional part is not installed

Each message says what was found, what was wanted and what to do; `error.text` holds it in English and Chinese.
"""

import re

from .text import Text, printable

INTERNAL = Text(
    "Internal error: this should not happen. The server's log says more; please report it.",
    "内部错误：这不应发生。详情见服务器日志，请向我们反馈。",
)
"""What a visitor of a server is told of an error that is in none of the classes below."""


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # what a name from elsewhere could tell a terminal to do


def _shown(text: str) -> str:
    return _CONTROL.sub("?", printable(text))


class EmotoneError(Exception):
    """The parent of all errors below.

    Args:
        en: The message in English.
        zh: The same in Chinese.
    """

    def __init__(self, en: str, zh: str) -> None:
        self.text = Text(_shown(en), _shown(zh))
        super().__init__(self.text.en)

    def __reduce__(self) -> tuple[type["EmotoneError"], tuple[str, str]]:
        return type(self), (self.text.en, self.text.zh)


class AudioError(EmotoneError):
    """Something is wrong with a recording."""


class AudioNotFoundError(AudioError):
    """There is no such file, it cannot be opened, or it is a folder."""


class EmptyAudioError(AudioError):
    """The source has no bytes, or decodes to no samples."""


class UnsupportedAudioError(AudioError):
    """The source is not media that can be decoded."""


class NoAudioStreamError(AudioError):
    """The source is media, but has no audio track."""


class AudioTooLongError(AudioError):
    """The recording has more seconds than are allowed."""


class ChannelError(AudioError):
    """The recording does not have the channel that was asked for."""


class InvalidSamplesError(AudioError):
    """Samples are NaN, infinite or far outside -1…1, or an array has an impossible shape, type or rate."""


class ModelError(EmotoneError):
    """A model cannot be found, read or used."""


class EngineError(ModelError):
    """A model that was loaded cannot be run: memory is short, or its device fails."""


class CheckpointError(ModelError):
    """A checkpoint is missing, damaged, does not fit its configuration, or tries to run code."""


class DownloadError(ModelError):
    """A model cannot be fetched from its hub, or what came is not what was announced."""


class ManifestError(EmotoneError):
    """A list of labelled recordings is missing, damaged or incomplete, or none of its labels can be scored."""


class TurnsError(EmotoneError):
    """A file with the turns of speakers is missing or damaged, or they are not of the recording."""


class OutputError(EmotoneError):
    """Results cannot be written."""


class StoreError(EmotoneError):
    """A store of embeddings is missing or damaged, is of another model, or has no such row or column."""


class OptionError(EmotoneError):
    """An option has an impossible value."""


class ServerError(EmotoneError):
    """A server of Emotone cannot be reached, or refuses a request for a reason of its own."""


class MissingExtraError(EmotoneError):
    """An optional part of Emotone is not installed."""

    @classmethod
    def of(cls, extra: str) -> "MissingExtraError":
        """The error for the extra of this name, with its install line."""
        install = f'pip install "emotone[{extra}]"'
        return cls(
            f"This needs the extra '{extra}', which is not installed. Install it with: {install}",
            f"此功能需要可选组件“{extra}”，当前未安装。请运行：{install}",
        )
