"""The data folder: its layout, and what is removed from it.

Modules, in reading order:

    settings    what may be kept, with its bounds
    data_dir    names in the folder, the lock on it, reel folders
    free_space  how much of the disk may be written to
    retention   removes what is too old or too much
    recovery    removes or adopts what a killed process has left
"""
