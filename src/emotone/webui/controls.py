"""The left side and the frame of the page as HTML: header, choice of recordings, footer. Pure functions."""

from collections.abc import Sequence

from ..examples import examples
from ..markup import Html, join, tag
from ..text import Language, Text
from . import texts
from .analysis import Chosen
from .markup import button, heading, items, symbol

ACCEPTED = ".wav,.mp3,.m4a,.flac,.ogg,.oga,.opus,.webm,.mp4,.aac,.amr,.aiff,.wma,audio/*"
_LOGO = Html(
    '<svg class="em-logo" viewBox="0 0 32 32" aria-hidden="true">'
    '<path d="M5 13v6M10.5 8v16M16 4v24M21.5 10v12M27 14v4"/></svg>'
)
_MESSAGES = {
    "uploading": texts.UPLOADING,
    "failed": texts.UPLOAD_FAILED,
    "denied": texts.MICROPHONE_DENIED,
    "missing": texts.MICROPHONE_MISSING,
}  # state of the script → what it means


def title(language: Language) -> str:
    """The name of the page: in its language, then in the other."""
    return " ".join(_names(language))


def _names(language: Language) -> tuple[str, str]:
    return (texts.TITLE.zh, texts.TITLE.en) if language == "zh" else (texts.TITLE.en, texts.TITLE.zh)


def header(language: Language) -> Html:
    """Name and purpose. It also tells the script which language is shown."""
    name, other = _names(language)
    return tag(
        "div.em-header",
        _LOGO,
        tag("h1", name, " ", tag("span.em-other-name", other)),
        tag("p", texts.TAGLINE.to(language)),
        attributes={"data-lang": "zh-CN" if language == "zh" else "en", "data-title": title(language)},
    )


def footer(language: Language) -> Html:
    """What must be said about results."""
    return tag("p.em-footer", texts.HONEST.to(language))


def picker(chosen: Sequence[Chosen], language: Language) -> Html:
    """Where recordings come from: files, the microphone, examples. And what was chosen."""
    return join(
        heading(texts.SOURCE.to(language)),
        drop(texts.DROP, texts.FORMATS, ACCEPTED, language),
        _buttons(language),
        messages(language),
        _examples(language),
        chosen_list(chosen, language),
    )


def drop(what: Text, formats: Text, accepted: str, language: Language) -> Html:
    """An area for files: dropped, or chosen after a click."""
    return tag(
        "label.em-drop",
        Html(f'<input type="file" class="em-sr" multiple accept="{accepted}">'),
        tag("span.em-drop-icon", "↥", attributes={"aria-hidden": "true"}),
        tag("span.em-drop-text", what.to(language)),
        tag("span.em-muted", formats.to(language)),
    )


def messages(language: Language) -> Html:
    """What the script shows while files arrive, and when that fails."""
    found = (tag("p", text.to(language), attributes={"data-when": state}) for state, text in _MESSAGES.items())
    return tag("div.em-messages", *found, attributes={"role": "status"})


def _buttons(language: Language) -> Html:
    dot = tag("i.em-dot", attributes={"aria-hidden": "true"})
    return tag(
        "div.em-buttons",
        button("em-button.em-record", symbol("🎙️"), " ", texts.RECORD.to(language), attributes={"data-record": ""}),
        button(
            "em-button.em-stop",
            dot,
            texts.STOP.to(language),
            " ",
            tag("span.em-clock", "0:00"),
            attributes={"data-stop": ""},
        ),
        button(
            "em-button.em-load-example", symbol("📝"), " ", texts.EXAMPLE.to(language), attributes={"data-example": "0"}
        ),
    )


def _examples(language: Language) -> Html:
    choices = (
        button(
            "em-link", example.title.to(language), attributes={"data-example": str(index), "title": example.attribution}
        )
        for index, example in enumerate(examples())
    )
    return tag("div.em-examples", tag("span.em-muted", texts.EXAMPLES.to(language)), items("em-choices", choices))


def chosen_list(chosen: Sequence[Chosen], language: Language) -> Html:
    """Recordings, each with a button that removes it."""
    if not chosen:
        return Html()
    rows = (
        join(tag("span.em-file-name", item.name), _discard(index, item.name, language))
        for index, item in enumerate(chosen)
    )
    notes = (tag("p.em-muted", item.note) for item in chosen if item.note)
    return tag(
        "div.em-chosen",
        items("em-chosen-list", rows),
        *notes,
        attributes={"role": "group", "aria-label": texts.CHOSEN.to(language)},
    )


def _discard(index: int, name: str, language: Language) -> Html:
    return button(
        "em-discard",
        "×",
        attributes={"data-discard": str(index), "aria-label": f"{texts.DISCARD.to(language)}: {name}"},
    )
