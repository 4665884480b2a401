"""Every sentence of the page, in English and Chinese."""

from pathlib import Path

from ..text import Language, Text
from ..types import Opinion, Prediction, Segment

TITLE = Text("Emotone", "情声")
TAGLINE = Text(
    "Hears which emotion a voice expresses – on this computer, nothing is sent anywhere else.",
    "听出语音所表达的情绪：全部在本机完成，不向外发送任何数据。",
)
LANGUAGE = Text("Language", "语言")

SOURCE = Text("Recording", "录音")
DROP = Text("Drop recordings here, or click to choose", "拖放录音到此处，或点击选择")
FORMATS = Text(
    "WAV, MP3, M4A, FLAC, OGG, WebM, AMR – one file or several", "WAV、MP3、M4A、FLAC、OGG、WebM、AMR，可一次选择多个"
)
RECORD = Text("Record", "开始录音")
STOP = Text("Stop", "停止")
UPLOADING = Text("Uploading…", "正在上传…")
UPLOAD_FAILED = Text(
    "The upload failed. Check the connection and that the file is smaller than 2 GB.",
    "上传失败。请检查网络连接，并确认文件小于 2 GB。",
)
MICROPHONE_DENIED = Text(
    "The browser did not allow the microphone. Allow it in the address bar and try again.",
    "浏览器未允许使用麦克风。请在地址栏中允许后重试。",
)
MICROPHONE_MISSING = Text(
    "There is no microphone here: browsers offer it on https:// or localhost only.",
    "此处无法使用麦克风：浏览器仅在 https:// 或 localhost 下提供麦克风。",
)
EXAMPLE = Text("Load example", "加载示例音频")
EXAMPLES = Text("Examples", "示例")
CHOSEN = Text("Chosen recordings", "已选录音")
DISCARD = Text("Remove", "移除")

GRANULARITY = Text("Result for", "识别粒度")
UTTERANCE = Text("The whole (utterance)", "整段 utterance")
FRAME = Text("Timeline (frame)", "时间线 frame")
TIMELINE_OPTIONS = Text("Timeline settings", "时间线设置")
WINDOW = Text("Window, seconds", "窗长（秒）")
WINDOW_INFO = Text("How much each score listens to", "每个得分所听取的时长")
HOP = Text("Hop, seconds", "步长（秒）")
HOP_INFO = Text("From one score to the next", "相邻得分之间的间隔")
CHOOSE_MODEL = Text("Model", "模型")
BUNDLED = Text("In the package", "随软件安装")
TO_FETCH = Text(
    "Not here yet: {size} to fetch once, of which about {kept} stay on the disk.",
    "尚未获取。下载量：{size}，仅需一次；最终占用磁盘约 {kept}。",
)
ABOUT = Text("about {size}", "约 {size}")
IS_DAMAGED = Text("This model is damaged. Fetch it again: {size}.", "该模型已损坏，请重新获取：{size}。")
LICENCE = Text("Licence", "许可")
FETCH = Text("Fetch", "获取")
FETCH_AGAIN = Text("Try again", "重试")
CANCEL = Text("Cancel", "取消")
CANCELLING = Text("Cancelling…", "正在取消…")
AMOUNT = Text("{done} of {total}", "{done}，共 {total}")
FETCHING = Text("Fetching {name}", "正在获取 {name}")
OFFLINE = Text(
    "This server does not use the network. In a terminal: {command}", "此服务器不使用网络。请在终端中运行：{command}"
)
LABELS = Text("Labels", "标签")
NINE_EMOTIONS = Text("The nine emotions", "九种情绪")
LOAD_HEAD = Text("Load a head.json", "加载 head.json")
ABSTAIN = Text("Say “unknown” when in doubt", "存疑时判为“未知”")
VOICE = Text("Compare with this voice's usual sound", "与该说话人的平常声音比较")
VOICE_IN_USE = Text("This voice's usual sound: {amount}", "该说话人的平常声音：{amount}")
VOICE_HINT = Text(
    "Add a few recordings of the same voice, in any mood; no labels needed. What is said then is how this recording differs "
    "from the usual sound of the voice. Not used where speakers are told apart.",
    "请添加同一说话人的几段录音，情绪不限，无需标注。结果将表示此录音与其平常声音的差异。区分说话人时不使用。",
)
VOICE_DROP = Text("Recordings of this voice, any mood", "该说话人的录音，情绪不限")
VOICE_FORMATS = Text("Four or more are best – or a baseline.npz", "最好四段以上；也可使用 baseline.npz")
VOICE_LISTENING = Text("Listening: {done} of {count}", "正在聆听：{done}/{count}")
VOICE_READY = Text("Heard: {amount}.", "已听取：{amount}。")
VOICE_SAVE = Text("Download baseline.npz", "下载 baseline.npz")
VOICE_CLEAR = Text("Remove all", "全部移除")
AMOUNT_OF_VOICE = Text("{speech} of this voice, {clips}", "该说话人的 {speech}语音（{clips}）")
ONE_CLIP = Text("1 recording", "1 个录音")
SOME_CLIPS = Text("{count} recordings", "{count} 个录音")
COMPARE_WITH = Text("Compare with", "比较对象")
WITH_VOICE = Text("Recordings of this voice", "该说话人的录音")
WITH_ITSELF = Text("This recording itself", "此录音本身")
ITSELF_HINT = Text(
    "For long recordings in which the mood changes: each moment is compared with the whole.",
    "适用于情绪有变化的长录音：每个时刻都与整段比较。",
)
EXPORT_EMBEDDING = Text("Also export the embedding (embedding.npy)", "同时导出嵌入向量（embedding.npy）")
RECOGNIZE = Text("🎯 Recognize", "🎯 开始识别")

