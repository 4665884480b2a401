"""Emotone hears a recording and says which emotion is expressed in it, overall and over time."""

from .audio import AudioSource, load_audio
from .baseline import load_baseline
from .doubts import withheld
from .errors import (
    AudioError,
    AudioNotFoundError,
    AudioTooLongError,
    ChannelError,
    CheckpointError,
    DownloadError,
    EmotoneError,
    EmptyAudioError,
    EngineError,
    InvalidSamplesError,
    ManifestError,
    MissingExtraError,
    ModelError,
    NoAudioStreamError,
    OptionError,
    OutputError,
    ServerError,
    StoreError,
    TurnsError,
    UnsupportedAudioError,
)
from .events import Event, Result, SegmentEnded, SpeechEnded, SpeechStarted, Window
from .heads import Head, load_head
from .labels import EMOTIONS, LABELS, Emotion
from .listening import Listening
from .models import DEFAULT_MODEL
from .recognizer import Recognizer, load_model
from .stream import Stream, StreamOptions
from .summary import summarise
from .turns import read_turns
from .types import (
    Audio,
    Baseline,
    Contribution,
    Conversation,
    Failure,
    ModelInfo,
    Opinion,
    Prediction,
    Reason,
    Region,
    Segment,
    Source,
    Timeline,
    TimelineOptions,
    Track,
    Turn,
)

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_MODEL",
    "EMOTIONS",
    "LABELS",
    "Audio",
    "AudioError",
    "AudioNotFoundError",
    "AudioSource",
    "AudioTooLongError",
    "Baseline",
    "ChannelError",
    "CheckpointError",
    "Contribution",
    "Conversation",
    "DownloadError",
    "Emotion",
    "EmotoneError",
    "EmptyAudioError",
    "EngineError",
    "Event",
    "Failure",
    "Head",
    "InvalidSamplesError",
    "Listening",
    "ManifestError",
    "MissingExtraError",
    "ModelError",
    "ModelInfo",
    "NoAudioStreamError",
    "Opinion",
    "OptionError",
    "OutputError",
    "Prediction",
    "Reason",
    "Recognizer",
    "Region",
    "Result",
    "Segment",
    "SegmentEnded",
    "ServerError",
    "Source",
    "SpeechEnded",
    "SpeechStarted",
    "StoreError",
    "Stream",
    "StreamOptions",
    "Timeline",
    "TimelineOptions",
    "Track",
    "Turn",
    "TurnsError",
    "UnsupportedAudioError",
    "Window",
    "__version__",
    "load_audio",
    "load_baseline",
    "load_head",
    "load_model",
    "read_turns",
    "summarise",
    "withheld",
]
