"""What happens on each click. Everything that belongs to one visitor comes in and goes out; nothing is kept here."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from ..errors import EmotoneError
from ..examples import examples
from ..heads import Head, check_head
from ..library import Library
from ..markup import Html
from ..text import Language
from ..types import Baseline, TimelineOptions
from ..writers import FORMATS, entry_of
from . import controls, menu, render, texts, voice_panel
from .analysis import Chosen, Outcome, Problem, Report, Settings, Step, analyse
from .own_heads import OwnHeads
from .parts import Update
from .shelf import Shelf
from .talkers import Talkers, talkers_of, turns_panel
from .voice import Hearings, Voice


class Actions:
    """The handlers of the page's events.

    Args:
        library: The models, shared by all visitors.
        outputs: Where results are saved; `None` keeps none.
        shelf: What may be read and handed out.
    """

    def __init__(self, library: Library, outputs: Path | None, shelf: Shelf) -> None:
        self._library = library
        self._outputs = outputs
        self._shelf = shelf

    def choose(self, language: Language, event: gr.EventData) -> tuple[tuple[Chosen, ...], Html]:
        """Takes note of uploaded files, in place of those chosen before."""
        chosen = uploaded(event)
        return chosen, controls.picker(chosen, language)

    def discard(
        self, chosen: Sequence[Chosen], language: Language, event: gr.EventData
    ) -> tuple[tuple[Chosen, ...], Html]:
        """Removes one of the chosen files."""
        kept = tuple(item for index, item in enumerate(chosen) if index != event.index)
        return kept, controls.picker(kept, language)

    def choose_example(self, language: Language, event: gr.EventData) -> tuple[tuple[Chosen, ...], Html]:
        """Chooses one of the clips in the package."""
        example = examples()[int(event.index)]
        chosen = (Chosen(example.path.name, example.path, example.attribution),)
        return chosen, controls.picker(chosen, language)

    def choose_model(self, language: Language, event: gr.EventData) -> tuple[str, Html]:
        """Takes note of the model that was chosen."""
        model = str(event.model)
        return model, self.card(model, language)

    def fetch(self, model: str, language: Language, event: gr.EventData) -> Html:
        """Begins to fetch a model; nothing happens when somebody else has begun already."""
        if self._library.fetches is not None:
            self._library.fetches.start(str(event.model))
        return self.card(model, language)

    def cancel(self, model: str, language: Language, event: gr.EventData) -> Html:
        """Ends a fetch, whoever began it."""
        if self._library.fetches is not None:
            self._library.fetches.cancel(str(event.model))
        return self.card(model, language)

    def menu(self, model: str, language: Language) -> Html:
        """The menu of models as it is now."""
        return menu.menu(self._library.choices(), model, language)

    def card(self, model: str, language: Language) -> Html:
        """What is known now about a model, and how far fetches are."""
        offered = self._library.fetches is not None
        return menu.card(self._library.choices(), model, offered, time.monotonic_ns() // 1000, language)

    def begin(self, chosen: Sequence[Chosen], language: Language) -> tuple[Html, Update]:
        """Shows at once that the click was seen, and locks the button."""
        return render.progress(0, len(chosen), (), language), gr.update(interactive=False)

    def recognize(
        self,
        chosen: Sequence[Chosen],
        voice: Voice,
        hearings: Hearings,
        model: str,
        language: Language,
        own: OwnHeads,
        *settings: Any,
    ) -> Iterator[tuple[Outcome | Update, Html]]:
        """Analyses the chosen recordings one after the other, showing each step; the outcome comes last."""
        wanted = _Wanted(*settings)
        reports: list[Report | Problem] = []
        for number, stage in self._stages(chosen, model, wanted, own.head, voice.clips, hearings):
            if isinstance(stage, tuple):
                yield gr.skip(), render.progress(number, len(chosen), stage, language)
            else:
                reports.append(stage)
        outcome = Outcome(tuple(reports))
        yield outcome, render.outcome(outcome, language)

    def _stages(
        self,
        chosen: Sequence[Chosen],
        model: str,
        wanted: "_Wanted",
        head: Head | None,
        voice: tuple[Chosen, ...],
        hearings: Hearings,
    ) -> Iterator[tuple[int, tuple[Step, ...] | Report | Problem]]:
        """What happens to each recording, with its number."""
        if not chosen:
            yield 0, Problem("", texts.NOTHING_CHOSEN)
            return
        yield 0, (Step(texts.LOAD, None),)
        try:
            recognizer = self._library.recognizer(model)
            if head is not None:
                check_head(head, recognizer.info)
        except EmotoneError as error:
            yield 0, Problem("", error.text)
            return
        baseline = None
        if voice and not wanted.itself:
            for _ in hearings.listen(recognizer, voice, self._shelf):
                yield 0, (Step(texts.LISTEN_TO_VOICE, None),)
            baseline = hearings.voice(voice, recognizer.info, self._shelf).baseline
        if wanted.granularity == "frame" and wanted.talkers == "turns" and wanted.turns.file is None:
            yield 0, Problem("", texts.TURNS_MISSING)
            return
        settings = wanted.settings(baseline, head)
        for number, item in enumerate(chosen, start=1):
            for stage in analyse(recognizer, item, settings, self._outputs, self._shelf):
                yield number, stage

    def choose_head(self, own: OwnHeads, language: Language, event: gr.EventData) -> tuple[OwnHeads, Html]:
        """Takes note of the labels that are wanted."""
        own = own.choosing(int(event.place))
        return own, menu.head_menu(own, language)

    def load_head(self, own: OwnHeads, language: Language, event: gr.EventData) -> tuple[OwnHeads, Html]:
        """Takes heads from files; the last one is used."""
        for file in uploaded(event):
            own = own.loading(file, self._shelf)
        return own, menu.head_menu(own, language)

    def add_to_voice(
        self, voice: Voice, hearings: Hearings, language: Language, event: gr.EventData
    ) -> tuple[Voice, Html, Update, Hearings]:
        """Takes note of recordings to compare with."""
        clips = {clip.path: clip for clip in (*voice.clips, *uploaded(event))}
        return *_voice_parts(Voice(tuple(clips.values()), len(clips)), language), hearings

    def discard_from_voice(self, voice: Voice, language: Language, event: gr.EventData) -> tuple[Voice, Html, Update]:
        """Removes one of them, or all when the index is -1."""
        index = int(event.index)
        clips = tuple(clip for place, clip in enumerate(voice.clips) if index not in (-1, place))
        return _voice_parts(Voice(clips, len(clips)), language)

    def hear(self, voice: Voice, hearings: Hearings, model: str, language: Language) -> Iterator[Html]:
        """Listens to recordings that are to be compared with, showing how far it is."""
        if not voice.clips:
            yield gr.skip()
            return
        with suppress(EmotoneError):
            recognizer = self._library.recognizer(model)
            for _ in hearings.listen(recognizer, voice.clips, self._shelf):
                waiting = len(hearings.waiting(voice.clips, recognizer.info))
                yield voice_panel.voice_panel(Voice(voice.clips, waiting), language)
        yield gr.skip()

    def settle_voice(
        self, voice: Voice, hearings: Hearings, model: str, language: Language
    ) -> tuple[Voice, Html, Update]:
        """What is known of the voice at this moment."""
        if not voice.clips:
            return _voice_parts(voice, language)
        try:
            info = self._library.recognizer(model).info
            voice = hearings.voice(voice.clips, info, self._shelf)
        except EmotoneError as error:
            voice = Voice(voice.clips, problems=(Problem("", error.text),))
        return _voice_parts(voice, language)

    def load_turns(
        self, chosen: Sequence[Chosen], language: Language, event: gr.EventData
    ) -> tuple[Talkers, Html, Update]:
        """Takes note of who speaks when, and that this is wanted."""
        (file,) = uploaded(event)
        talkers = talkers_of(file, chosen[0].name if chosen else "", self._shelf)
        return talkers, turns_panel(talkers, language), gr.update(value="turns")

    def forget_turns(self, language: Language) -> tuple[Talkers, Html, Update]:
        """Forgets that again."""
        return Talkers(), turns_panel(Talkers(), language), gr.update(value="together")

    def export(self, shown: Outcome | None, language: Language, event: gr.EventData) -> Html:
        """Writes the result that is shown in one of the formats, for the browser to save."""
        place = (shown.opened or 0) if shown else 0
        report = shown.reports[place] if shown else None
        form = FORMATS.get(str(event.format))
        if not isinstance(report, Report) or form is None:
            return render.exported(None, language)
        try:
            entry = entry_of(report.name, report.result, {"file": report.name, **report.record})
            form.check(1, entry.granularity)
            data = form.write([entry], language)
        except EmotoneError as error:
            return render.exported(error.text, language)
        name = _file_name(report.name) + form.ending
        return render.exported(self._shelf.make(name, lambda path: path.write_bytes(data)), language)

    def finish(self, shown: Outcome | None, language: Language) -> tuple[Html, Update]:
        """Shows the outcome in the language of this moment, and unlocks the button."""
        return render.outcome(shown, language), gr.update(interactive=True)

    def open_result(
        self, shown: Outcome | None, language: Language, event: gr.EventData
    ) -> tuple[Outcome | None, Html]:
        """Shows one result of a table, or the table again when the index is -1."""
        if shown is not None:
            index = int(event.index)
            shown = replace(shown, opened=index if 0 <= index < len(shown.reports) else None)
        return shown, render.outcome(shown, language)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The values of the controls."""

    granularity: str
    window: float
    hop: float
    embedding: bool
    compare: str
    abstain: bool
    talkers: str
    turns: Talkers

    @property
    def itself(self) -> bool:
        """Whether each recording is compared with itself."""
        return self.granularity == "frame" and self.compare == "itself"

    def settings(self, baseline: Baseline | None, head: Head | None) -> Settings:
        options = TimelineOptions(self.window, self.hop)
        split = self.talkers == "channels"
        turns = self.turns.file if self.talkers == "turns" else None
        return Settings(
            self.granularity, self.embedding, options, baseline, self.itself, head, self.abstain, split, turns
        )


def _file_name(name: str) -> str:
    """The name of a recording as the beginning of a file name on any computer."""
    kept = "".join("_" if character in '<>:"/\\|?*' or not character.isprintable() else character for character in name)
    return Path(kept).stem.strip(". ")[:60] or "result"


def uploaded(event: gr.EventData) -> tuple[Chosen, ...]:
    """The files that a script has uploaded."""
    return tuple(Chosen(str(file["name"]), Path(str(file["path"]))) for file in getattr(event, "files", ()))


def _voice_parts(voice: Voice, language: Language) -> tuple[Voice, Html, Update]:
    return voice, voice_panel.voice_panel(voice, language), gr.update(label=voice_panel.heading(voice, language))
