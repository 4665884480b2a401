"""Verdicts as JUnit XML, the form of test results that continuous integration reads: Jenkins, GitLab, GitHub, Azure."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from xml.etree import ElementTree as Xml

from ..text import Language, printable
from ..types import Failure
from .expectation import Verdict
from .lines import Line

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0, however it is written


def junit(
    judged: Sequence[tuple[Line, Verdict | Failure]],
    language: Language,
    when: datetime,
    *,
    properties: dict[str, str] | None = None,
) -> str:
    """The content of the file: a suite for each folder, a case for each recording.

    A recording that expresses something else is a failure of type `failed`, one that cannot be judged a failure of type
    `doubtful`, one that cannot be heard an error.

    Args:
        judged: Every recording with its verdict, or what was wrong with it.
        language: Of the messages.
        when: It was judged.
        properties: Of every suite, such as the model.
    """
    root = Xml.Element("testsuites", {"name": "emotone", **_counts([found for _, found in judged])})
    for folder, members in groupby(sorted(judged, key=lambda item: item[0].folder), key=lambda item: item[0].folder):
        cases = list(members)
        counts = _counts([found for _, found in cases])
        stamp = {"skipped": "0", "timestamp": when.isoformat(timespec="seconds")}
        suite = Xml.SubElement(root, "testsuite", {"name": _clean(folder), **counts, **stamp})
        if properties:
            known = Xml.SubElement(suite, "properties")
            for name, value in properties.items():
                Xml.SubElement(known, "property", {"name": name, "value": _clean(value)})
        for line, found in cases:
            _add_case(suite, line, found, language)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _counts(found: Sequence[Verdict | Failure]) -> dict[str, str]:
    errors = sum(isinstance(one, Failure) for one in found)
    failures = sum(isinstance(one, Verdict) and not one.passed for one in found)
    return {"tests": str(len(found)), "failures": str(failures), "errors": str(errors)}


def _add_case(suite: Xml.Element, line: Line, found: Verdict | Failure, language: Language) -> None:
    classname = f"emotone.{line.expectation.label}"
    case = Xml.SubElement(suite, "testcase", {"name": _clean(printable(line.file)), "classname": _clean(classname)})
    if isinstance(found, Failure):
        message = _clean(found.error.text.to(language))
        Xml.SubElement(case, "error", {"message": message, "type": type(found.error).__name__}).text = message
    elif found.passed:
        Xml.SubElement(case, "system-out").text = _clean(f"{found.text(language)}\n{found.details(language)}")
    else:
        kind = {"message": _clean(found.text(language)), "type": found.outcome}
        Xml.SubElement(case, "failure", kind).text = _clean(found.details(language))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
