"""From windows to moments: the Describer protocol and its implementations.

Read in this order:

- ``settings``: the settings of descriptions, with their bounds.
- ``describer``: the Describer protocol and its error.
- ``moment``: a moment: a window with its description.
- ``queue``: the queue of windows that wait for a description: order, limits, outcomes.
- ``window_store``: the protocol of the store that keeps pending windows.
- ``model_health``: back-off: how much a model may be asked, by its successes and failures.
- ``retries``: which windows are tried again after a failure, and which others come before them.
- ``budget``: a budget of windows or tokens per period of time.
- ``model``: what the describers that ask a model have in common: prompt, request, answer; see there.
- ``builtin``: see there.
- ``openai``: see there.
- ``sagemaker``: see there.
- ``vllm``: see there.
"""
