"""Open Data Contract Standard YAML in, frozen contract values out."""
