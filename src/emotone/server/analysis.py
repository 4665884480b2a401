"""From what a request brings to what is said: listening in worker threads, then answering."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from fastapi.concurrency import run_in_threadpool
from numpy.typing import NDArray

from ..baseline import check_model, joined, load_baseline
from ..conversation import Voices, voices_of_turns
from ..errors import OptionError
from ..interview import Answer, ConversationAnswer, Interview
from ..listening import Listening
from ..recognizer import Recognizer
from ..recording import Recording
from ..store import embedding_of
from ..turns import parse_turns
from ..types import Baseline, ModelInfo, Source, TimelineOptions
from .problems import ProblemError, problem_of
from .questions import EmbedOptions, PredictOptions, SearchOptions, TimelineRequestOptions, heads_of, recordings
from .service import Service
from .uploads import BASELINE, TURNS, Body, Upload
from .work import Ticket

BASELINE_ENDING = ".npz"
MAX_ROWS = 50_000  # of a timeline: six hours at the usual hop

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A recording of several that could not be analysed.

    Attributes:
        name: Of the recording.
        problem: What was wrong.
    """

    name: str
    problem: ProblemError


@dataclass(frozen=True, slots=True)
class Answered:
    """What is said about a recording.

    Attributes:
        name: Of the recording.
        answer: What the heads say.
    """

    name: str
    answer: Answer | ConversationAnswer


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """The embedding of a recording.

    Attributes:
        name: Of the recording.
        vectors: float32 `(dim,)`, or `(frames, dim)`.
        duration: Of the recording, in seconds.
        model: What made it.
        source: The recording.
    """

    name: str
    vectors: NDArray[np.float32]
    duration: float
    model: ModelInfo
    source: Source


