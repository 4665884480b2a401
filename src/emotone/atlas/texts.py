"""What the map says, in both languages."""

from ..text import Text

PAGE: dict[str, Text] = {
    "points": Text("{count} recordings", "{count} 个录音"),
    "segments": Text("{count} segments of {files} recordings", "{files} 个录音中的 {count} 个片段"),
    "clusters": Text("{count} clusters", "{count} 个聚类"),
    "agreement": Text("agreement with the labels {value} (AMI)", "与标签一致度 {value}（AMI）"),
    "dropped": Text("{count} rows without an embedding are not shown", "{count} 行没有嵌入向量，未显示"),
    "move": Text("Move", "移动"),
    "lasso": Text("Lasso", "套索"),
    "fit": Text("Show all", "显示全部"),
    "closer": Text("Closer", "放大"),
    "farther": Text("Farther", "缩小"),
    "hint": Text("Shift + drag selects · click plays · scroll zooms", "Shift + 拖动选择 · 点击播放 · 滚动缩放"),
    "map": Text(
        "Map of recordings. Arrow keys move it, plus and minus zoom, L is the lasso, Escape clears the selection.",
        "录音地图。方向键移动，加减号缩放，L 切换套索，Esc 清除选择。",
    ),
    "color": Text("Colour by", "着色依据"),
    "label": Text("emotion heard", "识别的情绪"),
    "emotion": Text("emotion given", "标注的情绪"),
    "cluster": Text("cluster", "聚类"),
    "confidence": Text("confidence", "置信度"),
    "score": Text("score: {name}", "得分：{name}"),
    "others": Text("others ({count})", "其他（{count}）"),
    "none": Text("none", "无"),
    "no_cluster": Text("in no cluster", "不属于任何聚类"),
    "number": Text("cluster {number}", "聚类 {number}"),
    "look": Text("Worth a look", "值得检查"),
    "doubted": Text("Likely mislabelled", "可能标错"),
    "doubted_hint": Text("neighbours have another label", "邻近的录音是另一种标签"),
    "strange": Text("Outliers", "离群录音"),
    "strange_hint": Text("unlike everything else", "与其他录音都不相似"),
    "selected": Text("{count} selected", "已选 {count} 个"),
    "nothing": Text(
        "Nothing is selected. Draw around points with the lasso, or start with a button above.",
        "尚未选择。用套索圈出一些点，或从上方的按钮开始。",
    ),
    "clear": Text("Clear", "清除"),
    "export": Text("Export as a manifest", "导出为清单"),
    "export_times": Text("Export times", "导出时间"),
    "export_hint": Text(
        "A CSV that evaluate and train take. Of segments it has their recordings.",
        "可直接用于 evaluate 与 train 的 CSV。片段以其所属录音列出。",
    ),
    "more": Text("and {count} more", "另有 {count} 个"),
    "play": Text("Play {name}", "播放 {name}"),
    "pause": Text("Pause", "暂停"),
    "unreachable": Text("Not reachable from here:", "此处无法播放："),
    "copy": Text("Copy path", "复制路径"),
    "copied": Text("Copied", "已复制"),
    "theirs": Text("{label} by {share} of its neighbours", "{share} 的邻近录音为“{label}”"),
    "strange_one": Text("outlier", "离群"),
    "theme": Text("Light or dark", "浅色或深色"),
    "language": Text("中文", "English"),
    "find": Text("Find a file", "查找文件"),
}
"""By the names that `map.js` asks for; `{…}` is filled in there."""

TITLE = Text("Map of {name}", "{name} 的地图")
