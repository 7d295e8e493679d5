"""The entries of the register of personal data about organisers, who have an account in the console."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, NOBODY, WITH_ACCOUNT, Entry, of

OFFICE_ENTRIES: tuple[Entry, ...] = (
    Entry(
        what=_l("For the office’s own people: name, address, language, tasks, and where they are signed in"),
        purpose=_l("To let the right people in, and to know who did what"),
        basis=LEGITIMATE_INTEREST,
        audience=_l("Those who look after the accounts"),
        retention=WITH_ACCOUNT,
        columns=(
            *of("users", "email", "name", "language", "active", "created_at"),
            *of("memberships", "user_id", "event_id", "role"),
            *of("reviewed_sectors", "membership_id", "sector_id"),
            *of("post_revisions", "user_id", "made_at"),
            *of("page_revisions", "user_id", "made_at") + of("mailings", "started_by", "started_at"),
            *of("tasks", "started_by", "started_at"),
            "kept_exports.user_id",
            "offers.user_id",
            *of("attendee_imports", "user_id", "made_at", "undo_asked_at", "undone_at"),
            *of("import_tables", "user_id", "sent_at"),
            *of("list_columns", "user_id", "event_id", "names"),
            *of("chosen_people", "user_id", "event_id"),
            *of("sign_ins", "user_id", "created_at", "last_seen_at", "browser"),
        ),
        fields=(
            *of("SignInForm", "email") + of("ForgotForm", "email") + of("LanguageForm", "language"),
            *of("InviteColleagueForm", "email", "name", "language", "role", "sectors"),
            *of("RolesForm", "here", "sectors", "everywhere"),
        ),
    ),
    Entry(
        what=_l(
            "Views of the attendee list that the office’s people save: their name, filters, "
            "and a search text, which may name a person"
        ),
        purpose=_l("To open again what is looked at often"),
        basis=LEGITIMATE_INTEREST,
        audience=_l("Who has saved the view; of a shared view all who may see the attendee list"),
        retention=_l(
            "Until the view is deleted, at most as long as the account exists; "
            "a view whose search text names a person is deleted when that person is erased, or when the name, address "
            "or phone number changes and the view names only the former one; a view whose own name does so gets "
            "another name; one with a search text and not shared is deleted when whoever saved it no longer sees the "
            "list"
        ),
        columns=of("saved_views", "user_id", "name", "is_shared", "query"),
        fields=of("ViewForm", "name", "is_shared"),
    ),
    Entry(
        what=_l("For the office’s own people: what was typed and not saved yet"),
        purpose=_l("So that a long text is not lost. It is encrypted, and only the same person gets it back"),
        basis=LEGITIMATE_INTEREST,
        audience=NOBODY,
        retention=_l("In an editor until it is saved or discarded, at most 30 days; elsewhere an hour"),
        columns=of("kept_words", "digest", "user_id", "made_at", "words")
        + of("autosaves", "user_id", "document", "version", "made_at", "words"),
    ),
    Entry(
        what=_l("For the office’s own people: sign-ins and what proves who they are"),
        purpose=_l("To keep everybody else out. Passwords and codes cannot be read back"),
        basis=LEGITIMATE_INTEREST,
        audience=NOBODY,
        retention=WITH_ACCOUNT,
        columns=(
            *of("users", "password_hash", "totp_secret", "totp_proposed", "last_totp_counter"),
            *of("recovery_codes", "user_id", "digest"),
            *of("passkeys", "user_id", "name", "credential_id", "public_key", "sign_count"),
            *of("passkeys", "added_at", "last_used_at") + of("sign_ins", "digest", "confirmed_at"),
            *of("one_time_links", "digest", "user_id", "purpose", "expires_at", "used_at"),
        ),
        fields=(
            *("SignInForm.password", "CodeForm.code", "ConfirmForm.password", "ConfirmForm.code"),
            *("PasskeyConfirmForm.code", "PasskeyForm.name"),
            "RenewCodesForm.replaced",
            *("NewPasswordForm.new_password", "ChangePasswordForm.password"),
        ),
    ),
)
