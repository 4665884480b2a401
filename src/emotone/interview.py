"""What is asked of each recording (heads, a baseline, no label where there is grave doubt), and what is answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from .audio import AudioSource
from .conversation import Voices
from .doubts import withheld
from .errors import OptionError
from .heads import HEAD_NAME, Head, check_head, load_head
from .listening import Listening
from .recognizer import Recognizer
from .types import Baseline, Conversation, Prediction, Progress, Timeline, TimelineOptions
from .writers import Record, record

OWN_HEAD = "emotions"
"""What the model's own head is called among others."""

Result: TypeAlias = Prediction | Timeline


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said about one recording.

    Attributes:
        result: Of the first head.
        others: Of the further heads, by name.
        head: The name of the first head, when it is not the model's own.
        when: It was made.
    """

    result: Result
    others: Mapping[str, Result]
    head: str | None
    when: datetime

    @property
    def record(self) -> Record:
        """The content of `result.json`."""
        return record(self.result, self.when, head=self.head, others=self.others)


@dataclass(frozen=True, slots=True)
class ConversationAnswer:
    """What is said about the speakers of one recording; attributes as in `Answer`."""

    result: Conversation
    others: Mapping[str, Conversation]
    head: str | None
    when: datetime

    @property
    def record(self) -> Record:
        """The content of `result.json`."""
        return record(self.result, self.when, head=self.head, others=self.others)


class Interview:
    """Asks recordings: with the same heads and options each. Safe to share between threads.

    Args:
        recognizer: The model.
        heads: As `read_heads` gives them; the first one answers, the others are beside it.
        options: How a timeline is cut; `None` asks for one result for each recording.
        abstain: Whether to give no label where there is grave doubt.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        heads: Mapping[str, Head] | None = None,
        options: TimelineOptions | None = None,
        *,
        abstain: bool = False,
    ) -> None:
        self.recognizer = recognizer
        self._heads = dict(heads or {OWN_HEAD: recognizer.head})
        self._options = options
        self._abstain = abstain

    @property
    def head(self) -> Head:
        """The one that answers."""
        return next(iter(self._heads.values()))

    def listen(
        self,
        source: AudioSource,
        *,
        keep_frames: bool = False,
        channel: int | None = None,
        progress: Progress | None = None,
    ) -> Listening:
        """One pass over a recording, for all heads. Arguments and errors as in `Recognizer.listen`."""
        heads = tuple(self._heads.values())
        return self.recognizer.listen(source, heads=heads, keep_frames=keep_frames, channel=channel, progress=progress)

    def answer(self, heard: Listening, baseline: Baseline | None) -> Answer:
        """What the heads say.

        Raises:
            ModelError: When the baseline was made by another model.
            OptionError: When the options are impossible.
        """
        (first, head), *others = self._heads.items()
        return Answer(
            self._result(heard, head, baseline),
            {name: self._result(heard, other, baseline) for name, other in others},
            None if first == OWN_HEAD else first,
            datetime.now(),
        )

    def listen_channels(self, source: AudioSource, *, progress: Progress | None = None) -> Voices:
        """One pass over each channel of a recording, for all heads. Arguments and errors as in `Recognizer.listen_channels`."""
        return self.recognizer.listen_channels(source, heads=tuple(self._heads.values()), progress=progress)

    def converse(self, voices: Voices, baselines: Mapping[str, Baseline] | None = None) -> ConversationAnswer:
        """What the heads say of each speaker.

        Args:
            voices: What was listened to: by `listen_channels`, or by `listen` and then `voices_of_turns`.
            baselines: As in `Voices.conversation`.

        Raises:
            ModelError, OptionError: As in `answer`.
        """
        (first, head), *others = self._heads.items()
        return ConversationAnswer(
            self._conversation(voices, head, baselines),
            {name: self._conversation(voices, other, baselines) for name, other in others},
            None if first == OWN_HEAD else first,
            datetime.now(),
        )

    def _conversation(self, voices: Voices, head: Head, baselines: Mapping[str, Baseline] | None) -> Conversation:
        conversation = voices.conversation(self._options, head=head, baselines=baselines)
        return withheld(conversation) if self._abstain else conversation

    def _result(self, heard: Listening, head: Head, baseline: Baseline | None) -> Result:
        if self._options is None:
            prediction = heard.predict(head=head, baseline=baseline)
            return withheld(prediction) if self._abstain else prediction
        timeline = heard.timeline(self._options, head=head, baseline=baseline)
        return withheld(timeline) if self._abstain else timeline


def read_heads(recognizer: Recognizer, given: Sequence[str | Path]) -> dict[str, Head]:
    """Heads by their names.

    Args:
        recognizer: The model that they are for.
        given: Files of heads, or OWN_HEAD for the model's own; none is the model's own.

    Raises:
        ModelError: When a head cannot be read, or was made for another model.
        OptionError: When two have the same name.
    """
    heads = named_heads(
        (OWN_HEAD, recognizer.head) if one == OWN_HEAD else read_head(one) for one in given or (OWN_HEAD,)
    )
    for head in heads.values():
        check_head(head, recognizer.info)
    return heads


def named_heads(pairs: Iterable[tuple[str, Head]]) -> dict[str, Head]:
    """Heads by their names. Raises `OptionError` when two have the same name."""
    heads: dict[str, Head] = {}
    for name, head in pairs:
        if name in heads:
            raise OptionError(
                f"Two heads are called '{name}'. Give each once, and put heads into folders of different names.",
                f"有两个分类头都叫“{name}”。请勿重复指定，并将分类头放入名称不同的文件夹。",
            )
        heads[name] = head
    return heads


def read_head(path: str | Path) -> tuple[str, Head]:
    """A head and what to call it. Raises `ModelError` when it cannot be read."""
    head = load_head(path)
    return head.name or _named_after(Path(path)), head


def _named_after(path: Path) -> str:
    """The folder of a file that is called as any other is."""
    return path.absolute().parent.name if path.name == HEAD_NAME else path.stem
