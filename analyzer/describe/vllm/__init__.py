"""The describer whose model runs on vLLM, in a child process of livereel.

Read in this order:

- ``describer``: ``VllmDescriber``, which starts the engine's process and asks it.
- ``process``: the engine's process as the main process sees it: requests, replies, its end.
- ``worker``: the same from the inside: loads the engine and serves requests.
- ``engine``: vLLM itself, started, asked and stopped; its failures as DescribeError.
- ``video_inputs``: engine inputs for a video that was prepared here, learned from the model's processor.
- ``patches``: pictures cut into the patches that a Qwen-VL model reads.
"""
