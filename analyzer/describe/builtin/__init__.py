"""The describer that needs no model: it states what was measured.

Read in this order:

- ``describer``: BuiltinDescriber: a window's title, text and importance from its measurements.
- ``course``: the course of each mover, in terms of the picture plane.
- ``clauses``: what movers do, as clauses that state only what was measured.
- ``details``: times, extent, edges and light: what is added to an action.
- ``noises``: loud noises and changes of sound, and how much they count.
- ``titles``: titles of at most 60 characters.
- ``phrasing``: varied but reproducible wording; numbers and shares as words.
"""
