"""Ready-made sets of questions that an organiser can add to an event: diet, interpreters, access needs and others."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from forum.columns import Text
from forum.questions.drafts import QuestionDraft
from forum.questions.enums import Sensitivity

FILE = Path(__file__).parent / "ready_made.toml"


@dataclass(frozen=True)
class ReadySet:
    """A ready-made set of related questions, in order, with its name and when it is useful."""

    key: str
    name: Text
    use: Text
    questions: tuple[QuestionDraft, ...]

    @property
    def is_sensitive(self) -> bool:
        """Whether only the role care reads the answers."""
        return any(question.sensitivity == Sensitivity.CARE for question in self.questions)


@cache
def list_sets() -> tuple[ReadySet, ...]:
    """Return every ready-made set of questions, in the order of the file that describes them."""
    told = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        ReadySet(
            each["key"],
            Text(each["name"]),
            Text(each["use"]),
            tuple(QuestionDraft.read(question) for question in each["questions"]),
        )
        for each in told["sets"]
    )


def find_set(key: str) -> ReadySet | None:
    """Return the set with this key, or None."""
    return next((each for each in list_sets() if each.key == key), None)


def with_free_keys(ready: ReadySet, taken: Iterable[str]) -> list[QuestionDraft]:
    """Return the set's questions as drafts, with keys that the event does not use yet, such as diet-2."""
    used, renamed, drafts = set(taken), {}, []
    for draft in ready.questions:
        numbered = (
            draft.key if number == 1 else f"{draft.key}-{number}" for number in range(1, len(used) + 2)
        )
        key = next(key for key in numbered if key not in used)
        renamed[draft.key] = key
        used.add(key)
        drafts.append(replace(draft, key=key, depends_on=renamed.get(draft.depends_on, "")))
    return drafts