EMPTY = Text("The result appears here", "结果将显示在这里")
EMPTY_HINT = Text(
    "Choose a recording, record your voice or load an example. These nine emotions are told apart:",
    "请选择录音、录制语音或加载示例。可区分以下九种情绪：",
)
WAITING = Text("One moment…", "请稍候…")
WORKING = Text("Listening…", "正在聆听…")
PROGRESS = Text("Recording {number} of {count}", "第 {number} 个，共 {count} 个")

RESULT = Text("Result", "识别结果")
CONFIDENCE = Text("confidence", "置信度")
RUNNER_UP = Text("Runner-up", "次选")
SCORES = Text("Scores", "各情绪得分")
NO_TRAINING_DATA = Text(
    "Always 0 with this model: it has not seen recordings marked as unknown.",
    "此模型恒为 0：训练数据中没有标为“未知”的录音。",
)
WITHHELD = Text("No label is given:", "不给出标签：")
HIGHEST = Text("Highest score", "最高得分")
LABEL_SET = Text("{labels}, {share}", "可能为{labels}，{share}")
LABEL_SET_HINT = Text(
    "So often the true label is among these, as measured when the head was calibrated.",
    "校准分类头时测得：真实标签以此比例落在这些标签之中。",
)
OR = Text(" or ", "或")
EMOTION_BESIDE = Text("Emotion", "情绪")
COMPARED = Text("Compared with {amount}", "已与{amount}比较")
COMPARED_WITH_ITSELF = Text(
    "Over time: compared with the usual sound of this recording, {speech} of speech",
    "时间线：已与此录音自身的 {speech}语音比较",
)
ABSOLUTE = Text("Without comparison", "不作比较")
VIEW = Text("View", "视图")
RELATIVE_VIEW = Text("Compared", "比较后")
ABSOLUTE_VIEW = Text("Without comparison", "不作比较")
MARKED = Text("without comparison", "不作比较时的得分")
DOUBTS = Text("Reasons for doubt", "存疑之处")
NO_DOUBTS = Text("The recording gives no reason for doubt.", "录音质量良好，没有存疑之处。")
LISTEN = Text("Listen", "聆听")
OVER_TIME = Text("Over time", "情绪随时间的变化")
PLAY = Text("Play", "播放")
PAUSE = Text("Pause", "暂停")
PLAY_SEGMENT = Text("Play {start} to {end}: {name}, {confidence}", "播放 {start} 至 {end}：{name}，{confidence}")
WAVEFORM = Text("Waveform of the recording, {duration} long", "录音波形，时长 {duration}")
AREA_CHART = Text("Scores over time. Mostly: {names}.", "各情绪得分随时间的变化。主要为：{names}。")
ZOOM = Text("Zoom", "缩放")
ZOOM_IN = Text("Zoom in (Ctrl + wheel, pinch, or +)", "放大（Ctrl + 滚轮、双指张开或 + 键）")
ZOOM_OUT = Text("Zoom out (Ctrl + wheel, pinch, or −)", "缩小（Ctrl + 滚轮、双指捏合或 − 键）")
ZOOM_WHOLE = Text("Show the whole recording (0)", "显示整个录音（0 键）")
POSITION = Text("Position in the recording", "播放位置")
POSITION_KEYS = Text(
    "Arrows move, space plays, + and − zoom, page keys scroll", "方向键移动，空格键播放，+ 和 − 键缩放，翻页键滚动"
)
NO_SPEECH_HERE = Text("no speech", "无语音")
SPEAKER = Text("Speaker {name}", "说话人 {name}")
SEGMENTS = Text("Segments", "片段")
DECIDED_LEGEND = Text("▲ speaks for {name}, ▼ against it", "▲ 支持“{name}”，▼ 反对")
DECIDED_LEGENDS = Text("▲ speaks for the speaker's emotion, ▼ against it", "▲ 支持该说话人的情绪，▼ 反对")
DECIDED_MOST = Text(
    "What decided: most for {name} from {start} to {end}, {points} points.",
    "决定因素：{start} 至 {end} 对“{name}”贡献最大，{points} 个百分点。",
)
POINTS_FOR = Text("{points} points for {name}", "对“{name}”{points} 个百分点")
SUMMARY = Text("In short", "概要")
SUMMARY_HINT = Text("Each sentence is made by a rule; click it to see which.", "每句话均由规则生成；点击可查看规则。")
RULE = Text("Rule: {rule}", "规则：{rule}")
EXPORT = Text("Export as…", "导出为…")
EXPORTED = Text("{name} is saved by the browser.", "浏览器已保存 {name}。")
TALKERS = Text("Speakers", "说话人")
TOGETHER = Text("Not told apart", "不区分")
BY_CHANNEL = Text("Each channel is a speaker (stereo calls)", "每个声道是一位说话人（立体声通话）")
BY_TURNS = Text("As a file of turns says", "依据话轮文件")
TURNS_DROP = Text("Drop turns or a transcript", "拖放话轮或转录文件")
TURNS_FORMATS = Text("RTTM, SRT, VTT or JSON, of the chosen recording", "所选录音的 RTTM、SRT、VTT 或 JSON")
TURNS_READY = Text("{name}: {turns} turns of {speakers} speakers", "{name}：{speakers} 位说话人，{turns} 个话轮")
TURNS_MISSING = Text(
    "There is no file of turns yet. Drop one under Speakers, or do not tell speakers apart.",
    "尚未提供话轮文件。请在“说话人”中拖放文件，或选择不区分说话人。",
)
ORDER = Text("Order", "排序")
BY_TIME = Text("In order", "按时间")
STRONGEST_FIRST = Text("Strongest first", "按强度")
MORE_SEGMENTS = Text("Show more ({count} left)", "显示更多（还有 {count} 个）")
NO_SEGMENTS = Text("No speech was found, so there are no segments.", "未检测到语音，因此没有片段。")
DOWNLOADS = Text("Files", "结果文件")
NOT_SAVED = Text("Not saved on the server; download what you need.", "服务器不保存结果；请下载所需文件。")
SAVED_IN = Text("Saved in {folder}", "已保存至 {folder}")
STEPS = Text("Steps", "处理过程")
TOTAL = Text("Total", "合计")
MODEL = Text("Model {name}, revision {revision}", "模型 {name}，版本 {revision}")
REPLICAS = Text("Answered by replica {names}", "由副本 {names} 应答")
SECONDS = Text("{seconds} s", "{seconds} 秒")

