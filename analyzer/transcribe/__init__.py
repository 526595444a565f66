"""From speech to text: the Transcriber protocol and its implementations.

Read in this order:

- ``settings``: the settings of transcription, with their bounds.
- ``speech_audio``: the sound of a window's speech, cut from its clip.
- ``transcriber``: the Transcriber protocol.
- ``words``: what a recogniser returns, cleaned and assigned to the speech of a window.
- ``server``: the transcriber for any server with an OpenAI-compatible transcription API.
- ``whisper``: the transcriber whose model runs in a child process; see there.
- ``speech_store``: the protocol of the store that keeps speech that waits for its text.
- ``queue``: the queue of speech that waits for its text: order, limits, what comes late.
"""
