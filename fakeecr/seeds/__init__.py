"""YAML in and out: registries described by a file or a mapping, checked, stored, and described again."""
