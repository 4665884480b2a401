"""Every sentence of the Archive tab, in English and Chinese."""

from ..text import Text

TAB = Text("Archive", "录音库")

SHOWN: dict[str, Text] = {
    "choose": Text("Choose a recording", "选择录音"),
    "choose_hint": Text(
        "Find moments of the archive that sound like it, or like a stretch of it.",
        "在录音库中查找听起来与它（或其中一段）相似的时刻。",
    ),
    "another": Text("Another recording", "换一个录音"),
    "stretch": Text("Drag over the wave to choose a stretch.", "在波形上拖动以选择一段。"),
    "no_wave": Text(
        "This browser cannot draw this recording. It can be searched all the same: type a stretch in seconds.",
        "此浏览器无法绘制该录音的波形，但仍可查询：请直接输入起止秒数。",
    ),
    "start": Text("from (s)", "开始（秒）"),
    "end": Text("to (s)", "结束（秒）"),
    "emotion": Text("Emotion", "情绪"),
    "any": Text("any", "不限"),
    "sure": Text("At least this sure", "置信度不低于"),
    "where": Text("Further conditions", "其他条件"),
    "where_hint": Text("such as speaker!=Anna, date>=2025-01-01", "例如 speaker!=Anna，date>=2025-01-01"),
    "columns": Text("Columns: {names}", "可用的列：{names}"),
    "search": Text("Search", "查找"),
    "searching": Text("Searching…", "正在查找…"),
    "rows": Text("{count} moments, heard by {model}", "共 {count} 个时刻，由 {model} 识别"),
    "found": Text("{count} found", "找到 {count} 个"),
    "nothing": Text("Nothing was found. Ask for less.", "没有找到。请放宽条件。"),
    "closer": Text("closer than {share} of pairs", "比 {share} 的录音对更相似"),
    "alike": Text("similarity {value}", "相似度 {value}"),
    "more": Text("More like this", "更多相似"),
    "like": Text("Like {name}", "与 {name} 相似"),
    "play": Text("Play {name}", "播放 {name}"),
    "silent": Text("This recording cannot be played: it is gone or has changed.", "无法播放：录音已不在或已改变。"),
    "lost": Text("The server cannot be reached. Try again.", "无法连接服务器，请重试。"),
    "map": Text("Show the map", "显示地图"),
    "map_hint": Text(
        "Every moment as a point: look around, find wrong labels, choose.",
        "每个时刻是一个点：浏览、查找错误标签、挑选。",
    ),
    "drawing": Text(
        "Drawing the map. For a large archive this takes minutes; it is kept afterwards.",
        "正在绘制地图。录音库较大时需要几分钟，之后会保留。",
    ),
    "open": Text("Open in a window of its own", "在新窗口中打开"),
}
"""By the names that `archive.js` asks for; `{…}` is filled in there."""
