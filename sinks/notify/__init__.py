"""The notification sink: alerts, moments and reels sent to people, by any service that Apprise knows.

Modules, in reading order:

    settings        the options of one service, and their checks
    quiet_hours     the time of day in which nothing is sent
    notification    events as stored messages, and stored messages as one notification
    pace            when the next notification may be sent
    service         one service, by Apprise
    sink            ``NotifySink``: sends what waits in its outbox
"""
