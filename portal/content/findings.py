"""The problems of one file, while it is being read."""

from portal.content.problems import Edit, Problem, errors


class Findings:
    """Gathers problems of the file at ``path``."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._problems: list[Problem] = []

    def error(self, line: int, what: str, mend: str, *edits: Edit) -> None:
        self._problems.append(Problem(self.path, line, "error", what, mend, edits))

    def warning(self, line: int, what: str, mend: str, *edits: Edit) -> None:
        self._problems.append(Problem(self.path, line, "warning", what, mend, edits))

    @property
    def refused(self) -> bool:
        """Whether anything found so far keeps the file from being read."""
        return bool(errors(self._problems))

    def in_order(self) -> tuple[Problem, ...]:
        return tuple(sorted(self._problems, key=lambda problem: problem.line))


def shown(text: str, longest: int = 60) -> str:
    """A value as a message quotes it: on one line, and not longer than a person reads."""
    text = " ".join(text.split())
    return f"“{text if len(text) <= longest else text[: longest - 1] + '…'}”"
