"""What all describers that ask a model have in common.

Read in this order:

- ``text_model``: the protocol of a model that answers a question with a JSON object.
- ``profiles``: what matters in each kind of footage, and what importance means there.
- ``prompt``: the prompt: a profile, the camera's own instructions, and the window's times.
- ``spoken``: what was said in a window, quoted so that it can be no instruction.
- ``pictures``: a window's keyframes as pictures of one size.
- ``request``: requests to a model: time limit, one retry after an invalid answer, the moment.
- ``answer``: the schema of a model's answer, and its parser.
- ``reasoning``: remove a model's reasoning from its answer.
- ``probe``: test a model with one drawn window.
"""
