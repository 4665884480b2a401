"""What a recording amounts to, as JSON has it."""

from dataclasses import asdict
from typing import Any

from ..findings import findings
from ..summary import summarise
from ..types import Conversation, Timeline


def summary_record(result: Timeline | Conversation) -> dict[str, Any]:
    """The fields of `Summary`, and its sentences with the rules that made them."""
    summary = summarise(result)
    told = [
        {
            "code": finding.code,
            "en": finding.text.en,
            "zh": finding.text.zh,
            "rule": {"en": finding.rule.en, "zh": finding.rule.zh},
        }
        for finding in findings(summary)
    ]
    return {**asdict(summary), "findings": told}
