// What was heard, drawn over time: loudness, segments, and for each emotion a band as high as its score.
const SPAN = 60; // seconds on show while listening
const LEAST = 20; // until so much was heard, the curve grows from the left
const STEP = 0.1; // seconds that one value of loudness stands for
const EASE = 350; // milliseconds in which the newest scores come in
const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];
const EMOJI = '"Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji"';
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const heard = {};

function forget() {
  Object.assign(heard, { levels: [], loudest: 0.03, windows: [], regions: [], segments: [], until: 0, since: 0, moving: false, fresh: 0 });
}

function addLevel(level, until) {
  const place = Math.floor(until / STEP);
  while (heard.levels.length <= place) heard.levels.push(level);
  heard.levels[place] = Math.max(heard.levels[place], level);
  heard.loudest = Math.max(heard.loudest, level);
  heard.until = until;
  heard.since = performance.now();
}

// The time of the sound at this moment; between two blocks it goes on by the clock.
function soundTime() {
  if (!heard.moving || calm.matches) return heard.until;
  return heard.until + Math.min(0.2, (performance.now() - heard.since) / 1000);
}

function inSpeech(at) {
  return heard.regions.some(({ start, end }) => at >= start && at <= (end ?? Infinity));
}

// From where to where is shown; afterwards everything.
function range(now) {
  if (!heard.moving) return [0, Math.max(now, 1)];
  const from = Math.max(0, now - SPAN);
  return [from, from + Math.min(SPAN, Math.max(LEAST, now))];
}

// Runs of moments with their scores. A window speaks for its middle, the first and the last of a run for their edges, too.
function runs(from, to) {
  const near = heard.windows.filter((window) => window.end >= from - 5 && window.start <= to + 5);
  const found = [];
  for (const window of near) {
    const at = (window.start + window.end) / 2;
    const run = found.at(-1);
    if (!run || window.start > run.end) found.push({ start: window.start, end: window.end, moments: [{ at, window }] });
    else { run.moments.push({ at, window }); run.end = window.end; }
  }
  return found;
}

// The scores of a window; those of the newest ease in.
function scoresOf(window) {
  const share = Math.min(1, (performance.now() - heard.fresh) / EASE);
  const before = heard.windows.at(-2);
  if (window !== heard.windows.at(-1) || !before || !heard.moving || calm.matches || share === 1) return window.scores;
  const mixed = (label) => before.scores[label] + (window.scores[label] - before.scores[label]) * share;
  return Object.fromEntries(Object.keys(window.scores).map((label) => [label, mixed(label)]));
}

function drawCurve() {
  const canvas = element.querySelector("canvas");
  if (!canvas || !canvas.clientWidth) return;
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const style = getComputedStyle(canvas);
  const color = (name) => style.getPropertyValue(`--em-${name}`).trim();
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const now = soundTime();
  const [from, to] = range(now);
  const paper = {
    pen, from, to, now, width, color, font: style.fontFamily,
    x: (at) => Math.max(0, Math.min(width, (at - from) / (to - from) * width)),
  };
  const areas = height - 172;
  drawLoudness(paper, 0, 84);
  drawSegments(paper, 94, 40);
  drawBands(paper, 144, areas);
  drawAxis(paper, 144 + areas + 18);
  if (heard.moving) drawNow(paper, 144 + areas);
  canvas.dataset.windows = heard.windows.length; // what is on it, for whoever cannot look
}

function drawLoudness({ pen, from, to, now, width, x, color }, top, height) {
  const step = Math.max(1, Math.ceil((to - from) / STEP / (width / 5))); // values in a bar
  const bar = width * STEP * step / (to - from);
  const first = Math.floor(from / STEP / step);
  for (let place = first; place * step * STEP < now && place * step < heard.levels.length; place++) {
    const values = heard.levels.slice(place * step, (place + 1) * step);
    const at = (place + 0.5) * step * STEP;
    const half = Math.max(1, (Math.max(...values) / heard.loudest) ** 0.7 * height / 2);
    const label = inSpeech(at) ? labelAt(at) : null;
    pen.fillStyle = label ? lookOf(label).color : color("quiet");
    pen.beginPath();
    pen.roundRect(x(place * step * STEP) + bar * 0.18, top + height / 2 - half, bar * 0.64, 2 * half, Math.min(2, bar / 3));
    pen.fill();
  }
}

function labelAt(at) {
  const segment = heard.segments.find(({ start, end }) => at >= start && at <= end);
  if (segment) return segment.label;
  const middle = (window) => Math.abs((window.start + window.end) / 2 - at);
  const near = heard.windows.slice(-200).filter((window) => at >= window.start && at <= window.end + 1);
  return near.reduce((best, window) => (!best || middle(window) < middle(best) ? window : best), null)?.label;
}

