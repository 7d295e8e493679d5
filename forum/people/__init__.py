"""What organisers note about people beside their registrations: private notes and tags."""
