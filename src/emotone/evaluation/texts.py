"""Every sentence of the report, in English and Chinese."""

from ..quality import REASONS
from ..text import Language, Text
from .evaluation import Group

TITLE = Text("Evaluation of {manifest}", "{manifest} 评测")
EYEBROW = Text("Emotone · Evaluation", "情声 · 评测")
RECORDINGS = Text("{count} recordings", "{count} 个录音")
SPEAKERS = Text("{count} speakers", "{count} 位说话人")
MODEL = Text("{name}, revision {revision}", "{name}，版本 {revision}")
HEAD = Text("head {name}", "分类头 {name}")

UAR = Text("UAR", "UAR")
UAR_MEANS = Text("mean of all emotions' recall", "各情绪召回率的平均值")
ACCURACY = Text("Accuracy", "准确率")
ACCURACY_MEANS = Text("share of recordings that were recognised", "识别正确的录音所占比例")
MACRO_F1 = Text("Macro-F1", "macro-F1")
MACRO_F1_MEANS = Text("mean of all emotions' F1", "各情绪 F1 的平均值")
ECE = Text("ECE", "ECE")
ECE_MEANS = Text("how far confidence lies from accuracy; 0 is best", "置信度与准确率的差距；0 最好")
INTERVAL = Text("95% interval", "95% 区间")
CHANCE = Text("The mark at {chance} is what guessing gives.", "{chance} 处的标记为随机猜测的结果。")
BY_SPEAKER = Text(
    "Intervals: bootstrap over {count} speakers, each drawn with all recordings.",
    "区间：对 {count} 位说话人做自助抽样，每位说话人的全部录音一同抽取。",
)
BY_CLIP = Text(
    "Intervals: bootstrap over {count} recordings, since no two speakers are named. Recordings of one voice resemble each "
    "other, so they are too narrow.",
    "区间：对 {count} 个录音做自助抽样，因为清单中没有两位以上的说话人。同一人的录音彼此相似，因此区间偏窄。",
)
FEW = Text("Fewer than {wanted} of them say little about other voices.", "数量少于 {wanted}，难以推断其他人的声音。")

COMPARISON = Text("With and without the baseline", "与基线比较前后")
RELATIVE = Text("compared with the baseline", "与基线比较")
ABSOLUTE = Text("without it", "不比较")
BASELINE = Text("Baseline", "基线")
BASELINES = {
    "none": Text("none: every recording by itself", "none：逐个识别，不作比较"),
    "speaker": Text(
        "speaker: each recording is compared with all of its speaker, whatever their labels",
        "speaker：每个录音与其说话人的全部录音比较，不使用标签",
    ),
    "corpus": Text(
        "corpus: each recording is compared with all of its corpus, whatever their labels",
        "corpus：每个录音与其语料库的全部录音比较，不使用标签",
    ),
}
FEW_CLIPS = Text(
    "{choice}: each recording is compared with so many others of its speaker, drawn at random {draws} times, whatever their "
    "labels; numbers are means over the draws",
    "{choice}：每个录音与其说话人的若干其他录音比较，随机抽取 {draws} 次，不使用标签；数字为各次的平均",
)

CONFUSION = Text("What was taken for what", "混淆矩阵")
CONFUSION_HINT = Text(
    "Each row is an emotion in the manifest, each column what the model heard; in percent of the row.",
    "每行为清单中的情绪，每列为模型的判断；单位为该行的百分比。",
)
CELL = Text("{truth} taken for {guess}: {count} of {total}", "{truth}被判为{guess}：{count} / {total}")
EMOTION = Text("Emotion", "情绪")
COUNT = Text("Recordings", "录音数")
RECALL = Text("Recall", "召回率")
PRECISION = Text("Precision", "精确率")
F1 = Text("F1", "F1")
EACH_EMOTION = Text("Each emotion", "各情绪")

CALIBRATION = Text("Can the confidence be believed?", "置信度可信吗？")
TOO_SURE = Text(
    "On average the model was {confidence} confident, and {accuracy} of its answers were right: it is too sure of itself.",
    "模型的平均置信度为 {confidence}，而答案的正确率为 {accuracy}：过于自信。",
)
TOO_SHY = Text(
    "On average the model was {confidence} confident, and {accuracy} of its answers were right: it could be surer.",
    "模型的平均置信度为 {confidence}，而答案的正确率为 {accuracy}：不够自信。",
)
FITTING = Text(
    "On average the model was {confidence} confident, and {accuracy} of its answers were right.",
    "模型的平均置信度为 {confidence}，答案的正确率为 {accuracy}。",
)
ERRORS = Text(
    "Expected calibration error (ECE) {ece}, Brier score {brier}.", "期望校准误差（ECE）{ece}，Brier 分数 {brier}。"
)
RELIABILITY = Text("Accuracy at each confidence", "各置信度下的准确率")
RELIABILITY_HINT = Text(
    "Bars below the dashed line: too sure. Darker bars hold more recordings.",
    "柱低于虚线表示过于自信。颜色越深，录音越多。",
)
BIN = Text(
    "Confidence {low} – {high}: {accuracy} of {count} recordings right",
    "置信度 {low} – {high}：{count} 个录音中 {accuracy} 正确",
)
CONFIDENCE_AXIS = Text("confidence", "置信度")
ACCURACY_AXIS = Text("accuracy", "准确率")
COVERAGE = Text("When doubtful ones get no answer", "不确定时不作答")
COVERAGE_HINT = Text(
    "Answers from the surest to all: with half of the recordings answered, {accuracy} are right.",
    "从最确定的答案到全部作答：只回答一半录音时，正确率为 {accuracy}。",
)
POINT = Text(
    "Confidence from {threshold}: {coverage} answered, {accuracy} right",
    "置信度不低于 {threshold}：作答 {coverage}，正确 {accuracy}",
)
COVERAGE_AXIS = Text("share of recordings answered", "作答的录音所占比例")

