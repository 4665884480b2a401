"""What recordings are expected to express, for those who make them: verdicts, rates with intervals, JUnit XML."""

from .expectation import Expectation, Outcome, Verdict, expectation, judge
from .junit import junit
from .lines import Line, lines_of_files, lines_of_table
from .rates import Rate, rate, wilson

__all__ = [
    "Expectation",
    "Line",
    "Outcome",
    "Rate",
    "Verdict",
    "expectation",
    "judge",
    "junit",
    "lines_of_files",
    "lines_of_table",
    "rate",
    "wilson",
]
