"""What a recording is expected to express, and whether it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..doubts import withheld
from ..errors import OptionError
from ..heads import Head
from ..labels import Label, emotion_of, label_of
from ..text import Language, Text, printable
from ..types import Prediction

Outcome = Literal["passed", "failed", "doubtful"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a recording is expected to express.

    Attributes:
        label: One of the labels of a head.
        minimum: The lowest score that will do, 0…1. At 0 it is enough that no other label has a higher one.
    """

    label: Label
    minimum: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a recording expresses what it is expected to.

    Attributes:
        expectation: What that is.
        heard: What is said about it; its label is withheld where there is grave doubt.
    """

    expectation: Expectation
    heard: Prediction

    @property
    def score(self) -> float:
        """Of the expected label, 0…1."""
        return self.heard.scores[self.expectation.label]

    @property
    def outcome(self) -> Outcome:
        """`doubtful` when there is grave doubt, whatever the scores: what nobody can judge has not passed."""
        if self.heard.withheld is not None:
            return "doubtful"
        right = self.heard.label == self.expectation.label and self.score >= self.expectation.minimum
        return "passed" if right else "failed"

    @property
    def passed(self) -> bool:
        """Whether it expresses that, without grave doubt."""
        return self.outcome == "passed"

    def text(self, language: Language) -> str:
        """What was wanted and what was heard, in one line."""
        name, minimum = _name(self.expectation.label, language), self.expectation.minimum
        wanted = Text(f"expected {name}", f"应为{name}").to(language)
        if minimum > 0:
            wanted += Text(f", at least {minimum:.0%}", f"，至少 {minimum:.0%}").to(language)
        if self.heard.withheld is not None:
            doubt = self.heard.withheld.text.to(language)
            return Text(
                f"{wanted}; cannot be judged ({name} {self.score:.0%}): {doubt}",
                f"{wanted}；无法判断（{name} {self.score:.0%}）：{doubt}",
            ).to(language)
        heard = _name(self.heard.label, language)
        found = Text(f"heard {heard} {self.heard.confidence:.0%}", f"听到{heard} {self.heard.confidence:.0%}").to(
            language
        )
        if self.heard.label != self.expectation.label:
            found += Text(f", {name} {self.score:.0%}", f"，{name} {self.score:.0%}").to(language)
        return Text(f"{wanted}; {found}", f"{wanted}；{found}").to(language)

    def details(self, language: Language) -> str:
        """All scores, the highest first, and reasons for doubt: several lines."""
        scores = sorted(self.heard.scores.items(), key=lambda item: -item[1])
        lines = [f"{_name(label, language)} {score:.1%}" for label, score in scores if score > 0]
        said = [f"{reason.text.to(language)} {reason.advice.to(language)}" for reason in self.heard.doubts]
        return "\n".join([*lines, *said])


def expectation(word: str, head: Head, minimum: float = 0.0) -> Expectation:
    """What a word says to expect.

    Args:
        word: One of the head's labels, or another word for it, such as anger or 生气 for angry.
        head: What will be asked.
        minimum: As in `Expectation`.

    Raises:
        OptionError: When the head can never say that, or the minimum is not 0…1; the message lists what it can.
    """
    known = [label for label in head.labels if label not in head.masked]
    label = label_of(word, known)
    if label is None:
        names = ", ".join(known)
        word = printable(word)
        raise OptionError(
            f"'{word}' cannot be expected: the head does not know it. Expect one of {names}.",
            f"无法以“{word}”为目标：分类头没有此标签。可选：{names}。",
        )
    if not 0 <= minimum <= 1:
        raise OptionError(
            f"Found a lowest score of {minimum:g}; wanted 0 to 1.", f"最低得分为 {minimum:g}；应在 0 至 1 之间。"
        )
    return Expectation(label, minimum)


def judge(heard: Prediction, expected: Expectation) -> Verdict:
    """Whether a recording expresses what it is expected to.

    Raises:
        OptionError: When it was heard by a head without that label.
    """
    _check(heard.scores, expected.label)
    return Verdict(expected, withheld(heard))


def _check(scores: Mapping[str, float], label: Label) -> None:
    if label not in scores:
        names = ", ".join(scores)
        raise OptionError(
            f"'{label}' was expected, but the head that listened has only {names}.",
            f"目标为“{label}”，但所用的分类头只有 {names}。",
        )


def _name(label: Label, language: Language) -> str:
    return emotion_of(label).name.zh if language == "zh" else label
