"""One module a verb: what Tidegate does, written against ports."""
