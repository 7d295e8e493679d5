"""The demo: a current forum and an archived one, with texts in plain files and invented people."""
