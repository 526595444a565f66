"""The sound of a window: its level, its noise floor, peaks of loudness and of change, and speech.

Read in this order:

- ``record``: what is kept of a window's sound.
- ``blocks``: tenths of a second of sound, measured: level, loudest moment, spectrum.
- ``floor``: the noise floor: the level of what goes on steadily, and how much it varies.
- ``novelty``: changes of the sound itself, such as from music to speech, at equal level.
- ``microphone``: a microphone that is dead, muted or overdriven.
- ``gate``: which blocks may hold a voice, judged at little cost.
- ``voice``: how likely each 32 ms of sound are a voice, by Silero's detector.
- ``speech``: SpeechSpans: when there is speech, window by window.
- ``meter``: SoundMeter: samples in, the sound of each window out.
- ``pictures``: the pictures nearest to peaks of sound, and the keyframes that they become.
"""