LOAD = Text("Load the model", "加载模型")
LISTEN_TO_VOICE = Text("Listen to the usual voice", "聆听平常声音")
DECODE = Text("Decode", "解码")
ANALYSE = Text("Analyse", "分析")
EMBED = Text("Embed", "提取嵌入向量")
WRITE = Text("Write files", "写入文件")

TABLE = Text("Results of {count} recordings", "{count} 个录音的识别结果")
FILE = Text("File", "文件")
EMOTION = Text("Emotion", "情绪")
DURATION = Text("Duration", "时长")
CONFIDENCE_COLUMN = Text("Confidence", "置信度")
DOUBTS_COLUMN = Text("Doubts", "存疑")
NONE = Text("none", "无")
OPEN = Text("Show the result of {name}", "查看 {name} 的结果")
BACK = Text("All recordings", "全部录音")

PROBLEM = Text("That did not work", "未能完成")
NOTHING_CHOSEN = Text(
    "There is no recording yet. Choose a file, record your voice or load an example.",
    "尚未选择录音。请选择文件、录制语音或加载示例。",
)
FOREIGN_FILE = Text("This recording is no longer here. Choose it again.", "该录音已不存在。请重新选择。")

RECOGNIZE_TAB = Text("Recognize", "识别")
TEACH_TAB = Text("Teach", "教学")
MATERIAL = Text("Recordings to learn from", "学习用录音")
TEACH_DROP = Text("Drop clips, folders or a zip", "拖放录音、文件夹或 zip")
TEACH_FORMATS = Text(
    "A folder for each class, or loose clips to label here; ten of each class and more",
    "每个类别一个文件夹，或在此为散装录音加标签；每类十个以上",
)
CLASSES = Text("Classes", "类别")
UNLABELLED = Text("To be labelled", "待标注")
NEW_CLASS = Text("New class", "新类别")
ADD = Text("Add", "添加")
REMOVE_CLASS = Text(
    "Remove the class {name}; its recordings are then to be labelled", "移除类别“{name}”，其录音将变为待标注"
)
REMOVE_UNLABELLED = Text("Remove the recordings that are to be labelled", "移除所有待标注的录音")
NO_CLASSES = Text("None yet. Two or more are told apart.", "尚无类别。需要两个以上才能区分。")
SHOW_CLASS = Text("Show the recordings of {name}", "显示“{name}”的录音")
SPEAKERS = Text("Speakers", "说话人")
SPEAKERS_INFO = Text(
    "When they are known, the head is judged on voices that it has not heard.",
    "已知说话人时，分类头将在未听过的声音上评判。",
)
SPEAKERS_UNKNOWN = Text("Not known", "未知")
SPEAKERS_BY_FOLDER = Text("Folder within the class", "类别内的子文件夹")
SPEAKERS_BY_NAME = Text("Beginning of the file name", "文件名开头")
SPEAKERS_FOUND = Text("{count} speakers: {names}", "{count} 位说话人：{names}")
HEAD_NAME = Text("Name", "名称")
HEAD_NAME_DEFAULT = Text("My head", "我的分类头")
TEACH = Text("🎓 Teach", "🎓 开始学习")
NO_RECORDING = Text(
    "This is no recording by its ending. Choose recordings or a zip of them.",
    "从扩展名看，这不是录音。请选择录音或录音的 zip 压缩包。",
)
TOO_MANY_CLIPS = Text(
    "There are more than {most} recordings; the others were left out. In a terminal, emotone train takes any number.",
    "录音超过 {most} 个，其余未加入。在终端使用 emotone train 则不限数量。",
)
TOO_MANY_CLASSES = Text(
    "There are more than {most} classes; these were left out: {names}. In a terminal, emotone train takes any number.",
    "类别超过 {most} 个，以下类别未加入：{names}。在终端使用 emotone train 则不限数量。",
)
CLASSES_WITHIN = Text(
    "The folders in “{folder}” were added to the classes of the same names: {names}. If “{folder}” is a class itself, remove "
    "them, and bring the folders of all classes together, or in one zip.",
    "“{folder}”中的文件夹已并入同名类别：{names}。若“{folder}”本身就是类别，请将其移除，并一次拖入所有类别的文件夹，"
    "或放在一个 zip 中。",
)
NOTHING_LABELLED = Text(
    "No recording has a label yet. Bring a folder for each class, or label the recordings with a click.",
    "还没有带标签的录音。请为每个类别提供一个文件夹，或点击为录音标注。",
)
TEACH_EMPTY = Text("Teach your own labels", "教会它你自己的标签")
TEACH_EMPTY_HINT = Text(
    "Any labels in any language: “hesitant”, “about to hang up”, 犹豫 …",
    "任何语言的任何标签：“犹豫”“即将挂断”“hesitant”……",
)
TEACH_STEPS = (
    Text(
        "Bring recordings: a zip or folders with a folder for each class, or clips to label here.",
        "提供录音：每类一个文件夹的 zip 或文件夹，或在此标注的录音。",
    ),
    Text(
        "Press Teach. It takes about as long as listening once, on this computer only.",
        "点击“开始学习”。耗时约等于聆听一遍，全部在本机完成。",
    ),
    Text(
        "See how well it does on recordings that it has not heard, and use it at once.",
        "查看它在未听过的录音上的表现，并立即使用。",
    ),
)
TEACH_PRIVATE = Text(
    "Only you see these recordings and heads. They are removed when you close the page.",
    "只有你能看到这些录音和分类头；关闭页面后即被移除。",
)
CLIPS_OF = Text("{name}: {count}", "{name}：{count} 个")
NOTHING_HERE = Text("No recordings here.", "此处没有录音。")
MORE_CLIPS = Text("and {count} more", "另有 {count} 个")
IT_IS = Text("Label of {name}", "“{name}”的标签")
PLAY_CLIP = Text("Play {name}", "播放 {name}")
REMOVE_CLIP = Text("Remove {name}", "移除 {name}")
TEACHING = Text("Learning", "正在学习")
TEACH_LISTENING_BEGINS = Text("Listening to the recordings", "正在聆听录音")
TEACH_LISTENING = Text("Listened to {done} of {count} recordings", "已聆听 {done}/{count} 个录音")
TEACH_LEARNING = Text("Learning and judging", "正在学习与评判")
TEACH_CANCELLED = Text("Cancelled; nothing was changed.", "已取消，未作任何更改。")
TAUGHT = Text("{name} is ready", "“{name}”已就绪")
USE_HEAD = Text("Use it", "立即使用")
UAR = Text("Classes recognised", "类别识别率")
UAR_MEANS = Text(
    "mean recall of the classes (UAR); {low} – {high} with 95 %", "各类别召回率的均值（UAR）；95% 区间 {low} – {high}"
)
BY_CHANCE = Text("By guessing", "随机猜测")
GAIN = Text("With comparison", "作比较时")
GAIN_MEANS = Text("UAR when each voice is compared with its usual sound", "与各说话人平常声音比较时的 UAR")
HOW_JUDGED = Text("How it was judged", "如何评判")
BY_FILE = Text(
    "Speakers were not told, so the same voice may be on both sides: for voices that it has not heard, expect less.",
    "未提供说话人，同一声音可能同时出现在两侧；对未听过的声音，效果会更低。",
)
EACH_CLASS = Text("Each class", "各类别")
RECALL = Text("{share} of {count} recognised", "{count} 个中识别出 {share}")
CONFUSION = Text("What is taken for what", "混淆情况")
CONFUSION_HINT = Text("Rows: what it is. Columns: what was said, in percent.", "行：真实类别；列：判断结果，单位 %。")
LEFT_OUT = Text("{count} recordings could not be used.", "{count} 个录音无法使用。")
WRONG = Text("Not right? Teach it", "不对？教它")
WRONG_HINT = Text("This recording is:", "这个录音是：")
OWN_LABEL = Text("another label", "其他标签")
CORRECTED = Text("Sent to Teach as “{label}”.", "已作为“{label}”送至“教学”。")