class Analysis:
    """One request's work.

    Args:
        service: The server's.
        body: What the request brings.
        ticket: Ends the work when nobody waits for it.
    """

    def __init__(self, service: Service, body: Body, ticket: Ticket) -> None:
        self._service = service
        self._body = body
        self._ticket = ticket
        self._files = recordings(body)

    async def predict(self, options: PredictOptions) -> list[Answered | Refusal]:
        """Which emotion is expressed in each recording as a whole.

        Raises:
            ProblemError: When too many wait already, or the only recording is refused.
            EmotoneError: When the options or what recordings are compared with cannot be used, or the only recording.
        """
        interview = await run_in_threadpool(self._interview, options, None)
        if options.baseline:
            return await self._compare(interview, options)
        given = await self._given(interview, options)

        def answer(upload: Upload) -> Answered:
            return Answered(upload.name, interview.answer(self._listen(interview, options.channel, upload), given))

        return self._found(await self._each([partial(answer, upload) for upload in self._files]))

    async def timeline(self, options: TimelineRequestOptions) -> list[Answered | Refusal]:
        """Which emotion is expressed when, by whom. Errors as in `predict`."""
        interview = await run_in_threadpool(self._interview, options, options.cut)
        conversing = self._conversing(options)
        given = await self._given(interview, options)

        def answer(upload: Upload) -> Answered:
            if conversing is not None:
                return Answered(upload.name, conversing(interview, upload))
            heard = self._listen(interview, options.channel, upload)
            _check_rows(heard.duration, options.cut)
            own = heard.baseline() if options.baseline and heard.regions else given
            return Answered(upload.name, interview.answer(heard, own))

        return self._found(await self._each([partial(answer, upload) for upload in self._files]))

    async def embed(self, options: EmbedOptions) -> list[Embedded | Refusal]:
        """The embedding of each recording. Errors as in `predict`."""
        recognizer = await run_in_threadpool(self._service.recognizer, options.model)
        interview, frames = Interview(recognizer), options.granularity == "frame"

        def embed(upload: Upload) -> Embedded:
            heard = self._listen(interview, options.channel, upload, keep_frames=frames)
            vectors = heard.embedding if heard.frames is None else heard.frames
            return Embedded(upload.name, vectors, heard.duration, heard.info, heard.source)

        return self._found(await self._each([partial(embed, upload) for upload in self._files]))

    async def moment(self, options: SearchOptions) -> NDArray[np.float32]:
        """The embedding `(dim,)` of the only recording, or of a stretch of it.

        Raises:
            ProblemError: As in `predict`.
            EmotoneError: When the recording cannot be used, or the stretch does not lie in it.
        """
        if len(self._files) != 1:
            raise OptionError(
                f"Found {len(self._files)} recordings; wanted one to search for.",
                f"收到 {len(self._files)} 个录音；查询只需一个。",
            )
        interview = Interview(await run_in_threadpool(self._service.recognizer, options.model))

        def hear(upload: Upload) -> NDArray[np.float32]:
            return embedding_of(self._listen(interview, options.channel, upload), options.start, options.end)

        (found,) = await self._each([partial(hear, self._files[0])])
        if isinstance(found, Exception):
            raise found
        return found

    async def _compare(self, interview: Interview, options: PredictOptions) -> list[Answered | Refusal]:
        """Each recording beside all of the request."""
        listen = partial(self._listen, interview, options.channel)
        heard = self._found(await self._each([partial(listen, upload) for upload in self._files]))

        def answers() -> list[Answered | Refusal]:
            spoken = [one.baseline() for one in heard if isinstance(one, Listening) and one.regions]
            usual = joined(spoken) if spoken else None
            return [
                one if isinstance(one, Refusal) else Answered(upload.name, interview.answer(one, usual))
                for upload, one in zip(self._files, heard, strict=True)
            ]

        return await run_in_threadpool(answers)

    def _conversing(self, options: TimelineRequestOptions) -> Callable[[Interview, Upload], ConversationAnswer] | None:
        """How the speakers of a recording are told apart; `None` when they are not."""
        turns = self._body.files(TURNS)
        if not turns and options.channels == "mix":
            return None
        _check_conversation(options, len(turns), len(self._files), len(self._body.files(BASELINE)))

        def converse(interview: Interview, upload: Upload) -> ConversationAnswer:
            voices = self._voices(interview, options, upload, turns)
            return interview.converse(voices, voices.baselines() if options.baseline else None)

        return converse

    def _voices(
        self, interview: Interview, options: TimelineRequestOptions, upload: Upload, turns: Sequence[Upload]
    ) -> Voices:
        if turns:
            given = parse_turns(turns[0].path.read_bytes(), turns[0].name, recording=upload.name)
            voices = voices_of_turns(self._listen(interview, options.channel, upload), given)
        else:
            with self._opened(upload, None) as recording:
                voices = interview.listen_channels(recording, progress=self._progress)
            self._note(interview.recognizer, voices.duration)
        _check_rows(voices.duration * len(voices.voices), options.cut)
        return voices

    async def _each(self, jobs: Sequence[Callable[[], _T]]) -> list[_T | Exception]:
        return await self._service.work.each(jobs, self._ticket)

    def _found(self, results: Sequence[_T | Exception]) -> list[_T | Refusal]:
        """The same, with what was wrong in place of errors; but the error of the only recording is raised."""
        found: list[_T | Refusal] = []
        for upload, result in zip(self._files, results, strict=True):
            if isinstance(result, Exception):
                if len(self._files) == 1:
                    raise result
                found.append(Refusal(upload.name, problem_of(result)))
            else:
                found.append(result)
        return found

    def _interview(self, options: PredictOptions, cut: TimelineOptions | None) -> Interview:
        if options.baseline and self._body.files(BASELINE):
            raise OptionError(
                "Found 'baseline=auto' and files to compare with; wanted one of them. Leave one out.",
                "同时收到“baseline=auto”与用于比较的文件；只能选择其一。请去掉其中之一。",
            )
        recognizer = self._service.recognizer(options.model)
        heads = heads_of(recognizer, options, self._body) or self._service.library.heads(recognizer)
        return Interview(recognizer, heads, cut, abstain=options.abstain)

    def _listen(
        self, interview: Interview, channel: int | None, upload: Upload, *, keep_frames: bool = False
    ) -> Listening:
        with self._opened(upload, channel) as recording:
            heard = interview.listen(recording, keep_frames=keep_frames, progress=self._progress)
        self._note(interview.recognizer, heard.duration)
        return heard

    def _note(self, recognizer: Recognizer, seconds: float) -> None:
        self._service.metrics.audio.labels(recognizer.info.name).inc(seconds)
        self._ticket.heard.append(seconds)

    @contextmanager
    def _opened(self, upload: Upload, channel: int | None) -> Iterator[Recording]:
        """A recording to be listened to; errors within call it as the client does."""
        with upload.named():
            recording = self._service.open(upload.path, channel)
            recording.name = upload.name
            yield recording

    def _progress(self, seconds: float) -> None:
        self._ticket.check()

    async def _given(self, interview: Interview, options: PredictOptions) -> Baseline | None:
        """The baseline of all recordings, of files that came with them."""
        own = partial(self._own, interview.recognizer, options.channel)
        given = self._body.files(BASELINE)
        parts = await self._each([partial(own, upload) for upload in given]) if given else []
        made = []
        for part in parts:
            if isinstance(part, Exception):
                raise part
            made.append(part)
        return joined(made) if made else None

    def _own(self, recognizer: Recognizer, channel: int | None, upload: Upload) -> Baseline:
        if upload.path.suffix == BASELINE_ENDING:
            with upload.named():
                baseline = load_baseline(upload.path)
            check_model(baseline, recognizer.info)
            return baseline
        return self._listen(Interview(recognizer), channel, upload).baseline()


def _check_rows(duration: float, cut: TimelineOptions) -> None:
    if duration / cut.hop > MAX_ROWS:
        raise OptionError(
            f"A hop of {cut.hop} s makes more than {MAX_ROWS} rows of this recording. Choose a longer one.",
            f"步长 {cut.hop} 秒会使该录音产生超过 {MAX_ROWS} 行结果。请选择更长的步长。",
        )


def _check_conversation(options: TimelineRequestOptions, turns: int, recordings: int, baselines: int) -> None:
    split = options.channels == "split"
    if turns > 1 or (turns and recordings > 1) or (turns and split) or (split and options.channel is not None):
        raise OptionError(
            "Speakers are told apart in one way: 'channels=split' for any recordings, or one file 'turns' for one recording; a "
            "single channel cannot be split.",
            "区分说话人只能用一种方式：对任意录音使用“channels=split”，或为一个录音提供一个“turns”文件；单个声道无法再拆分。",
        )
    if baselines:
        raise OptionError(
            "A baseline of other recordings is for one speaker, and there are several. Use 'baseline=auto'.",
            "由其他录音得到的基线只适用于一位说话人，而此处有多位。请使用“baseline=auto”。",
        )
