"""``/openapi.json``: the JSON API described for programs (OpenAPI 3.1), and ``/api`` for people.

Modules, in reading order:

    schemas  what the API takes and answers
    paths    its paths and operations, and ``document``
"""
