"""The ledger: every window, moment, coverage gap and reel of a data folder, in one database.

Written by one process, readable by others at the same time. Modules, in reading order:

    records      the error and the records that the ledger returns
    tables       the schema and its version
    database     the connection to the database; all that differs between database systems
    search_text  a search box's text as a query of the full-text index
    moments      the index of moments, and what it finds
    windows      windows and their moments
    pending      windows that wait to be described, speech that waits for its text
    gaps         coverage gaps
    reels        finished reels
    feedback     which moments people kept or found dull
    outbox       messages that sinks must deliver, stored with the event that makes them
    disk_usage   which files may be removed, in which order
    ledger       ``Ledger``: the parts above over one database
"""
