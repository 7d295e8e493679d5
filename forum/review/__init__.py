"""Reviews: organisers decide about registrations, with evidence beside each, and a second one confirms refusals."""
