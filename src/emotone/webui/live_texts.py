"""Every sentence of the Live tab, in English and Chinese."""

from ..text import Text

TAB = Text("Live", "实时")
START = Text("Start listening", "开始聆听")
STOP = Text("Stop", "停止")
SAVE = Text("Save", "保存")
AGAIN = Text("Start again", "重新开始")
ADAPT = Text("Compare with the voice's own usual sound", "与说话者自身的平常声音比较")
ADAPT_HINT = Text(
    "The voice is learned while it speaks: each moment is compared with all that was heard. Best from a minute of speech on.",
    "边听边了解这个声音：每个时刻都与已听到的全部语音比较。语音满一分钟后效果较好。",
)
COMPARED = Text("Compared with {seconds} s of this voice", "已与该说话人的 {seconds} 秒语音比较")
LEVEL = Text("Level of the microphone", "麦克风音量")
ELAPSED = Text("Time elapsed", "已用时间")

EMPTY = Text("Speak, and see the emotion move", "开口说话，情绪随声而动")
EMPTY_HINT = Text(
    "Press “Start listening” and allow the microphone. The sound goes to the computer that Emotone runs on and nowhere else; "
    "nothing is kept unless you save it.",
    "点击“开始聆听”并允许使用麦克风。声音只传到运行情声的电脑，不会传到别处；除非保存，否则不会留下任何内容。",
)
NOW = Text("Now", "此刻")
WHOLE = Text("The whole recording", "整段录音")
BEFORE = Text("Last heard", "最近一次")
HEARING = Text("Listening…", "正在聆听…")
QUIET = Text("Nobody is speaking", "没有人说话")
NOTHING = Text("Nothing was said", "没有听到语音")
UNFINISHED = Text("No result yet", "尚无结果")
CURVE = Text("Scores over time. Mostly: {names}.", "各情绪得分随时间的变化。主要为：{names}。")
SPOKEN = Text("{name}, {confidence}", "{name}，{confidence}")

ASKING = Text("Allow the microphone in the browser's question.", "请在浏览器的询问中允许使用麦克风。")
CONNECTING = Text("Connecting…", "正在连接…")
FINISHING = Text("Putting the result together…", "正在汇总结果…")
SENDING = Text("Handing over the recording…", "正在移交录音…")
UNSAVED = Text("Not saved yet: save it, or start again without it.", "尚未保存：可以保存，或不保存并重新开始。")
SAVING = Text("Saving…", "正在保存…")
OPEN = Text("Open in Recognize", "在“识别”中打开")
SAVED = Text("Saved", "已保存")

DENIED = Text(
    "The browser did not allow the microphone. Allow it beside the address, then start again. If it is allowed there, allow "
    "the browser in the settings of the computer.",
    "浏览器未允许使用麦克风。请在地址栏旁允许后重新开始；若已允许，请在电脑的系统设置中允许浏览器使用麦克风。",
)
NO_DEVICE = Text(
    "No microphone was found. Plug one in, or switch it on in the settings of the computer, then start again.",
    "未找到麦克风。请接入麦克风，或在系统设置中启用后重新开始。",
)
DEVICE_TAKEN = Text(
    "The microphone cannot be opened: another program seems to use it. Close that program, then start again.",
    "无法打开麦克风：可能正被其他程序占用。请关闭该程序后重新开始。",
)
DEVICE_GONE = Text(
    "The microphone was taken away. What was heard until then is below.", "麦克风已断开。断开之前听到的内容见下方。"
)
INSECURE = Text(
    "Browsers give the microphone only to pages on localhost or https. On the computer that Emotone runs on, open "
    "{local}. From another one, make a tunnel and open the same address there: {tunnel} Or put a proxy with https before it.",
    "浏览器只向 localhost 或 https 页面提供麦克风。请在运行情声的电脑上打开 {local}；"
    "若使用其他电脑，请先建立隧道，再打开同一地址：{tunnel} 也可在前面加设 https 代理。",
)
TOO_OLD = Text(
    "This browser cannot stream the microphone. Update it, or use a recent Chrome, Edge, Firefox or Safari.",
    "此浏览器无法实时传送麦克风声音。请更新浏览器，或使用新版 Chrome、Edge、Firefox 或 Safari。",
)
BUSY = Text(
    "The server is listening to as many streams as it can. Wait a moment, then start again.",
    "服务器聆听的实时音频已达上限。请稍候再重新开始。",
)
REFUSED = Text(
    "The server does not know you any more. Load the page again and sign in, then start again.",
    "服务器不再认可此访问。请重新加载页面并登录，然后重新开始。",
)
REJECTED = Text("The server cannot listen like this.", "服务器无法以此方式聆听。")
UNREACHABLE = Text(
    "The server cannot be reached. Check that Emotone is still running, then start again.",
    "无法连接服务器。请确认情声仍在运行，然后重新开始。",
)
NO_SOCKETS = Text(
    "The server answers, but no stream to it can be opened. If there is a proxy in between, let it pass WebSockets.",
    "服务器有响应，但无法建立实时连接。若中间有代理，请允许 WebSocket 通过。",
)
LOST = Text(
    "The connection was lost. What was heard until then is still here and can be saved.",
    "连接已中断。此前听到的内容仍在，可以保存。",
)
SLOW = Text(
    "The connection is too slow for sound. What was heard until then is still here and can be saved.",
    "连接太慢，无法实时传送声音。此前听到的内容仍在，可以保存。",
)
TOO_LONG = Text(
    "This is as long as a stream may be. Save it, then start again.",
    "已达到单次聆听的最长时间。请保存后重新开始。",
)
FAILED = Text(
    "The server had to end the stream. What was heard until then is still here and can be saved.",
    "服务器不得不结束聆听。此前听到的内容仍在，可以保存。",
)
NOT_HANDED_OVER = Text(
    "The recording could not be handed over. It is still here: check the connection, then save again.",
    "录音未能移交，但仍在此处。请检查连接后再次保存。",
)

DOUBTS = {
    "silent": Text("Silent", "无声"),
    "no_speech": Text("No speech", "没有语音"),
    "unfamiliar": Text("Unlike any speech that the model knows", "与模型所知的语音差异很大"),
    "unclear": Text("Nearly undecided", "难以区分"),
    "too_short": Text("Less than a second so far", "目前不足一秒"),
    "clipped": Text("Too loud: the sound is cut off", "音量过大，声音被截断"),
    "quiet": Text("Very quiet: move closer", "音量很低，请靠近麦克风"),
    "noisy": Text("Noise in the background", "背景噪声较大"),
    "narrow_band": Text("Sounds like a telephone", "音质类似电话"),
    "baseline_one_mood": Text("One mood only so far to compare with", "用于比较的语音目前只有一种情绪"),
    "baseline_short": Text("Little speech so far to compare with", "用于比较的语音目前还很少"),
}
"""Reasons to doubt what is said about a moment, by their codes: shorter than in results, which go on to say what to do."""
