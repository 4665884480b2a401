"""Every sentence of the page, in English and Chinese."""

from pathlib import Path

from ..text import Language, Text

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
FETCH_WAITS = Text("Waiting for another model", "正在等待另一个模型")
FETCHING = Text("Fetching {name}", "正在获取 {name}")
OFFLINE = Text(
    "This server does not use the network. In a terminal: {command}", "此服务器不使用网络。请在终端中运行：{command}"
)
MODEL_NOT_READY = Text(
    "The model {name} is not here yet. Fetch it, or choose another model.",
    "模型 {name} 尚未获取。请先获取，或选择其他模型。",
)
UNKNOWN_MODEL = Text("There is no such model. Choose another.", "没有该模型。请选择其他模型。")
VOICE = Text("Compare with this voice's usual sound", "与该说话人的平常声音比较")
VOICE_IN_USE = Text("Comparing with {amount}", "与{amount}比较")
VOICE_HINT = Text(
    "Add a few recordings of the same voice, in any mood; no labels needed. What is said then is how this recording differs "
    "from the usual sound of the voice.",
    "请添加同一说话人的几段录音，情绪不限，无需标注。结果将表示此录音与其平常声音的差异。",
)
VOICE_DROP = Text("Recordings of this voice, any mood", "该说话人的录音，情绪不限")
VOICE_FORMATS = Text("Four or more are best – or a baseline.npz", "最好四段以上；也可使用 baseline.npz")
VOICE_LISTENING = Text("Listening: {done} of {count}", "正在聆听：{done}/{count}")
VOICE_READY = Text("Results are compared with {amount}.", "结果将与{amount}比较。")
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
BASELINE_TOO_LARGE = Text(
    "This baseline is far larger than any voice needs. Make it again from fewer recordings.",
    "该基线文件过大，远超所需。请用较少的录音重新生成。",
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
SEGMENTS = Text("Segments", "片段")
NO_SEGMENTS = Text("No speech was found, so there are no segments.", "未检测到语音，因此没有片段。")
DOWNLOADS = Text("Files", "结果文件")
SAVED_IN = Text("Saved in {folder}", "已保存至 {folder}")
STEPS = Text("Steps", "处理过程")
TOTAL = Text("Total", "合计")
MODEL = Text("Model {name}, revision {revision}", "模型 {name}，版本 {revision}")
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
INTERNAL = Text(
    "Internal error: this should not happen. The server's log says more; please report it.",
    "内部错误：这不应发生。详情见服务器日志，请向我们反馈。",
)

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
