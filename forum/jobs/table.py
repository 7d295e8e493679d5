"""The periodic jobs of the worker. Each job only flushes, and the worker commits. Running a job twice does no harm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from forum.accounts import actions as accounts
from forum.audit import checking, heads
from forum.bulk import working
from forum.delegations import asking, contact_news, unanswered
from forum.followers import ending as followers_ending
from forum.followers import sending as news_mails
from forum.followers import weekly as weekly_news
from forum.health import keys, steady_clock
from forum.imports import actions as undoing
from forum.imports import kept_tables, table_work
from forum.invitations import actions as invitations
from forum.invitations import reminding
from forum.invitations import sending as invitation_mails
from forum.mailings import reminders, sending
from forum.mailings import whereabouts as messages
from forum.news import actions as news
from forum.news import reindexing
from forum.outbox import pacing
from forum.privacy import erasing, erasing_again, lapsed, restricting, whereabouts
from forum.registration import (
    choosing,
    expiry,
    forgetting,
    kept_answers,
    kept_exports,
    locating_answers,
    owners,
    refilling,
    saved_views,
    separating,
    sorting,
    state_counts,
    text_index,
    tombstones,
)
from forum.registration.models import CareAnswer, ProtectedIdentity
from forum.tasks import actions as tasks
from forum.web import limits


@dataclass(frozen=True)
class Job:
    """A function to run every `seconds`; `run(now=…)` returns how many rows or mails it handled.

    If `each` is given, `each(now=…)` returns ids, and `run(id, now=…)` is called for every id in its own transaction.
    A job that `is_final` deletes old rows for good, so it runs only while the worker's clock goes steadily (R18). A job
    that `rests_after_jump` ends something, writes to people or publishes at a moment that was told or planned: it rests
    after a jump of the clock (`jobs/clock_jumps`), for nobody can take back what it has done too early.
    """

    name: str
    seconds: float
    run: Callable[..., int]
    each: Callable[..., Sequence[int | str]] | None = None
    is_final: bool = False
    rests_after_jump: bool = False


def announce_posts(*, now: datetime) -> int:
    """Publish the news posts whose planned time has come; return how many."""
    return news.announce_due(now)


def forget_counters(*, now: datetime) -> int:
    """Delete the counters of rate limits whose time is over; return how many."""
    return limits.forget_ended()


def seal_answers_anew(*, now: datetime) -> int:
    """Re-encrypt everybody's answers about protected identity, diet and access (P21).

    Otherwise a comparison of two backups would show whose answers had changed. Commits in batches.
    """
    of_everybody = {ProtectedIdentity.__table__, CareAnswer.__table__}
    done, _closed = keys.reseal(column for column in keys.sealed_columns() if column.table in of_everybody)
    return done


JOBS = (
    # Watch the clock before the jobs that delete something on its day: they run only if the watch has noted no jump.
    Job("watch the clock", 60, steady_clock.watch),
    Job("announce posts", 10, announce_posts, rests_after_jump=True),
    Job("begin mailing posts", 10, news_mails.begin, each=news_mails.list_due, rests_after_jump=True),
    Job("queue mails about posts", 1, news_mails.queue_one, each=news_mails.list_next),
    Job(
        "take back late weekly news",
        5,
        weekly_news.take_back_late,
        each=weekly_news.list_late_mails,
        rests_after_jump=True,
    ),
    Job("queue weekly news", 5, weekly_news.queue_one, each=weekly_news.list_next, rests_after_jump=True),
    Job("settle failed mails of news", 60, followers_ending.settle_failed),
    Job("begin mailings", 1, sending.queue_one, each=sending.list_first, rests_after_jump=True),
    Job("queue mailings", 1, sending.queue_one, each=sending.list_next),
    Job("send reminders", 30, reminders.run, each=reminders.list_due, rests_after_jump=True),
    Job(
        "leave people out of late reminders",
        10,
        sending.leave_out_late,
        each=sending.list_late_reminders,
        rests_after_jump=True,
    ),
    Job("queue invitations", 1, invitation_mails.queue_one, each=invitation_mails.list_next),
    Job(
        "queue reminders of invitations",
        10,
        reminding.queue_one,
        each=reminding.list_next,
        rests_after_jump=True,
    ),
    Job("end mailings of past events", 5, sending.end_past, each=sending.list_started, rests_after_jump=True),
    Job("settle mailings", 5, sending.settle, each=sending.list_started),
    Job("work off tasks", 1, working.work_one, each=working.list_next),
    Job("end tasks", 2, working.finish, each=working.list_running),
    Job("work off imports", 1, table_work.work, each=table_work.list_next),
    Job("undo imports", 1, undoing.undo_some, each=undoing.list_undoing),
    Job("make exports", 1, kept_exports.make_some, each=kept_exports.list_next),
    Job("expire registrations", 30, expiry.expire_in, each=expiry.list_due, rests_after_jump=True),
    Job("expire invitations", 30, invitations.expire, each=invitations.list_due, rests_after_jump=True),
    Job("lift restrictions", 60, restricting.lift, each=restricting.list_ending, rests_after_jump=True),
    Job("tell contacts", 60, contact_news.tell, each=contact_news.list_due),
    Job("sort people anew", 2, sorting.sort_some, each=sorting.list_unsorted),
    Job("refill search texts", 60, refilling.refill, each=refilling.list_outdated),
    Job("key digests of addresses", 600, owners.key_old),
    Job("index people", 10, text_index.add, each=text_index.list_due),
    Job("add up counts", 60, state_counts.add_up),
    Job("index posts", 60, reindexing.refill, each=reindexing.list_outdated),
    Job("index pages", 60, reindexing.refill_pages),
    Job("forget invitations", 3600, invitations.forget_unanswered, is_final=True),
    Job("forget unconfirmed", 3600, forgetting.forget_unconfirmed, is_final=True),
    Job("forget lapsed offers", 3600, lapsed.forget, each=lapsed.list_due, is_final=True),
    Job("forget followers", 3600, followers_ending.forget, each=followers_ending.list_ending),
    Job("forget old mails of news", 3600, followers_ending.forget_old_mails, is_final=True),
    Job("forget unsent files", 3600, forgetting.forget_unsent_files),
    Job("forget where people were", 600, whereabouts.forget, each=locating_answers.list_due),
    Job("forget links of old messages", 24 * 3600, messages.forget_links, is_final=True),
    # In a restored backup, erasing a person again may undo merges. So this job comes before the job that deletes the
    # rows by which merges are undone.
    Job("erase again", 60, erasing_again.repeat, each=erasing_again.list_due),
    Job("forget what undoing merges needs", 3600, separating.forget_old, is_final=True),
    Job("remember erasures", 5, tombstones.note),
    Job("forget old erasures", 3600, tombstones.forget_old, is_final=True),
    Job("forget long tables", 600, kept_tables.forget_old),
    Job("forget exports", 600, kept_exports.forget_old),
    Job("forget views of departed colleagues", 600, saved_views.forget_of_departed),
    Job("forget choices of people", 600, choosing.forget_old),
    Job("forget tasks", 3600, tasks.forget_old, is_final=True),
    Job("forget last mails", 3600, erasing.forget_last_mails),
    Job("forget sign-ins", 600, accounts.forget_expired, is_final=True),
    Job("forget answers on their way", 60, kept_answers.forget_old),
    Job("forget forms and links", 3600, expiry.forget_ended, is_final=True),
    Job("forget delegations", 3600, asking.forget_ended, is_final=True),
    Job("forget named substitutes", 3600, unanswered.forget_ended, is_final=True),
    Job("forget counters", 3600, forget_counters),
    Job("forget paces", 600, pacing.forget_old),
    Job("seal answers anew", 24 * 3600, seal_answers_anew),
    # Note the head of the audit trail before checking the trail: a check reports a fault if no head was noted lately,
    # as is so after a pause of the worker.
    Job("note audit head", 24 * 3600, heads.note),
    Job("check the audit trail", 30, checking.check_some),
)
