"""Tables, columns and form fields without personal data, listed so that a new one cannot go unnoticed (P01)."""

TABLES = {  # texts and settings of the forum itself
    "events",
    "sectors",
    "pages",
    "post_covers",
    "content_version",
    "post_texts",
    "corrections",
    "sources",
    "categories",
    "tags",
    "tag_aliases",
    "old_addresses",
    "preview_links",
    "glossary_terms",
    "post_categories",
    "post_tags",
    "search_entries",
    "former_slugs",
    "withdrawals",
    "worker_heartbeats",
    "key_checks",
    "mail_relay",
}
# Columns of these tables that do hold personal data, and stand in the register.
PERSONAL = {"events.contacts"}
COLUMNS = {  # keys, counters and checksums in tables that also hold personal data
    "registrations": {"id", "event_id", "reference", "calendar_sequence", "calendar_changed_at", "version"},
    "submissions": {"key", "fingerprint"},
    "consents": {"id"},
    "outbox_messages": {
        *(
            "id",
            "event_id",
            "message_id",
            "status",
            "abort_reason",
            "lane",
            "attempts",
            "next_attempt_at",
            "lease_until",
            "lease_owner",
        ),
    },
    "audit_entries": {"id", "event_id", "details_digest", "previous_hash", "hash", "key"},
    "audit_details": {"entry_id", "salt"},
    "posts": {"id", "key", "event_id", "published_at", "announced_at", "updated_at", "has_help_box"},
    "images": {"id", "event_id", "key", "width", "height", "widths", "alt", "focus", "file_name", "added_at"},
    "post_revisions": {"id", "post_id", "content"},
    "page_revisions": {"id", "page_id", "content"},
    "users": {"id"},
    "memberships": {"id"},
    "sign_ins": {"id"},
}
SETTINGS = {  # what organisers say about the event and its organiser, by form
    "LineTexts": ("sv", "en"),
    "AreaTexts": ("sv", "en"),
    "LongTexts": ("sv", "en"),
    "FactsForm": (
        "name",
        "short_name",
        "days",
        "timezone",
        "place",
        "map_url",
        "directions",
        "hashtag",
        "contact_email",
    ),
    "DayRow": ("day", "starts", "ends"),
    "RulesForm": (
        *("opens_at", "closes_at", "release_at", "freezes_at"),
        *("has_waiting_list", "offer_hours", "organisation_cap"),
    ),
    "OrganiserForm": (
        *("organiser_name", "postal_line", "postal_code", "town", "country"),
        *("organiser_phone", "organiser_url", "contacts", "help_lines"),
    ),
    "HelpLineRow": ("country", "emergency", "police", "children", "report", "url"),
    "FrontTextsForm": ("lead", "sharing", "facts", "programme_points"),
    "FactRow": ("label", "value"),
    "LanguagesForm": ("languages",),
    "LookForm": ("accent_light", "accent_dark", "logo_key", "share_key"),
    "PointRow": ("day", "starts", "title", "text"),
    "PlacesForm": ("capacity", "shares"),
    "ShareRow": ("key", "floor", "ceiling", "policy"),
    "SectorForm": ("name", "invited"),
    "NewSectorForm": ("floor", "ceiling", "policy"),
    "CategoryForm": ("name", "slug"),
    "MergeForm": ("into",),
    "TagForm": ("name", "names", "aliases"),
    "MergeTagForm": ("into",),
    "OldAddressForm": ("old", "leads_to"),
    "ImportForm": ("file", "lines"),
    "GlossaryForm": ("language", "avoid", "better", "reason"),
    "MergeSectorForm": ("floor", "ceiling"),
}
# Form fields without personal data: a honeypot, a key against double submission, choices of an export, a mail's kind, a
# reason from a list, facts about an event, and the texts that organisers write for everybody.
FIELDS = {
    *("RegistrationForm.website", "RegistrationForm.key", "RegistrationForm.event"),
    *("ExportForm.purpose", "ExportForm.recipient", "ExportForm.shape"),
    *("ResendForm.kind", "DismissForm.reason"),
    *(
        f"PostForm.{name}"
        for name in ("key", "event", "categories", "tags", "has_help_box", "cover", "sources", "sv", "en")
    ),
    *(f"PostTextForm.{name}" for name in ("headline", "lead", "body", "label", "content_note", "slug")),
    *("PostTextForm.action_label", "PostTextForm.action_url"),
    *(f"SourceForm.{name}" for name in ("url", "published_on", "sv", "en")),
    *(f"PublicationForm.{name}" for name in ("when", "day", "hour")),
    *("CorrectionForm.sv", "CorrectionForm.en"),
    *("DescribedForm.alt", "UploadForm.file", "ImageForm.focus"),
    *(f"PageForm.{name}" for name in ("slug", "after", "sv", "en")),
    *(f"PageTextForm.{name}" for name in ("title", "summary", "body")),
    *(
        f"NewEventForm.{name}"
        for name in ("name", "first_day", "last_day", "timezone", "place", "capacity", "template")
    ),
    *(
        "NewEventForm.languages",
        "NewEventForm.organiser_name",
        "NewEventForm.contact_email",
        "CopyForm.name",
        "CopyForm.first_day",
        *("PublishForm.even_so", "PublishForm.to_front", "UnpublishForm.even_so"),
        "PreviewLinkForm.days",
    ),
    *(f"{form}.{field}" for form, fields in SETTINGS.items() for field in fields),
}
