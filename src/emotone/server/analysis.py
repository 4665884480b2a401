"""From what a request brings to what is said: listening in worker threads, then answering."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from fastapi.concurrency import run_in_threadpool
from numpy.typing import NDArray

from ..baseline import check_model, joined, load_baseline
from ..errors import OptionError
from ..interview import Answer, Interview
from ..listening import Listening
from ..recognizer import Recognizer
from ..types import Baseline, ModelInfo, Source, TimelineOptions
from .problems import ProblemError, problem_of
from .questions import EmbedOptions, PredictOptions, heads_of, recordings
from .service import Service
from .uploads import Body, Upload
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
    answer: Answer


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

    async def ask(self, options: PredictOptions, cut: TimelineOptions | None) -> list[Answered | Refusal]:
        """What is said about each recording.

        Args:
            options: What for.
            cut: How a timeline is cut; `None` asks for one result for each recording.

        Raises:
            ProblemError: When too many wait already, or the only recording is refused.
            EmotoneError: When the options or what recordings are compared with cannot be used, or the only recording.
        """
        interview = await run_in_threadpool(self._interview, options, cut)
        if options.baseline and cut is None:
            return await self._compare(interview, options)
        given = await self._given(interview, options)

        def answer(upload: Upload) -> Answered:
            heard = self._listen(interview, options.channel, upload)
            _check_rows(heard.duration, cut)
            own = heard.baseline() if options.baseline and heard.regions else given
            return Answered(upload.name, interview.answer(heard, own))

        return self._found(await self._each([partial(answer, upload) for upload in self._files]))

    async def embed(self, options: EmbedOptions) -> list[Embedded | Refusal]:
        """The embedding of each recording. Errors as in `ask`."""
        recognizer = await run_in_threadpool(self._service.recognizer, options.model)
        interview, frames = Interview(recognizer), options.granularity == "frame"

        def embed(upload: Upload) -> Embedded:
            heard = self._listen(interview, options.channel, upload, keep_frames=frames)
            vectors = heard.embedding if heard.frames is None else heard.frames
            return Embedded(upload.name, vectors, heard.duration, heard.info, heard.source)

        return self._found(await self._each([partial(embed, upload) for upload in self._files]))

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
        recognizer = self._service.recognizer(options.model)
        return Interview(recognizer, heads_of(recognizer, options, self._body), cut, abstain=options.abstain)

    def _listen(
        self, interview: Interview, channel: int | None, upload: Upload, *, keep_frames: bool = False
    ) -> Listening:
        with upload.named():
            recording = self._service.decoders.open(upload.path, channel=channel)
            recording.name = upload.name
            recording = recording.at_most(self._service.options.max_seconds)
            heard = interview.listen(recording, keep_frames=keep_frames, progress=lambda _: self._ticket.check())
        self._service.metrics.audio.labels(heard.info.name).inc(heard.duration)
        return heard

    async def _given(self, interview: Interview, options: PredictOptions) -> Baseline | None:
        """The baseline of all recordings, of files that came with them."""
        own = partial(self._own, interview.recognizer, options.channel)
        given = self._body.files("baseline")
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


def _check_rows(duration: float, cut: TimelineOptions | None) -> None:
    if cut is not None and duration / cut.hop > MAX_ROWS:
        raise OptionError(
            f"A hop of {cut.hop} s makes more than {MAX_ROWS} rows of this recording. Choose a longer one.",
            f"步长 {cut.hop} 秒会使该录音产生超过 {MAX_ROWS} 行结果。请选择更长的步长。",
        )
