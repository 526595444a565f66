"""One camera: from its source to windows, in a supervised process.

Read in this order:

- ``settings``: the settings of one camera, with their bounds.
- ``names``: names of cameras: short and unique, without what an address must not show.
- ``reports``: what a camera's process reports to the main process: small records, sent over its pipe.
- ``arrivals``: arrival of live packets: when they came, and which are skipped when decoding falls behind.
- ``clips``: where clips come from: the file itself, or the rolling buffer.
- ``main_stream``: clips of a camera's main stream while its small stream is analysed.
- ``window_files``: write the clip and the keyframes of a window.
- ``epoch_sound``: the sound of one epoch: packets in, the sound of its windows out.
- ``epoch``: one unbroken connection to a source: frames in, windows of one media time out.
- ``view``: what is sent to live viewers: a package.
- ``capture``: the capture loop of one camera: packets in, windows and gaps out.
- ``worker``: the camera's process, from inside: open the source, capture, report over the pipe.
- ``process``: the camera's process as the main process sees it.
- ``supervisor``: start, watch, end and restart the process of one camera.
"""
