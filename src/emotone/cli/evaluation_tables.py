"""An evaluation as tables in the terminal."""

from itertools import groupby

from rich.markup import escape

from ..evaluation import FEW_UNITS, Evaluation, Group, Report, Robustness, baseline_text, group_name, points
from ..labels import emotion_of
from .console import LANGUAGE, OUT, colored, new_table, say

MOST_ROWS = 12  # of one kind; from more, the best and the worst are shown
ENDS = 3
COVERAGES = (0.25, 0.5, 0.75, 1.0)


def print_report(report: Report) -> None:
    """Everything that `report.html` says, in fewer words."""
    result = report.evaluation
    _print_summary(report)
    _print_labels(result)
    _print_confusion(result)
    _print_coverage(result)
    for _, groups in groupby(result.groups, key=lambda group: group.field):
        _print_groups(list(groups))
    if report.robustness is not None:
        _print_twins(report.robustness)
    _print_protocol(report)


def _print_summary(report: Report) -> None:
    result = report.evaluation
    facts = say(f": {result.clips:,} recordings", f"：{result.clips:,} 个录音")
    if result.units.speakers > 1:
        facts += say(f", {result.units.speakers:,} speakers", f"，{result.units.speakers:,} 位说话人")
    OUT.print(f"[bold]{escape(report.manifest)}[/]{facts}")
    titles = [say("value", "数值"), say("95% interval", "95% 区间")]
    views = [result]
    if result.absolute is not None:
        views.append(result.absolute)
        titles += [say("without baseline", "不比较时"), titles[1]]
    table = new_table("", *titles)
    for name, measures in (
        ("UAR", [view.uar for view in views]),
        (say("accuracy", "准确率"), [view.accuracy for view in views]),
        ("macro-F1", [view.macro_f1 for view in views]),
    ):
        cells = [(f"{measure.value:.1%}", _interval(measure.low, measure.high)) for measure in measures]
        table.add_row(name, *(cell for pair in cells for cell in pair))
    table.add_row("ECE", *(cell for view in views for cell in (f"{view.calibration.ece:.1%}", "")))
    table.add_row("Brier", *(cell for view in views for cell in (f"{view.calibration.brier:.3f}", "")))
    OUT.print(table)


def _print_labels(result: Evaluation) -> None:
    table = new_table(
        say("emotion", "情绪"), say("recordings", "录音数"), say("recall", "召回率"), say("precision", "精确率"), "F1"
    )
    for label in result.labels:
        precision = "–" if label.precision is None else f"{label.precision:.1%}"
        table.add_row(colored(label.label), f"{label.clips:,}", f"{label.recall:.1%}", precision, f"{label.f1:.1%}")
    OUT.print()
    OUT.print(table)


def _print_confusion(result: Evaluation) -> None:
    offered = result.protocol.offered
    names = [emotion_of(label).name.to(LANGUAGE) for label in offered]
    table = new_table(say("% taken for →", "判为 →（%）"), *map(escape, names))
    for label, counts in zip(offered, result.confusion, strict=True):
        total = sum(counts)
        if total:
            table.add_row(colored(label), *(f"{100 * count / total:.0f}" if count else "·" for count in counts))
    OUT.print()
    OUT.print(table)


def _print_coverage(result: Evaluation) -> None:
    table = new_table(say("answered", "作答比例"), say("from confidence", "置信度不低于"), say("accuracy", "准确率"))
    for wanted in COVERAGES:
        point = min(result.coverage, key=lambda point: abs(point.coverage - wanted))
        table.add_row(f"{point.coverage:.0%}", f"{point.threshold:.0%}", f"{point.accuracy:.1%}")
    OUT.print()
    OUT.print(table)


def _print_groups(groups: list[Group]) -> None:
    shown: list[Group | None] = list(groups)
    if len(groups) > MOST_ROWS:
        ordered = sorted(groups, key=lambda group: -group.uar)
        shown = [*ordered[:ENDS], None, *ordered[-ENDS:]]
    names = {
        "corpus": say("corpus", "语料库"),
        "language": say("language", "语言"),
        "sex": say("sex", "性别"),
        "duration": say("duration", "时长"),
        "quality": say("reason for doubt", "存疑之处"),
        "speaker": say("speaker", "说话人"),
    }
    table = new_table(
        names[groups[0].field],
        say("recordings", "录音数"),
        say("emotions", "情绪数"),
        "UAR",
        say("95% interval", "95% 区间"),
        say("accuracy", "准确率"),
    )
    for group in shown:
        if group is None:
            table.add_row("…")
        else:
            table.add_row(
                escape(group_name(group, LANGUAGE)),
                f"{group.clips:,}",
                str(group.labels),
                f"{group.uar:.1%}",
                _interval(*group.interval) if group.interval else "–",
                f"{group.accuracy:.1%}",
            )
    OUT.print()
    OUT.print(table)


def _print_twins(robustness: Robustness) -> None:
    table = new_table(say("twin", "变体"), "UAR", say("change", "变化"), say("flips", "翻转"))
    for twin in robustness.results:
        change = points(twin.uar - twin.before)
        table.add_row(escape(twin.name.to(LANGUAGE)), f"{twin.uar:.1%}", change, f"{twin.flips:.1%}")
    OUT.print()
    OUT.print(table)
    for reason in robustness.absent:
        OUT.print(reason.to(LANGUAGE))


def _print_protocol(report: Report) -> None:
    result = report.evaluation
    protocol, model, units = result.protocol, result.model, result.units
    lines = [(say("labels", "标签"), f"{protocol.choice}: {', '.join(protocol.offered)}")]
    if result.absolute is not None:
        lines.append((say("baseline", "基线"), baseline_text(protocol.baseline, result.judged.draws, LANGUAGE)))
    if protocol.masked:
        lines.append((say("not offered", "未提供"), ", ".join(protocol.masked)))
    renamed = [f"{word} → {label}" for word, label in protocol.words.items() if word.casefold() != label.casefold()]
    if renamed:
        lines.append((say("read as", "对应标签"), ", ".join(renamed)))
    if protocol.left_out:
        left_out = ", ".join(f"{word} ({count})" for word, count in protocol.left_out.items())
        lines.append((say("not scored", "未评分"), left_out))
    drawn = say("speakers", "位说话人") if units.kind == "speaker" else say("recordings", "个录音")
    few = say(f"; fewer than {FEW_UNITS} say little", f"；少于 {FEW_UNITS} 时参考价值有限") if units.few else ""
    lines.append((say("intervals from", "区间来自"), f"{units.count:,} {drawn}{few}"))
    lines.append((say("model", "模型"), f"{model.name} {model.revision}, sha256 {model.sha256}"))
    lines.append((say("head", "分类头"), f"{report.head or say('own', '自带')}, sha256 {result.head_sha256}"))
    lines.append((say("data", "数据"), f"sha256 {result.data_sha256}"))
    table = new_table("", "")
    table.show_header = False
    table.columns[1].no_wrap = False
    for name, value in lines:
        table.add_row(name, escape(value))
    OUT.print()
    OUT.print(table)


def _interval(low: float, high: float) -> str:
    return f"{low:.1%} – {high:.1%}"
