"""From moments to a reel: chapters, story, files.

Read in this order:

- ``settings``: the settings of reels, with their bounds.
- ``records``: gaps, choices, chapters, stories and reels: the records of a reel.
- ``preference``: what a viewer likes, by moments that were kept or found dull.
- ``choose``: choose moments for a reel under fixed rules, whatever a model proposes.
- ``reasons``: why a moment is in a reel, in words that a viewer understands.
- ``block_chooser``: choose from long horizons block by block, so that a choice is not asked for twice.
- ``selector``: a model that proposes which moments to show, and why.
- ``shots``: what can be shown of a window: one shot for each event, cut tightly around its peaks.
- ``length``: hold a reel to its length: shots are shortened around their peaks before any is left out.
- ``video``: the video of a reel: the parts of clips that its choices show, or pictures of their keyframes.
- ``manifest``: ``reel.json``: a reel as JSON.
- ``story``: the story of a reel: narrative, WebVTT captions and Markdown page.
- ``narrator``: a model that writes the story; every sentence belongs to a chapter.
- ``export``: a reel for editors: timelines, segments, clips.
- ``compile``: compile the files of a reel: video, manifest, story, captions, poster, report.
"""
