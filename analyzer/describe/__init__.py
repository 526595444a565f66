"""From windows to moments: the Describer protocol and its implementations.

Read in this order:

- ``settings``: the settings of descriptions, with their bounds.
- ``describer``: the Describer protocol and its error.
- ``moment``: a moment: a window with its description.
- ``queue``: the queue of windows that wait for a description: order, limits, back-off.
- ``allowance``: a budget of windows or tokens per period of time.
- ``text_model``: the protocol of a model that answers a question with a JSON object.
- ``profiles``: what matters in each kind of footage, and what importance means there.
- ``prompt``: the prompt: a profile, the camera's own instructions, and the window's times.
- ``pictures``: a window's keyframes as pictures of one size.
- ``ask``: ask a model: time limit, one retry when the answer is invalid, and the moment.
- ``answer``: the schema of a model's answer, and its parser, which trusts nothing.
- ``thoughts``: where the answer of a thinking model begins, after its thoughts.
- ``probe``: try a model with one drawn window.
- ``builtin``: see there.
- ``openai``: see there.
- ``vllm``: see there.
"""
