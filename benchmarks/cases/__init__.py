"""The cases: each says what is measured beside what."""
