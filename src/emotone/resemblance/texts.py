"""Every sentence about two recordings, in English and Chinese."""

from ..text import Language, Text
from .resemblance import Resemblance

TITLE = Text("{one} beside {other}", "{one} 与 {other}")
EYEBROW = Text("Emotone · Comparison", "情声 · 对比")
FACTS = Text(
    "A: {one}, {first:.1f} s · B: {other}, {second:.1f} s", "A：{one}，{first:.1f} 秒 · B：{other}，{second:.1f} 秒"
)
MODEL = Text("{name}, revision {revision}", "{name}，版本 {revision}")

ALIKE = Text("Percentile", "百分位")
ALIKE_MEANS = Text("of random pairs of recordings are less alike", "的随机录音对不如这两个录音相似")
SIMILARITY = Text("Similarity", "相似度")
SIMILARITY_MEANS = Text(
    "−1 to 1, as seen from usual speech; unrelated recordings have about 0. The raw cosine is {cosine:.2f}: it is high for any "
    "two recordings.",
    "−1 至 1，以平常语音为中心；无关录音约为 0。原始余弦为 {cosine:.2f}：任意两个录音都较高。",
)
NOT_KNOWN = Text(
    "Raw cosine {cosine:.2f}; this model does not know how speech usually sounds, so the number cannot be judged.",
    "原始余弦为 {cosine:.2f}；该模型不了解平常语音的分布，因此无法判断此数值。",
)
LABELS = Text("Emotion", "情绪")
LABELS_MEAN = Text(
    "{one} {first:.0%} in A, {other} {second:.0%} in B", "A 为{one} {first:.0%}，B 为{other} {second:.0%}"
)
COMMON = Text("In common over time", "随时间的一致程度")
COMMON_MEANS = Text("of the scores, in the mean of all aligned moments", "的得分相同（所有对齐时刻的平均）")

SCORES = Text("Scores of the whole recordings", "整段录音的得分")
EMOTION = Text("Emotion", "情绪")
DIFFERENCE = Text("B − A", "B − A")
CURVES = Text("Emotions over time", "情绪随时间的变化")
CURVES_HINT = Text(
    "Solid and filled: A. Dashed: B. Time is stretched so that both fit each other best; the times of both are below. Pauses "
    "are left out.",
    "实线与填色：A。虚线：B。时间轴经过伸缩，使两者尽量吻合；下方为两者各自的时间。不计停顿。",
)
DOUBTS = Text("Doubts", "疑点")
CURVE = Text("{name}: mean {first:.0%} in A, {second:.0%} in B", "{name}：A 平均 {first:.0%}，B 平均 {second:.0%}")
PICTURE = Text("Emotions of A and B over time: {names}", "A 与 B 的情绪随时间的变化：{names}")
HONEST = Text(
    "Emotions as expressed, not as felt. What makes recordings alike is emotion first, but also voice, room and language.",
    "识别的是表达出的情绪，而非内心感受。录音的相似度主要取决于情绪，但也受说话人、环境和语言的影响。",
)


def points(difference: float) -> str:
    """A difference between scores in percentage points."""
    return f"{round(100 * difference) + 0:+d}".replace("-", "−")


def alike(found: Resemblance, language: Language) -> str:
    """How alike both are, in one sentence."""
    if found.likeness is None:
        return NOT_KNOWN.to(language).format(cosine=found.cosine)
    return Text(
        f"{found.likeness.similarity:.2f}, more alike than {found.likeness.percentile:.0%} of random pairs of recordings (raw "
        f"cosine {found.cosine:.2f})",
        f"{found.likeness.similarity:.2f}，高于 {found.likeness.percentile:.0%} 的随机录音对（原始余弦 {found.cosine:.2f}）",
    ).to(language)
