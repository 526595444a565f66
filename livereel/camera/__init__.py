"""One camera: from its source to windows, in a supervised process.

Read in this order:

- ``settings``: the settings of one camera, with their bounds.
- ``capture``: the capture loop of one camera: packets in, windows and gaps out.
- ``clips``: where clips come from: the file itself, or the rolling buffer.
- ``main_stream``: clips of a camera's main stream while its small stream is analysed.
- ``window_files``: write the clip and the keyframes of a window.
- ``packet_end``: the latest times of a source's packets, to find video that gave no frame.
- ``overload``: which packets are skipped when decoding falls behind.
- ``counts``: counters of one capture.
- ``worker``: the camera's process, from inside: open the source, capture, report over the pipe.
- ``process``: the camera's process as the main process sees it.
- ``supervisor``: start, watch, end and restart the process of one camera.
"""
