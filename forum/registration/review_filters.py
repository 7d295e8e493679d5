"""Template filters and tests about reviews, for public pages, the console and mails."""

from flask.blueprints import BlueprintSetupState

from forum.registration import review_words, reviewing


def install(state: BlueprintSetupState) -> None:
    """Give templates the filters and the test of this module."""
    state.app.jinja_env.filters.update(
        review_promise=review_words.promise,
        review_promise_each=review_words.promise_each,
        reviewed_sectors=review_words.reviewed_sectors,
        refusal_text=review_words.told,
        paragraphs=review_words.paragraphs,
    )
    state.app.jinja_env.tests.update(reviewed_again=reviewing.is_reviewed_again)
