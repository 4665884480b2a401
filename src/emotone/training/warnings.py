"""Why a trained head, or what is said about it, may be worse than it looks."""

from collections.abc import Iterator, Sequence

from ..evaluation import speaker_of
from ..labels import emotion_of
from ..text import Language, Text
from ..types import Reason
from .channels import shared_channels
from .lesson import Lesson
from .splitting import Split

FEW_CLIPS = 10  # of a class: below, a head learns little about it
_NAMED_AT_MOST = 5


def find_warnings(lesson: Lesson, split: Split) -> tuple[Reason, ...]:
    """What is to be said about these clips and how they were held out, the gravest first."""
    return (
        *_about_speakers(lesson, split),
        *_about_channels(lesson),
        *_about_classes(lesson, split),
        *_about_contradictions(lesson),
    )


def _about_speakers(lesson: Lesson, split: Split) -> Iterator[Reason]:
    named = [speaker_of(clip) for clip in lesson.embedded.clips]
    unnamed = named.count("")
    speakers = len(set(named) - {""})
    if split.kind == "speaker" and unnamed:
        yield Reason(
            "some_speakers_unknown",
            Text(
                f"{unnamed} recordings have no speaker. Their speakers may be in the other parts of the split too, so scores may "
                "be too good for new voices.",
                f"{unnamed} 个录音没有说话人。他们的声音可能同时出现在划分的两侧，因此对新说话人而言分数可能偏高。",
            ),
            Text("Fill in the column speaker.", "请补全 speaker 列。"),
        )
    if split.kind == "folder":
        yield Reason(
            "speakers_unknown",
            Text(
                f"No speakers are named. Recordings of one folder were kept together ({split.groups} folders); where a voice is "
                "in several folders, scores are too good for new voices.",
                f"清单未注明说话人。同一文件夹的录音被放在一起（共 {split.groups} 个文件夹）；若同一人的声音出现在多个文件夹中，"
                "对新说话人而言分数会偏高。",
            ),
            Text("Add a column speaker.", "请添加 speaker 列。"),
        )
    if split.kind == "file" and not speakers:
        yield Reason(
            "speakers_unknown",
            Text(
                "No speakers are named, so each recording stood for itself and a voice was on both sides of the split. The "
                "scores are for voices that the head has heard; for new voices they are too good.",
                "清单未注明说话人，因此每个录音单独划分，同一人的声音会出现在划分的两侧。这些分数适用于分类头听过的声音；"
                "对新说话人而言会偏高。",
            ),
            Text("Add a column speaker.", "请添加 speaker 列。"),
        )
    if split.kind == "file" and speakers:
        yield _not_apart(speakers)


def _not_apart(speakers: int) -> Reason:
    if speakers == 1:
        found = Text(
            "All recordings are of one speaker, who was on both sides of the split. The scores are for this voice; nothing is "
            "known about others.",
            "所有录音来自同一位说话人，其声音出现在划分的两侧。这些分数只适用于该声音，对其他人无从得知。",
        )
    else:
        found = Text(
            f"The {speakers} speakers cannot be kept apart: hardly a class has two of them. The head may have learned voices "
            "instead of classes, and the scores cannot show it.",
            f"无法将 {speakers} 位说话人分开：几乎没有哪个类别包含两位说话人。"
            "分类头学到的可能是声音而非类别，而分数无法反映这一点。",
        )
    advice = Text("Add recordings of each class by several speakers.", "请为每个类别添加多位说话人的录音。")
    return Reason("speakers_not_apart", found, advice)


def _about_classes(lesson: Lesson, split: Split) -> Iterator[Reason]:
    single = [label for label, judged in zip(lesson.labels, split.judged, strict=True) if not judged]
    if single:
        kind = {
            "speaker": Text("speaker", "说话人"),
            "folder": Text("folder", "文件夹"),
            "file": Text("recording", "录音"),
        }
        one = kind[split.kind]
        yield Reason(
            "class_not_judged",
            Text(
                f"All recordings of some classes are of one {one.en}: {_names(single, 'en')}. The head learned them, but "
                "nothing can be said about how well; they are left out of the scores.",
                f"以下类别的录音均来自同一个{one.zh}：{_names(single, 'zh')}。分类头学习了这些类别，"
                "但无法评判效果，因此不计入分数。",
            ),
            Text("Add recordings by other speakers.", "请添加其他说话人的录音。"),
        )
    few = {label: count for label, count in lesson.counts.items() if count < FEW_CLIPS}
    if few:
        yield Reason(
            "few_clips",
            Text(
                f"Some classes have fewer than {FEW_CLIPS} recordings: {_counted(few, 'en')}. They will hardly be recognised.",
                f"以下类别的录音不足 {FEW_CLIPS} 个：{_counted(few, 'zh')}。这些类别很难被识别。",
            ),
            Text("Add recordings, or join classes.", "请添加录音，或合并类别。"),
        )


def _about_channels(lesson: Lesson) -> Iterator[Reason]:
    found = shared_channels(lesson.embedded.clips, lesson.labels, lesson.truth)
    if found:
        en = "; ".join(f"{emotion_of(one.label).name.en} ({one.found.en})" for one in found[:_NAMED_AT_MOST])
        zh = "；".join(f"{emotion_of(one.label).name.zh}（{one.found.zh}）" for one in found[:_NAMED_AT_MOST])
        yield Reason(
            "shared_channel",
            Text(
                f"Recordings of a class share a channel that the others do not have: {en}. The head may have learned the channel "
                "instead of the class, and the scores cannot show it.",
                f"某一类别的录音共用一种其他类别没有的声道条件：{zh}。分类头学到的可能是录音条件而非类别，而分数无法反映这一点。",
            ),
            Text(
                "Record every class with the same devices, in the same places and formats.",
                "请用相同的设备、地点和格式录制每个类别。",
            ),
        )


def _about_contradictions(lesson: Lesson) -> Iterator[Reason]:
    if lesson.contradictions:
        shown = "; ".join(
            ", ".join(f"{name} ({label})" for name, label in copies)
            for copies in lesson.contradictions[:_NAMED_AT_MOST]
        )
        count = len(lesson.contradictions)
        yield Reason(
            "contradictions",
            Text(
                f"{count} recordings are there several times with different labels and were left out: {shown}.",
                f"有 {count} 个录音以不同标签重复出现，已被排除：{shown}。",
            ),
            Text("Leave one label for each.", "请为每个录音只保留一个标签。"),
        )


def _names(labels: Sequence[str], language: Language) -> str:
    shown = [emotion_of(label).name.to(language) for label in labels[:_NAMED_AT_MOST]]
    if len(labels) > _NAMED_AT_MOST:
        shown.append("…")
    return ("、" if language == "zh" else ", ").join(shown)


def _counted(counts: dict[str, int], language: Language) -> str:
    shown = [
        f"{emotion_of(label).name.to(language)} ({count})" for label, count in list(counts.items())[:_NAMED_AT_MOST]
    ]
    if len(counts) > _NAMED_AT_MOST:
        shown.append("…")
    return ("、" if language == "zh" else ", ").join(shown)
