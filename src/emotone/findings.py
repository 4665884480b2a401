"""A summary in plain sentences. Each is made by a rule, which it names: nothing is said that the numbers do not say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .labels import Label, emotion_of
from .summary import BREAK, REACTION, SUSTAINED, Reaction, SpeakerSummary, Summary
from .text import Text, clock_time

MOSTLY = 0.5  # share of the time from which on a label prevails
MOST_POINTS = 3  # turning points that are told one by one

RULES: dict[str, Text] = {
    "talk_time": Text(
        "Each speaker's share of all seconds of speech.",
        "每位说话人占全部语音时长的比例。",
    ),
    "no_speech": Text("There is not one segment of speech.", "没有任何语音片段。"),
    "nothing_clear": Text(
        "Every segment is doubted or withheld.",
        "所有片段均存疑或未给出标签。",
    ),
    "prevailing": Text(
        f"A label has {MOSTLY:.0%} or more of the speech with a clear result.",
        f"某一情绪占结果明确的语音的 {MOSTLY:.0%} 或以上。",
    ),
    "varied": Text(
        f"No label has {MOSTLY:.0%} of the speech with a clear result; the two most frequent are named.",
        f"没有任何情绪占结果明确的语音的 {MOSTLY:.0%}；列出最常见的两种。",
    ),
    "turning_points": Text(
        f"A label that lasts for {SUSTAINED:g} s of speech follows another one that does.",
        f"持续 {SUSTAINED:g} 秒以上语音的情绪之间发生转变。",
    ),
    "longest_negative": Text(
        "The most speech that is angry, disgusted, fearful or sad, with nothing else between and without a pause of "
        f"{BREAK:g} s, if it is {SUSTAINED:g} s or more.",
        f"愤怒、厌恶、恐惧或悲伤的语音，中间无其他情绪、无 {BREAK:g} 秒以上停顿，取其中最长且不少于 {SUSTAINED:g} 秒者。",
    ),
    "reaction": Text(
        "Whoever else is the first to begin a segment after a speaker turned negative, up to "
        f"{REACTION:g} s after the end of that segment, answers it; the lag is the median from that end.",
        f"某人转为负面情绪后，在该片段结束后 {REACTION:g} 秒之内最先开口的他人视为回应；间隔自该片段结束起算，取中位数。",
    ),
    "left_out": Text(
        "Segments that are doubted or withheld are counted in no other sentence about emotions.",
        "存疑或未给出标签的片段不计入其他关于情绪的句子。",
    ),
}
"""Code → what makes a sentence of this kind."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of a summary.

    Attributes:
        code: Of its rule: a key of `RULES`.
        text: The sentence.
        rule: What makes such a sentence.
    """

    code: str
    text: Text
    rule: Text


def findings(summary: Summary) -> tuple[Finding, ...]:
    """The summary as sentences: talk time, then each speaker, then reactions."""
    said = [*_talk_time(summary.speakers)]
    for speaker in summary.speakers:
        said += _about(speaker)
    said += map(_reaction, summary.reactions)
    return tuple(said)


def _finding(code: str, en: str, zh: str) -> Finding:
    return Finding(code, Text(en, zh), RULES[code])


def _talk_time(speakers: Sequence[SpeakerSummary]) -> Iterator[Finding]:
    total = sum(speaker.speech for speaker in speakers)
    if len(speakers) < 2 or not total:
        return
    shares = [
        (_name(speaker.speaker), clock_time(speaker.speech), f"{speaker.speech / total:.0%}") for speaker in speakers
    ]
    en = ", ".join(f"{name.en} {time} ({share})" for name, time, share in shares)
    zh = "，".join(f"{name.zh} {time}（{share}）" for name, time, share in shares)
    yield _finding("talk_time", f"Speech: {en}.", f"语音时长：{zh}。")


def _about(speaker: SpeakerSummary) -> Iterator[Finding]:
    who = _name(speaker.speaker)
    if not speaker.speech:
        yield _finding("no_speech", f"{_capital(who.en)}: no speech was found.", f"{who.zh}：未检测到语音。")
        return
    if not speaker.shares:
        text = f"{_capital(who.en)}: no segment of {clock_time(speaker.speech)} of speech gave a clear result."
        yield _finding("nothing_clear", text, f"{who.zh}：{clock_time(speaker.speech)} 的语音中没有结果明确的片段。")
        return
    yield _moods(who, speaker)
    if speaker.turning_points:
        yield _turns(who, speaker)
    negative = speaker.longest_negative
    if negative is not None and negative.speech >= SUSTAINED:
        span, labels = f"{clock_time(negative.start)}–{clock_time(negative.end)}", _names(negative.labels)
        yield _finding(
            "longest_negative",
            f"{_capital(who.en)}: the longest negative stretch is {span} ({labels.en}), with {negative.speech:.0f} s of speech.",
            f"{who.zh}：最长的负面时段为 {span}（{labels.zh}），含语音 {negative.speech:.0f} 秒。",
        )
    if speaker.left_out > 0:
        share = f"{speaker.left_out / speaker.speech:.0%}"
        yield _finding(
            "left_out",
            f"{_capital(who.en)}: {speaker.left_out:.1f} s of speech ({share}) gave no clear result and are left out.",
            f"{who.zh}：有 {speaker.left_out:.1f} 秒语音（{share}）结果不明确，未计入。",
        )


def _moods(who: Text, speaker: SpeakerSummary) -> Finding:
    first, *others = speaker.shares.items()
    name, share = emotion_of(first[0]).name, f"{first[1]:.0%}"
    if first[1] >= MOSTLY:
        return _finding(
            "prevailing",
            f"{_capital(who.en)}: mostly {name.en}, {share} of the speech with a clear result.",
            f"{who.zh}：以“{name.zh}”为主，占结果明确的语音的 {share}。",
        )
    second, next_share = emotion_of(others[0][0]).name, f"{others[0][1]:.0%}"
    return _finding(
        "varied",
        f"{_capital(who.en)}: no emotion prevails; most often {name.en} ({share}), then {second.en} ({next_share}).",
        f"{who.zh}：没有占主导的情绪；最常见的是“{name.zh}”（{share}），其次是“{second.zh}”（{next_share}）。",
    )


def _turns(who: Text, speaker: SpeakerSummary) -> Finding:
    points = speaker.turning_points
    shown = [
        (clock_time(point.at), emotion_of(point.before).name, emotion_of(point.after).name)
        for point in points[:MOST_POINTS]
    ]
    en = ", ".join(f"from {before.en} to {after.en} at {at}" for at, before, after in shown)
    zh = "，".join(f"{at} 由“{before.zh}”转为“{after.zh}”" for at, before, after in shown)
    more = len(points) - len(shown)
    return _finding(
        "turning_points",
        f"{_capital(who.en)}: the mood changes {en}{f', and {more} more times' if more else ''}.",
        f"{who.zh}：情绪转变：{zh}{f'，此后还有 {more} 次' if more else ''}。",
    )


def _reaction(reaction: Reaction) -> Finding:
    to, who = _name(reaction.to), _name(reaction.speaker)
    times, lag = reaction.times, abs(reaction.lag)
    when = Text(f"{lag:.1f} s later", f"{lag:.1f} 秒后")
    if reaction.lag < 0:
        when = Text(f"{lag:.1f} s before the end of that", f"话音结束前 {lag:.1f} 秒")
    en = f"After {to.en} turns negative, {who.en} answers {when.en}"
    zh = f"{to.zh}转为负面情绪后，{who.zh}于{when.zh}回应"
    if times > 1:
        en, zh = f"{en} (median of {times})", f"{zh}（{times} 次的中位数）"
    if reaction.labels:
        label, count = next(iter(reaction.labels.items()))
        name = emotion_of(label).name
        en += f", most often with {name.en} ({count} of {times})" if times > 1 else f", with {name.en}"
        zh += f"，最常表现为“{name.zh}”（{times} 次中 {count} 次）" if times > 1 else f"，表现为“{name.zh}”"
    else:
        en, zh = f"{en}, without a clear result", f"{zh}，结果不明确"
    return _finding("reaction", f"{en}.", f"{zh}。")


def _name(speaker: str) -> Text:
    """What to call a speaker in a sentence."""
    if not speaker:
        return Text("the recording", "该录音")
    return Text(f"speaker {speaker}", f"说话人{speaker}") if speaker.isdecimal() else Text(speaker, speaker)


def _names(labels: Sequence[Label]) -> Text:
    names = [emotion_of(label).name for label in labels]
    return Text(", ".join(name.en for name in names), "、".join(name.zh for name in names))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
