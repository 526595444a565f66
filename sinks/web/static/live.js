// The live picture of a camera: messages of one answer without an end, video and sound into Media Source.

const RETRY_MS = 1000;
// A silence of so long, or of some frames of a slow camera, is shown.
const SILENT_MS = 1500;
const SILENT_FRAMES = 4;
// How far behind its newest frame a picture plays: more where frames come slowly. Further behind it plays a
// little faster, and from FAR_S on it jumps.
const TARGET_S = 0.25;
const TARGET_FRAMES = 2.5;
const FAR_S = 1.5;
const KEPT_S = 12;
// A jump is given so long before the next.
const SEEK_MS = 600;
// Video that arrives and is not shown for so long is not going to be.
const STUCK_MS = 8000;
const SOUND_WAIT_MS = 1500;

const decoder = new TextDecoder();

// Messages: a tag, the size of the content in four bytes, the content.
async function* messages(body) {
  const reader = body.getReader();
  let rest = new Uint8Array();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const bytes = new Uint8Array(rest.length + value.length);
    bytes.set(rest);
    bytes.set(value, rest.length);
    let at = 0;
    while (at + 5 <= bytes.length) {
      const end = at + 5 + new DataView(bytes.buffer, at + 1).getUint32(0);
      if (end > bytes.length) break;
      yield [String.fromCharCode(bytes[at]), bytes.subarray(at + 5, end)];
      at = end;
    }
    rest = bytes.slice(at);
  }
}

// One run of fragments in a video element.
class Player {
  constructor(video, tracks, sounding) {
    this.video = video;
    this.source = new MediaSource();
    this.queues = new Map(tracks.map(({ track, header }) => [track, [header]]));
    this.buffers = new Map();
    this.failed = false;
    this.steps = []; // the last intervals between frames, in seconds
    this.zero = Infinity; // when, by this page's clock, media time 0 arrived, or would have
    this.ends = [];
    this.sought = -Infinity;
    this.url = URL.createObjectURL(this.source);
    this.source.addEventListener("sourceopen", () => this.open(tracks), { once: true });
    video.src = this.url;
    video.muted = !sounding;
    this.start();
  }

  // A browser plays sound only after a gesture on the page: without one, the picture plays alone.
  start() {
    this.video.play().catch((error) => {
      if (error.name !== "NotAllowedError" || this.video.muted) return;
      this.video.muted = true;
      this.video.play().catch(() => {});
    });
  }

  open(tracks) {
    URL.revokeObjectURL(this.url);
    try {
      for (const { track, mime } of tracks) {
        const buffer = this.source.addSourceBuffer(mime);
        this.buffers.set(track, buffer);
        buffer.addEventListener("updateend", () => this.append(track));
        this.append(track);
      }
    } catch {
      this.failed = true;
    }
  }

  push(track, bytes) {
    this.queues.get(track)?.push(bytes);
    if (this.buffers.has(track)) this.append(track);
  }

  append(track) {
    const [buffer, queue] = [this.buffers.get(track), this.queues.get(track)];
    if (buffer.updating || this.source.readyState !== "open") return;
    try {
      if (track === "video") this.measure(buffer);
      const old = this.video.currentTime - 2 * KEPT_S;
      if (buffer.buffered.length && buffer.buffered.start(0) < old) {
        buffer.remove(0, this.video.currentTime - KEPT_S);
      } else if (queue.length) {
        buffer.appendBuffer(new Uint8Array(queue.length === 1 ? queue[0] : joined(queue)));
        queue.length = 0;
      }
    } catch {
      this.failed = true;
    }
  }

  measure(buffer) {
    const { length } = buffer.buffered;
    if (!length) return;
    const [end, now] = [buffer.buffered.end(length - 1), performance.now() / 1000];
    // Frames arrive late and never early: the earliest of the last seconds says when they were sent.
    if (end > (this.ends.at(-1)?.end ?? -1)) this.ends.push({ end, zero: now - end, at: now });
    this.ends = this.ends.filter(({ at }) => at > now - 10);
    this.zero = Math.min(...this.ends.map(({ zero }) => zero));
  }

