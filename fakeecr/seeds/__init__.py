"""YAML in, YAML out: registries described in a file or a mapping, checked, written and described again."""
