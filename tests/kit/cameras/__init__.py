"""Camera servers over RTSP, HTTP, TCP and UDP; the faults of cameras and files, by name."""
