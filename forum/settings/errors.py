"""The error that stops the start: settings that would make the forum unsafe."""


class UnsafeSettings(Exception):
    """The settings would make the forum unsafe; `problems` names each one, never its value."""

    def __init__(self, problems: list[str]):
        super().__init__("; ".join(problems))
        self.problems = problems
