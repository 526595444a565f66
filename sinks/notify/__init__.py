"""The notification sink: alerts, moments and reels sent to people, by any service that Apprise knows.

Modules, in reading order:

    settings        the options of one service, and their checks
    pace            when the next notification may be sent: quiet hours and a least interval
    notification    events as stored messages, and stored messages as one notification
    service         one service, by Apprise
    delivery        ``NotifyDelivery``: sends what waits in the outbox
"""