HONEST = Text(
    "Emotone tells what is expressed, not what is felt. A score is a model's opinion, and natural speech is "
    "hard: mind the runner-up and the reasons for doubt. Do not judge people by it.",
    "情声判断的是所表达的情绪，而非内心感受。得分只是模型的看法，自然语音尤其困难："
    "请同时参考次选与存疑之处，切勿据此评判他人。",
)


def speech(seconds: float, language: Language) -> str:
    """An amount of speech: `43 s`, from two minutes on `3 min`."""
    if seconds < 120:
        return (
            Text("{count} s", "{count} 秒")
            .to(language)
            .format(count=f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}")
        )
    return Text("{count} min", "{count} 分钟").to(language).format(count=f"{seconds / 60:.0f}")


def speaker(name: str, language: Language) -> str:
    """What to call a speaker: channels have numbers, people names; empty when nobody is told apart."""
    return SPEAKER.to(language).format(name=name) if name.isdecimal() else name


def points(share: float) -> str:
    """A difference of scores in percentage points, with its sign."""
    return f"{100 * share:+.1f}".replace("-", "−")


def without_path(text: Text, path: Path, name: str) -> Text:
    """A sentence about a file of the shelf, under its true name."""
    return Text(text.en.replace(str(path), name), text.zh.replace(str(path), name))


def duration(seconds: float) -> str:
    """A length or a place in time: `0:03.1` below ten minutes, `12:05` or `1:02:05` above."""
    if seconds < 600:
        minutes, rest = divmod(round(seconds, 1), 60)
        return f"{int(minutes)}:{rest:04.1f}"
    minutes, whole = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{whole:02d}" if hours else f"{minutes}:{whole:02d}"


def percent(score: float) -> str:
    """A score with one decimal; what is not quite nothing is `<0.1%`."""
    if score == 0:
        return "0%"
    return "<0.1%" if score < 0.0005 else f"{score:.1%}"


def percent_of(opinion: Prediction | Opinion | Segment) -> str:
    """Its confidence in whole percent; a dash where no label is given."""
    return "–" if opinion.withheld else f"{opinion.confidence:.0%}"
