"""Is a model what it should be? Its hashes, its labels, and what it says about its own example clip."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from ..examples import examples
from ..labels import LABELS
from ..models import (
    DEFAULT_MODEL,
    HUB_TITLES,
    KnownModel,
    PulledModel,
    Record,
    file_sha256,
    find_model,
    known_model,
    pulled_model,
)
from ..recognizer import load_model
from ..text import Text
from .fetch import short

EXAMPLE, TOKENS = "example/test.wav", "tokens.txt"
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        text: What was found.
        good: Whether it is as it should be.
    """

    text: Text
    good: bool


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found.

    Attributes:
        findings: In the order in which they were looked at.
        truth: What the model says about its example clip, as one line of JSON in the form that FunASR prints.
    """

    findings: tuple[Finding, ...]
    truth: str

    @property
    def good(self) -> bool:
        """Whether everything is as it should be."""
        return all(finding.good for finding in self.findings)


def verify(name: str = DEFAULT_MODEL) -> Verification:
    """Looks at a model, by its name or the path of an ONNX file.

    Hashes are compared with those of the model's record, and with those that are known for the official files. The labels
    must be the nine, the scores of the example clip finite and of sum 1. The clip is the hub's own, else one of the package.

    Raises:
        ModelError: When there is no such model, or it cannot be loaded.
    """
    path = find_model(name)
    known = known_model(name)
    pulled = pulled_model(known.name) if known else None
    findings = _hashes(known, pulled) if known and pulled else ()
    recognizer = load_model(path)
    found = recognizer.info.labels
    labels = Finding(
        Text(f"{len(found)} labels: {', '.join(found)}", f"{len(found)} 个标签：{'、'.join(found)}"), found == LABELS
    )
    clip = _example(pulled)
    scores = recognizer.predict(clip).scores
    total = math.fsum(scores.values())
    sums = Finding(
        Text(f"Scores of {clip.name} sum to {total:.6f}", f"{clip.name} 的得分之和为 {total:.6f}"),
        all(map(math.isfinite, scores.values())) and abs(total - 1) <= _SUM_TOLERANCE,
    )
    names = _names(pulled, found)
    truth = [{"key": clip.stem, "labels": names, "scores": [round(score, 6) for score in scores.values()]}]
    return Verification((*findings, labels, sums), json.dumps(truth, ensure_ascii=False))


def _hashes(known: KnownModel, pulled: PulledModel) -> tuple[Finding, ...]:
    record = pulled.record
    here = {path: sha256 for path, sha256 in record.files.items() if (pulled.folder / path).is_file()}
    findings = [_provenance(record), _hash(pulled.path, record.sha256)]
    findings += [_hash(pulled.folder / path, sha256) for path, sha256 in here.items()]
    for file in known.files:
        if file.sha256 and file.path in record.files:
            findings.append(_official(file.path, file.sha256, record.files[file.path]))
    return tuple(findings)


def _provenance(record: Record) -> Finding:
    title = next((title for hub, title in HUB_TITLES.items() if hub == record.hub), None)
    place = f"{title}: {record.repo}@{record.revision}" if title else record.repo
    when, how = record.time[:10], record.precision
    return Finding(Text(f"Made on {when} as {how} from {place}", f"于 {when} 以 {how} 生成，来源：{place}"), True)


def _hash(path: Path, wanted: str) -> Finding:
    found = file_sha256(path)
    if found == wanted:
        sha256 = short(found)
        return Finding(Text(f"{path.name}: {sha256}, as recorded", f"{path.name}：{sha256}，与记录一致"), True)
    return Finding(
        Text(
            f"{path.name} has changed: sha256 {found}, recorded {wanted}",
            f"{path.name} 已被改动：sha256 为 {found}，记录为 {wanted}",
        ),
        False,
    )


def _official(path: str, official: str, recorded: str) -> Finding:
    if recorded == official:
        return Finding(Text(f"Made from the official {path}", f"由官方文件 {path} 生成"), True)
    return Finding(
        Text(
            f"Not made from the official {path}: sha256 {recorded}, official {official}",
            f"并非由官方文件 {path} 生成：sha256 为 {recorded}，官方为 {official}",
        ),
        False,
    )


def _example(pulled: PulledModel | None) -> Path:
    own = pulled.folder / EXAMPLE if pulled else None
    return own if own and own.is_file() else examples()[0].path


def _names(pulled: PulledModel | None, labels: tuple[str, ...]) -> list[str]:
    """The labels as the hub writes them, such as `生气/angry`; our own when they are not known."""
    tokens = pulled.folder / TOKENS if pulled else None
    lines = tokens.read_text(encoding="utf-8").split() if tokens and tokens.is_file() else []
    names = [line for line in lines if not line.startswith("unuse")]
    return names if len(names) == len(labels) else list(labels)