  // How long ago the frame that is shown arrived, in seconds; null while none is.
  get behind() {
    const shown = this.video.readyState >= 2 && Number.isFinite(this.zero);
    return shown ? Math.max(0, performance.now() / 1000 - this.zero - this.video.currentTime) : null;
  }

  // Keep close to the newest frame; ``step`` is the usual interval between frames in seconds.
  follow(step) {
    const { video } = this;
    const { length } = video.buffered;
    if (!length) return;
    const [start, end] = [video.buffered.start(length - 1), video.buffered.end(length - 1)];
    const target = Math.max(TARGET_S, TARGET_FRAMES * step);
    const lag = end - video.currentTime;
    const reached = performance.now() - this.sought > SEEK_MS;
    if ((video.currentTime < start && end - start > target) || lag > Math.max(FAR_S, 2 * target)) {
      if (reached) this.sought = performance.now();
      if (reached) video.currentTime = Math.max(start, end - target);
    } else {
      video.playbackRate = lag > 1.6 * target ? 1.15 : lag < 0.4 * target ? 0.92 : 1;
    }
    if (video.paused) this.start();
  }

  close() {
    this.video.removeAttribute("src");
    this.video.load();
  }
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export class LiveView {
  constructor(section, address, onMotion) {
    const find = (selector) => section.querySelector(selector);
    this.section = section;
    this.address = address;
    this.onMotion = onMotion;
    this.video = find("video");
    this.canvas = find("canvas");
    this.button = find("button");
    this.state = find("[data-live-state]");
    this.lag = find("[data-live-lag]");
    this.lost = find("[data-live-lost]");
    this.picture = "video";
    this.sounding = false;
    this.reset();
    this.show("connecting", "Connecting.");
    this.button.addEventListener("click", () => {
      this.sounding = !this.sounding;
      this.button.setAttribute("aria-pressed", String(this.sounding));
      this.restart();
    });
    document.addEventListener("visibilitychange", () => this.restart());
    window.addEventListener("pagehide", () => this.abort?.abort());
    setInterval(() => this.tick(), 200);
    this.restart();
  }

  reset() {
    this.player?.close();
    this.player = null;
    this.tracks = [];
    this.arrived = null; // when the newest picture came
    this.step = 0.1;
    this.opened = null; // when the first video of this player came
  }

  // Ask anew: for what is to be shown now, or for nothing while the page is hidden.
  restart() {
    this.abort?.abort();
    this.reset();
    if (!document.hidden) this.run((this.abort = new AbortController()));
  }

  async run(abort) {
    const query = `?picture=${this.picture}${this.sounding ? "&sound=1" : ""}`;
    while (!abort.signal.aborted) {
      try {
        const answer = await fetch(this.address + query, { signal: abort.signal });
        if (!answer.ok) throw new Error(`The server answers ${answer.status}.`);
        this.show("connecting", "Connecting.");
        for await (const [tag, bytes] of messages(answer.body)) {
          if (abort.signal.aborted) return;
          await this.take(tag, bytes);
        }
      } catch (error) {
        if (abort.signal.aborted) return;
      }
      this.reset();
      this.show("away", "No connection: trying again.");
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }

  async take(tag, bytes) {
    if (tag === "S") {
      const end = bytes.indexOf(10);
      this.begin({ ...JSON.parse(decoder.decode(bytes.subarray(0, end))), header: bytes.slice(end + 1) });
    } else if (tag === "K" || tag === "V") {
      this.see();
      this.push("video", bytes);
    } else if (tag === "A") {
      this.push("sound", bytes);
    } else if (tag === "P") {
      this.see();
      await this.paint(bytes);
    } else if (tag === "J") {
      this.note(JSON.parse(decoder.decode(bytes)));
    }
  }

  note(event) {
    if (event.event === "motion") {
      this.onMotion(event);
    } else if (event.event === "missed") {
      this.lost.hidden = false;
      this.lost.textContent = `${event.count} messages were left out, as this page did not take them in time.`;
    } else if (event.event === "away") {
      this.reset();
      this.show("away", "The camera is away.");
      if (this.picture === "preview") {
        this.picture = "video"; // it may return with another codec
        this.restart();
      }
    }
  }

  see() {
    const now = performance.now();
    // Those of a burst, which come at once, say nothing.
    if (this.arrived !== null && now - this.arrived > 10) this.step += 0.2 * ((now - this.arrived) / 1000 - this.step);
    this.arrived = now;
  }

  // A track begins: one that is known already is only named again, after messages were left out.
  begin(track) {
    if (this.tracks.some((it) => it.track === track.track && it.run === track.run && track.mime)) return;
    if (track.track === "video") {
      this.reset();
      this.button.hidden = false;
      this.button.disabled = !track.sound;
      this.button.textContent = track.sound ? (this.sounding ? "Mute" : "Sound on") : "No sound";
      if (!track.mime || !window.MediaSource?.isTypeSupported(track.mime)) {
        this.preview(`This browser does not play the camera's video${track.mime ? "" : " format"}`);
        return;
      }
      this.since = performance.now();
      this.early = [];
    } else if (track.run !== this.tracks[0]?.run || this.player) {
      return; // of another run, or too late
    }
    this.tracks.push(track);
    if (!this.sounding || this.tracks.length === 2 || !this.hasSound) this.play();
  }

  get hasSound() {
    return Boolean(this.tracks[0]?.sound);
  }

  play() {
    const sounding = this.tracks.length === 2;
    this.player = new Player(this.video, this.tracks, sounding);
    for (const [track, bytes] of this.early) this.player.push(track, bytes);
    this.early = [];
    this.opened = performance.now();
  }

  push(track, bytes) {
    if (this.player) this.player.push(track, bytes);
    else if (this.tracks.length) {
      this.early.push([track, bytes.slice()]);
      if (performance.now() - this.since > SOUND_WAIT_MS) this.play(); // its sound does not come
    }
  }

  preview(why) {
    this.why = why;
    this.picture = "preview";
    this.sounding = false;
    this.button.hidden = false;
    this.button.disabled = true;
    this.button.textContent = "No sound";
    this.restart();
  }

  async paint(bytes) {
    const image = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
    [this.canvas.width, this.canvas.height] = [image.width, image.height];
    this.canvas.getContext("2d").drawImage(image, 0, 0);
    image.close();
    this.show("preview", `${this.why}: two pictures a second.`);
  }

  tick() {
    const now = performance.now();
    if (document.hidden) return;
    if (this.arrived === null) {
      const isAway = this.section.closest("[data-state]").dataset.state === "waiting";
      if (isAway && this.section.dataset.live === "connecting") this.show("away", "The camera is away.");
      return;
    }
    if (now - this.arrived > Math.max(SILENT_MS, SILENT_FRAMES * 1000 * this.step)) {
      this.show("away", "No picture comes.");
    } else if (this.player) {
      this.player.follow(this.step);
      const { behind } = this.player;
      const stuck = behind === null && now - this.opened > STUCK_MS;
      if (this.player.failed || this.video.error || stuck) {
        this.preview("This browser could not play the camera's video");
      } else if (behind !== null) {
        this.show("live", "Live");
        this.lag.textContent = `${behind.toFixed(1)} s behind`;
      }
    }
  }

  // The text changes only with the state, as it is read aloud.
  show(state, text) {
    if (state !== "live") this.lag.textContent = "";
    this.section.dataset.live = state;
    if (state !== "away") {
      this.video.hidden = this.picture !== "video";
      this.canvas.hidden = this.picture !== "preview";
    }
    if (this.state.textContent !== text) this.state.textContent = text;
  }
}