GROUPS = Text("For whom and when", "不同人群与条件")
GROUPS_HINT = Text(
    "UAR over the emotions that a group has, with its 95% interval; groups that lack some cannot be compared.",
    "UAR 按该组实际包含的情绪计算，并附 95% 区间；所含情绪不同的组之间不可比较。",
)
FIELDS = {
    "corpus": Text("Corpus", "语料库"),
    "language": Text("Language", "语言"),
    "sex": Text("Sex", "性别"),
    "duration": Text("Duration", "时长"),
    "quality": Text("Reasons for doubt", "存疑之处"),
    "speaker": Text("Speaker", "说话人"),
}
EMOTIONS = Text("Emotions", "情绪数")
FOLDED = Text("{name}: all {count}, UAR {interval}", "{name}：全部 {count} 项，UAR {interval}")

TWINS = Text("The same recordings under other conditions", "同一录音在其他条件下")
TWINS_HINT = Text(
    "Each recording was changed and heard again. Flips: those that got another label than before.",
    "将每个录音改变后重新识别。翻转：结果与原先不同的录音。",
)
TWIN = Text("Condition", "条件")
CHANGE = Text("Change", "变化")
FLIPS = Text("Flips", "翻转")
AS_IS = Text("as they are", "原录音")

PROTOCOL = Text("What was scored", "评分规则")
OFFERED = Text("The model chose from", "模型可选的标签")
MASKED = Text("Not offered", "未提供的标签")
WORDS = Text("Other words in the manifest", "清单中的其他写法")
LEFT_OUT = Text("Not scored", "未评分")
LEFT_OUT_WORD = Text("{word} ({count}): the head has no such label", "{word}（{count} 个）：分类头没有此标签")
NOT_HELD_OUT = Text(
    "{word} ({count}): cannot be held out and still be known", "{word}（{count} 个）：无法在留出的同时仍被学到"
)
REMARKS = Text("How", "方法")
FAILED = Text("Could not be analysed", "无法分析")
MORE = Text("and {count} more", "另有 {count} 个")
PRESENT = Text("present: only the emotions that the manifest has", "present：仅限清单中出现的情绪")
ALL_LABELS = Text("all: every label of the head", "all：分类头的全部标签")
LABELS = Text("Labels", "标签")
HEARD_BEFORE = Text("Training", "训练")
HEARD_BEFORE_MEANS = Text(
    "This report cannot see what the model was trained on. If it heard these speakers before, the numbers are too good.",
    "本报告无法得知模型的训练数据。如果模型曾听过这些说话人，结果会偏高。",
)
REPEAT = Text("To repeat it", "复现信息")
DATA = Text("Recordings and labels", "录音与标签")
WHEN = Text("Made", "生成时间")
BY = Text("{when} with Emotone {version}", "{when}，情声 {version}")
OWN_HEAD = Text("the model's own", "模型自带")
HEAD_TITLE = Text("Head", "分类头")
MODEL_TITLE = Text("Model", "模型")

HONEST = Text(
    "These are numbers about what is expressed, not what is felt, and about these recordings: others give others. Do not judge "
    "people by it.",
    "以上数字衡量的是所表达的情绪，而非内心感受，且只针对这些录音：换一批录音，结果会不同。切勿据此评判他人。",
)


def baseline(choice: str, draws: int, language: Language) -> str:
    """What recordings were compared with."""
    known = BASELINES.get(choice)
    return known.to(language) if known else FEW_CLIPS.to(language).format(choice=choice, draws=draws)


def percent(share: float) -> str:
    """A share as percent with one digit."""
    return f"{share:.1%}"


def interval(low: float, high: float) -> str:
    """Two shares as percent."""
    return f"{percent(low)} – {percent(high)}"


def points(change: float) -> str:
    """A difference of two shares in percentage points."""
    return f"{100 * change:+.1f}".replace("-", "−")


def duration(seconds: float, language: Language) -> str:
    """A length in hours, minutes or seconds."""
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} h" if language == "en" else f"{seconds / 3600:.1f} 小时"
    if seconds >= 60:
        return f"{seconds / 60:.0f} min" if language == "en" else f"{seconds / 60:.0f} 分钟"
    return f"{seconds:.0f} s" if language == "en" else f"{seconds:.0f} 秒"


def group_name(group: Group, language: Language) -> str:
    """What to call a group: a reason for doubt in words, anything else as it is."""
    known = REASONS.get(group.name) if group.field == "quality" else None
    return known.text.to(language) if known else group.name
