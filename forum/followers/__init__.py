"""Following an event's news by mail: the list of followers, and what goes out to them."""
