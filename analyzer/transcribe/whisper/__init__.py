"""A Whisper model in a child process, by faster-whisper.

Read in this order:

- ``transcriber``: WhisperTranscriber: loads the model with the first question, and again after a crash.
- ``process``: the child process as the main process sees it: started, asked and ended.
- ``worker``: the child process: loads the model, then answers one question after another.
"""
