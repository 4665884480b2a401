"""The control that says what results are compared with, as HTML. Pure functions."""

from ..markup import Html, join, tag
from ..text import Language
from ..types import Baseline
from . import texts
from .controls import ACCEPTED, chosen_list, drop, messages
from .markup import button, items
from .voice import Voice


def voice_panel(voice: Voice, language: Language) -> Html:
    """Where recordings of a voice come in, what was heard in them, and the baseline to take away."""
    return join(
        tag("p.em-muted.em-lead", texts.VOICE_HINT.to(language)),
        drop(texts.VOICE_DROP, texts.VOICE_FORMATS, f"{ACCEPTED},.npz", language),
        messages(language),
        _state(voice, language),
        chosen_list(voice.clips, language),
        _problems(voice, language),
        _foot(voice, language),
    )


def heading(voice: Voice, language: Language) -> str:
    """The title of the control: what it is for, or what it does now."""
    if voice.baseline is None:
        return texts.VOICE.to(language)
    return texts.VOICE_IN_USE.to(language).format(amount=amount(voice.baseline, language))


def amount(baseline: Baseline, language: Language) -> str:
    """How much a baseline is made of: `43 s of this voice, 12 recordings`."""
    clips = texts.ONE_CLIP if baseline.clips == 1 else texts.SOME_CLIPS
    return texts.AMOUNT_OF_VOICE.to(language).format(
        speech=texts.speech(baseline.duration, language), clips=clips.to(language).format(count=baseline.clips)
    )


def _state(voice: Voice, language: Language) -> Html:
    if not voice.clips:
        return Html()
    if voice.waiting:
        done = len(voice.clips) - voice.waiting
        text = texts.VOICE_LISTENING.to(language).format(done=done, count=len(voice.clips))
        counted = {"value": str(done), "max": str(len(voice.clips)), "aria-label": text}
        return tag(
            "div.em-voice-state", tag("span", text, attributes={"role": "status"}), tag("progress", attributes=counted)
        )
    if voice.baseline is None:
        return Html()
    text = texts.VOICE_READY.to(language).format(amount=amount(voice.baseline, language))
    return tag("div.em-voice-state.em-good", "✓ ", text, attributes={"role": "status"})


def _problems(voice: Voice, language: Language) -> Html:
    found = (join(tag("strong.em-file-name", item.name), " ", item.text.to(language)) for item in voice.problems)
    return items("em-voice-problems", found) if voice.problems else Html()


def _foot(voice: Voice, language: Language) -> Html:
    if not voice.clips:
        return Html()
    link = Html()
    if voice.download is not None:
        address = {"href": voice.download.url, "download": voice.download.name}
        link = tag("a.em-link", "↓ ", texts.VOICE_SAVE.to(language), attributes=address)
    clear = button("em-link", texts.VOICE_CLEAR.to(language), attributes={"data-clear": ""})
    return tag("div.em-voice-foot", link, clear)
