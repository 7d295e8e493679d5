"""An event that asks for a file, for the tests of files."""

import pytest

from forum import clock
from forum.questions.enums import QuestionKind
from tests.factories.events import NOW, make_event
from tests.factories.questions import FILE_RULES, make_question


@pytest.fixture
def event_asking_for_file(database):
    """Save an event with a question for a file, and freeze the clock."""
    clock.freeze(NOW)
    event = make_event()
    make_question(event, "cv", QuestionKind.FILE, **FILE_RULES)
    yield event
    clock.freeze(None)
