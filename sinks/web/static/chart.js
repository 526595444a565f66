// The chart of a camera's motion, with speech and peaks of sound along its lower edge: it moves, with the newest
// frame at its right edge.

const SPAN_MS = 120_000;
const EDGE_PX = 6;
// Samples that are further apart are not joined by a line.
const BREAK_MS = 3000;
// Along the lower edge: a lane of peaks of sound, above one of speech.
const LANE_PX = 5;

function lengthText(ms) {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min${seconds % 60 ? ` ${seconds % 60} s` : ""}`;
}

export class MotionChart {
  constructor(canvas) {
    this.canvas = canvas;
    this.samples = []; // {at, value, threshold}, in time order
    this.peaks = new Map(); // value by time, until the window that holds the peak is closed
    this.windows = []; // closed ones: {from, to, keyframes: [[at, value]], noises: [at], speech: [[from, to]]}
    this.hears = false; // whether the camera has sound
    this.skew = Infinity; // from the server's clock to this one, and the way between
  }

  // Take what the camera's frames have measured, as they come.
  live({ now_utc, samples, peaks }) {
    this.skew = Math.min(this.skew, Date.now() - Date.parse(now_utc));
    const newest = this.samples.at(-1)?.at ?? 0;
    for (const [utc, value, threshold] of samples) {
      const at = Date.parse(utc);
      if (at > newest) this.samples.push({ at, value, threshold });
    }
    for (const [utc, value] of peaks) this.peaks.set(Date.parse(utc), value);
    this.draw();
  }

  // Take a closed window: its keyframes replace the peaks; its signal fills what was not watched live.
  close(shown) {
    const from = Date.parse(shown.start_utc);
    const to = from + shown.length_s * 1000;
    if (this.windows.some((window) => window.from === from)) return; // it is known
    const value = (peak) => shown.signal[Math.min(shown.signal.length - 1, Math.floor(peak / shown.step_s))] ?? 0;
    this.hears = Boolean(shown.sound);
    this.windows.push({
      from,
      to,
      keyframes: shown.peaks.map((peak) => [from + peak * 1000, value(peak)]),
      noises: (shown.sound?.peaks ?? []).map((peak) => from + peak * 1000),
      speech: (shown.sound?.speech ?? []).map((part) => part.map((at) => from + at * 1000)),
    });
    for (const at of this.peaks.keys()) if (at < to) this.peaks.delete(at);
    if (!this.samples.some(({ at }) => from <= at && at < to)) {
      const step = shown.step_s * 1000;
      const points = shown.signal.map((value, nth) => ({ at: from + nth * step, value, threshold: shown.threshold }));
      this.samples = [...this.samples, ...points].sort((one, other) => one.at - other.at);
    }
    this.draw();
  }

  // What is drawn, in words
  get summary() {
    if (!this.samples.length) return "Nothing was measured in the last two minutes.";
    const active = this.samples.reduce((sum, { at, value, threshold }, nth) => {
      const step = nth ? at - this.samples[nth - 1].at : 0;
      return sum + (value > threshold && step < BREAK_MS ? step : 0);
    }, 0);
    const keyframes = this.windows.reduce((sum, window) => sum + window.keyframes.length, 0);
    const texts = [active ? `motion for ${lengthText(Math.max(1000, active))}` : "no motion", `${keyframes || "no"} ${keyframes === 1 ? "keyframe" : "keyframes"}`];
    if (this.hears) {
      const noises = this.windows.reduce((sum, window) => sum + window.noises.length, 0);
      const speech = this.windows.flatMap((window) => window.speech).reduce((sum, [from, to]) => sum + to - from, 0);
      texts.push(`${noises || "no"} ${noises === 1 ? "noise" : "noises"}`, speech ? `speech for ${lengthText(speech)}` : "no speech");
    }
    return `The last two minutes: ${texts.join(", ")}.`;
  }

  now() {
    return Date.now() - (Number.isFinite(this.skew) ? this.skew : 0);
  }

  draw() {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    const now = this.now();
    const since = now - SPAN_MS;
    this.samples = this.samples.filter(({ at }) => at > since - BREAK_MS);
    this.windows = this.windows.filter(({ to }) => to > since);
    for (const at of this.peaks.keys()) if (at < since) this.peaks.delete(at);
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(document.body);
    const colour = (name) => style.getPropertyValue(name);
    pen.scale(ratio, ratio);
    const top = Math.max(1, ...this.samples.map(({ value, threshold }) => Math.max(value, threshold * 2)));
    const x = (at) => (width - EDGE_PX) * (1 - (now - at) / SPAN_MS);
    const floor = height - 4 - (this.hears ? 2 * LANE_PX + 4 : 0);
    const y = (value) => floor - (floor - 8) * Math.sqrt(value / top);
    const line = (key) => {
      pen.beginPath();
      let before = -Infinity;
      for (const sample of this.samples) {
        if (sample.at - before > BREAK_MS) pen.moveTo(x(sample.at), y(sample[key]));
        else pen.lineTo(x(sample.at), y(sample[key]));
        before = sample.at;
      }
      pen.stroke();
    };
    const dot = (at, value, fill) => {
      pen.beginPath();
      pen.arc(x(at), y(value), 3.5, 0, 7);
      if (fill) pen.fill();
      else pen.stroke();
    };
    pen.lineWidth = 1.5;
    pen.strokeStyle = colour("--soft");
    pen.setLineDash([4, 4]);
    line("threshold");
    pen.setLineDash([]);
    pen.strokeStyle = colour("--accent");
    line("value");
    pen.strokeStyle = pen.fillStyle = colour("--warn");
    for (const [at, value] of this.peaks) dot(at, value, false);
    for (const { keyframes } of this.windows) for (const [at, value] of keyframes) dot(at, value, true);
    for (const { noises, speech } of this.windows) {
      pen.fillStyle = colour("--noise");
      for (const at of noises) pen.fillRect(x(at) - 1, height - 2 * LANE_PX - 2, 2, LANE_PX);
      pen.fillStyle = colour("--speech");
      for (const [from, to] of speech) pen.fillRect(x(from), height - LANE_PX, Math.max(2, x(to) - x(from)), LANE_PX);
    }
  }
}
