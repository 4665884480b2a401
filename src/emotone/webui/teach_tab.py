"""The tab that teaches: its parts, what happens on each click, and the wiring."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import gradio as gr

from ..errors import EmotoneError
from ..library import Library
from ..markup import Html
from ..text import Language
from . import lesson_view, menu, teach_view, texts
from .actions import uploaded
from .analysis import Problem
from .own_heads import OwnHeads
from .parts import Update, html, on, on_each, work
from .shelf import Shelf
from .teaching import Job, Lesson, Taught, teach
from .workshop import LONGEST_LABEL, Workshop

Drawn: TypeAlias = tuple[Workshop, Html, Html, Update]


@dataclass(frozen=True, slots=True)
class TeachPanel:
    """Both sides of the tab."""

    material: gr.HTML
    speakers: gr.Radio
    name: gr.Textbox
    button: gr.Button
    lesson: gr.HTML
    clips: gr.HTML


def build(language: Language) -> TeachPanel:
    """Recordings and classes on the left, labels and results on the right."""
    empty = Workshop()
    with gr.Row(elem_classes="em-main"):
        with gr.Column(elem_classes="em-left", min_width=0):
            material = html(teach_view.material(empty, language), "em-material", "upload.js", "material.js")
            speakers = gr.Radio(
                _speakers(language),
                value="unknown",
                label=texts.SPEAKERS.to(language),
                info=texts.SPEAKERS_INFO.to(language),
                elem_id="em-speakers",
            )
            name = gr.Textbox(
                placeholder=texts.HEAD_NAME_DEFAULT.to(language),
                label=texts.HEAD_NAME.to(language),
                max_lines=1,
                max_length=LONGEST_LABEL,
                elem_id="em-head-name",
            )
            button = gr.Button(texts.TEACH.to(language), variant="primary", size="lg", elem_id="em-teach")
        with gr.Column(elem_classes="em-right", min_width=0):
            lesson = html(lesson_view.lesson(empty, language), "em-lesson", "lesson.js")
            clips = html(teach_view.clips(empty, language), "em-clips", "clips.js")
    return TeachPanel(material, speakers, name, button, lesson, clips)


def _speakers(language: Language) -> list[tuple[str, str]]:
    return [
        (texts.SPEAKERS_UNKNOWN.to(language), "unknown"),
        (texts.SPEAKERS_BY_FOLDER.to(language), "folder"),
        (texts.SPEAKERS_BY_NAME.to(language), "name"),
    ]


class Teaching:
    """The handlers of the tab's events.

    Args:
        library: The models, shared by all visitors.
        shelf: What may be read and handed out.
    """

    def __init__(self, library: Library, shelf: Shelf) -> None:
        self._library = library
        self._shelf = shelf

    def add(self, workshop: Workshop, language: Language, event: gr.EventData) -> Drawn:
        """Takes recordings and archives."""
        workshop.add(uploaded(event), self._shelf)
        return drawn(workshop, language)

    def alter(self, workshop: Workshop, language: Language, event: gr.EventData) -> Drawn:
        """A click on a class or a recording: `what` says which."""
        what, label = str(event.what), str(getattr(event, "label", ""))
        number = int(getattr(event, "number", 0))
        if what == "view":
            workshop.view = label
        elif what == "class":
            workshop.make_class(label)
        elif what == "drop_class":
            workshop.remove_class(label)
        elif what == "label":
            workshop.label(number, label)
        elif what == "drop_clip":
            workshop.remove(number)
        return drawn(workshop, language)

    def tell_speakers(self, workshop: Workshop, speakers: Any, language: Language) -> Update:
        """Takes note of how speakers are told apart."""
        workshop.speakers = speakers
        return gr.update(info=teach_view.speakers_info(workshop, language))

    def begin(self, workshop: Workshop, language: Language) -> tuple[Html, Update]:
        """Shows at once that the click was seen, and locks the button."""
        workshop.job, workshop.problems, workshop.failed = Job(), (), None
        return lesson_view.lesson(workshop, language), gr.update(interactive=False)

    def teach(self, workshop: Workshop, name: str, model: str, language: Language) -> Iterator[Html]:
        """Learns, showing how far it is."""
        job = workshop.job or Job()
        name = " ".join(name.split())[:LONGEST_LABEL] or texts.HEAD_NAME_DEFAULT.to(language)
        try:
            recognizer = self._library.recognizer(model)
            folder = workshop.folder or self._shelf.folder()
            lesson = Lesson(name, workshop.clips(), folder, language)
            if not lesson.clips:
                raise EmotoneError(texts.NOTHING_LABELLED.en, texts.NOTHING_LABELLED.zh)
            outcome: Taught | Problem | None = None
            for outcome in teach(recognizer, lesson, self._shelf, job):  # noqa: B007 - the last one counts
                yield lesson_view.lesson(workshop, language)
            if isinstance(outcome, Taught):
                workshop.taught = outcome
            else:
                workshop.failed = texts.TEACH_CANCELLED if outcome is None else outcome.text
        except EmotoneError as error:
            workshop.failed = error.text
        workshop.job = None
        yield lesson_view.lesson(workshop, language)

    def cancel(self, workshop: Workshop) -> None:
        """Ends the training at its next step."""
        if workshop.job is not None:
            workshop.job.cancelled = True

    def finish(self, workshop: Workshop, language: Language) -> tuple[Workshop, Html, Html, Update, Html, Update]:
        """Shows everything as it is at this moment, and unlocks the button."""
        workshop.job = None
        return (*drawn(workshop, language), lesson_view.lesson(workshop, language), gr.update(interactive=True))


def drawn(workshop: Workshop, language: Language) -> Drawn:
    """A workshop, and the parts that show its recordings. Gradio ends a state with its visit only if something gives it out."""
    speakers = gr.update(value=workshop.speakers, info=teach_view.speakers_info(workshop, language))
    return workshop, teach_view.material(workshop, language), teach_view.clips(workshop, language), speakers


def wire(panel: TeachPanel, library: Library, shelf: Shelf, language: gr.Radio, model: gr.State) -> gr.State:
    """Connects the parts. Returns the visitor's workshop."""
    teaching = Teaching(library, shelf)
    workshop = gr.State(Workshop(), delete_callback=Workshop.close)
    known, shown = [workshop, language], [workshop, *parts(panel)]
    on(panel.material.bring, teaching.add, known, shown)
    on_each(panel.material.alter, teaching.alter, known, shown)
    on_each(panel.clips.alter, teaching.alter, known, shown)
    on(panel.speakers.input, teaching.tell_speakers, [workshop, panel.speakers, language], panel.speakers)
    on(panel.lesson.cancel, teaching.cancel, workshop, None)
    begun = on(panel.button.click, teaching.begin, known, [panel.lesson, panel.button])
    done = work(begun.then, teaching.teach, [workshop, panel.name, model, language], panel.lesson)
    on(done.then, teaching.finish, known, [*shown, panel.lesson, panel.button])

    def translate(to: Language, workshop: Workshop) -> tuple[Any, ...]:
        _, material, clips, speakers = drawn(workshop, to)
        return (
            material,
            clips,
            speakers | {"choices": _speakers(to), "label": texts.SPEAKERS.to(to)},
            lesson_view.lesson(workshop, to),
            gr.update(label=texts.HEAD_NAME.to(to), placeholder=texts.HEAD_NAME_DEFAULT.to(to)),
            gr.update(value=texts.TEACH.to(to)),
        )

    on(language.change, translate, [language, workshop], [*parts(panel), panel.lesson, panel.name, panel.button])
    return workshop


def parts(panel: TeachPanel) -> list[Any]:
    """The parts that `drawn` draws, after the workshop."""
    return [panel.material, panel.clips, panel.speakers]


def use(workshop: Workshop, own: OwnHeads, language: Language) -> tuple[OwnHeads, Html, Update]:
    """Uses the head that was learned, on the other tab."""
    if isinstance(workshop.taught, Taught):
        own = own.adding(workshop.taught.trained.head)
    return own, menu.head_menu(own, language), gr.update(selected="recognize")