function drawSegments({ pen, from, to, now, width, x, color, font }, top, height) {
  pen.fillStyle = color("sunk");
  pen.beginPath();
  pen.roundRect(0, top, width, height, 10);
  pen.fill();
  const block = (start, end, fill, alpha) => {
    pen.save();
    pen.beginPath();
    pen.roundRect(x(start), top, Math.max(2, x(end) - x(start)), height, 10);
    pen.clip();
    pen.globalAlpha = alpha;
    pen.fillStyle = fill;
    pen.fillRect(x(start), top, x(end) - x(start), height);
    pen.restore();
  };
  for (const { start, end } of heard.regions.filter(({ end }) => (end ?? now) > from)) {
    const label = end === null ? labelAt(now) : null; // a segment comes when speech ends: until then, what is said now
    block(start, end ?? now, label ? lookOf(label).color : color("quiet"), label ? 0.2 : 0.45);
  }
  for (const segment of heard.segments.filter(({ start, end }) => end > from && start < to)) {
    const look = lookOf(segment.label);
    block(segment.start, segment.end, color("card"), 1);
    block(segment.start, segment.end, look.color, 0.3);
    pen.fillStyle = look.color;
    const room = x(segment.end) - x(segment.start);
    pen.fillRect(x(segment.start) + 4, top + height - 5, Math.max(0, room - 8), 3);
    pen.font = `14px ${font}`;
    pen.fillStyle = color("ink");
    nameSegment(pen, look, (x(segment.start) + x(segment.end)) / 2, top + height / 2 - 1, room - 10, font);
  }
}

// Emoji and name where there is room for both, else the emoji. Each in its font: text fonts have emoji without colours.
function nameSegment(pen, look, middle, height, room, font) {
  const text = `14px ${font}`;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.font = text;
  const name = pen.measureText(look.name).width;
  const both = 24 + name <= room;
  if (!both && room < 18) return;
  if (both) pen.fillText(look.name, middle - (24 + name) / 2 + 24, height);
  pen.font = `15px ${EMOJI}`;
  pen.fillText(look.emoji, both ? middle - (24 + name) / 2 : middle - 9, height + 1);
}

function drawBands(paper, top, height) {
  const { pen, from, to, now, width, x, color } = paper;
  pen.save();
  pen.beginPath();
  pen.roundRect(0, top, width, height, 10);
  pen.clip();
  pen.fillStyle = color("sunk");
  pen.fillRect(0, top, width, height);
  for (const run of runs(from, to)) drawRun(run, paper, top, height);
  pen.globalAlpha = 0.72;
  pen.fillStyle = color("card");
  const last = Math.min(now, heard.windows.at(-1)?.end ?? 0);
  const edges = [0, ...heard.regions.flatMap(({ start, end }) => [start, end ?? now]), last];
  for (let place = 0; place < edges.length; place += 2) {
    if (edges[place + 1] > edges[place]) pen.fillRect(x(edges[place]), top, x(edges[place + 1]) - x(edges[place]), height);
  }
  pen.restore();
}

function drawRun({ start, end, moments }, { pen, x }, top, height) {
  const columns = moments.map(({ at, window }) => ({ at, scores: scoresOf(window) }));
  const held = [{ ...columns[0], at: start }, ...columns, { ...columns.at(-1), at: end }];
  let low = held.map(() => 0);
  for (const label of Object.keys(held[0].scores)) {
    const high = low.map((value, place) => value + held[place].scores[label]);
    pen.beginPath();
    held.forEach(({ at }, place) => pen.lineTo(x(at), top + height * (1 - high[place])));
    for (let place = held.length - 1; place >= 0; place--) pen.lineTo(x(held[place].at), top + height * (1 - low[place]));
    pen.fillStyle = lookOf(label).color;
    pen.fill();
    low = high;
  }
}

function drawAxis({ pen, from, to, width, x, color, font }, top) {
  const step = TICKS.find((tick) => (to - from) / tick <= Math.max(3, width / 110)) ?? TICKS.at(-1);
  pen.fillStyle = color("muted");
  pen.font = `12px ${font}`;
  pen.textAlign = "left";
  pen.textBaseline = "alphabetic";
  for (let at = Math.ceil(from / step) * step; at < to; at += step) {
    if (x(at) < width - 30) pen.fillText(clock(at), x(at), top);
  }
}

function drawNow({ pen, now, x, color }, bottom) {
  pen.fillStyle = color("ink");
  pen.globalAlpha = 0.35;
  pen.fillRect(x(now) - 1.5, 0, 1.5, bottom);
  pen.globalAlpha = 1;
}

function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const whole = Math.floor(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
