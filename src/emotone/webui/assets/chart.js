// Draws the visible part of a recording: waveform, segments, scores and times. What is drawn comes from `charts.py` as JSON,
// and the frames to fill as .em-lane. Functions here take what they need and keep nothing.
const SVG = "http://www.w3.org/2000/svg";
const BAR = 4.6; // px from one bar to the next
const COLUMN = 3; // px that a corner of the curve stands for, and a piece of the band
const SMOOTH = 9; // the same where a corner stands for several windows: only what lasts is seen from afar
const LEGIBLE = 12; // px that segments must have on the average to be buttons of their own
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
const START = 0, END = 1, LABEL = 2, CONFIDENCE = 3, SAID = 4; // of a segment
const NAME = 1, EMOJI = 2, COLOR = 3; // of a label

// As `duration` in texts.py writes it.
function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const tenths = Math.round(seconds * 10);
  if (seconds < 600) return `${Math.floor(tenths / 600)}:${two(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  return `${hours ? `${hours}:${two(minutes % 60)}` : minutes}:${two(whole % 60)}`;
}
const percent = (confidence) => (confidence === null ? "–" : `${Math.round(100 * confidence)}%`);
const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);

function readChart(text) {
  const bytes = (packed) => Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const chart = JSON.parse(text);
  chart.outlines = chart.outlines.map(bytes);
  for (const { lanes } of chart.views) {
    for (const lane of lanes) {
      lane.outline = chart.outlines[lane.outline];
      lane.times = new Float32Array(bytes(lane.times).buffer);
      lane.scores = bytes(lane.scores);
    }
  }
  return chart;
}

// How many items of a sorted list have a key of at most `wanted`.
function countUpTo(list, wanted, key = (item) => item) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(list[middle]) <= wanted) low = middle + 1; else high = middle;
  }
  return low;
}
const segmentsBetween = (segments, from, to) =>
  segments.slice(countUpTo(segments, from, (one) => one[END]), countUpTo(segments, to, (one) => one[START]));
const segmentAt = (segments, time) => segments[countUpTo(segments, time, (one) => one[START]) - 1];

// The label that has most of a stretch, or -1 where nobody speaks. `segments` are those that may be in it.
function owner(segments, from, to) {
  const shares = new Map();
  for (let index = countUpTo(segments, from, (one) => one[END]); index < segments.length && segments[index][START] < to; index++) {
    const [start, end, label] = segments[index];
    shares.set(label, (shares.get(label) ?? 0) + Math.min(end, to) - Math.max(start, from));
  }
  let best = -1, most = 0;
  for (const [label, share] of shares) if (share > most) [best, most] = [label, share];
  return best;
}

// Bins of a fixed grid: the same ones while the visible part moves, so nothing flickers.
function bins({ from, to }, count) {
  const size = (to - from) / count;
  const first = Math.floor(from / size);
  return { size, first, last: Math.ceil(to / size) };
}

function paths(svg, drawn) {
  while (svg.childElementCount > drawn.length) svg.lastChild.remove();
  drawn.forEach(({ shape, color, name = "" }, index) => {
    const path = svg.children[index] ?? svg.appendChild(document.createElementNS(SVG, "path"));
    path.setAttribute("d", shape);
    path.setAttribute("class", name);
    path.style.fill = color ?? "";
  });
}
const colored = (shapes, labels) =>
  [...shapes].map(([label, parts]) => ({ shape: parts.join(""), color: label < 0 ? "var(--em-quiet)" : labels[label][COLOR] }));

// Bars of loudness in the colour of what is expressed there.
function drawWave(svg, lane, labels, duration, range) {
  const { width, height } = svg.getBoundingClientRect();
  const { size, first, last } = bins(range, Math.max(1, Math.round(width / BAR)));
  const across = width / (range.to - range.from), perSecond = lane.outline.length / duration;
  const shapes = new Map();
  for (let bin = first; bin < last; bin++) {
    const start = Math.floor(bin * size * perSecond);
    const end = Math.min(lane.outline.length, Math.max(start + 1, Math.floor((bin + 1) * size * perSecond)));
    if (start >= end) continue;
    let loudest = 6; // of 255: silence is a line
    for (let index = start; index < end; index++) if (lane.outline[index] > loudest) loudest = lane.outline[index];
    const label = owner(lane.segments, bin * size, (bin + 1) * size);
    const x = ((bin + 0.18) * size - range.from) * across, half = (loudest / 255) * (height / 2 - 1);
    const part = `M${x.toFixed(1)} ${(height / 2 - half).toFixed(1)}h${(0.64 * size * across).toFixed(2)}v${(2 * half).toFixed(1)}H${x.toFixed(1)}z`;
    if (!shapes.has(label)) shapes.set(label, []);
    shapes.get(label).push(part);
  }
  paths(svg, colored(shapes, labels));
}

// Segments as buttons at their place; where they are too many for that, as a band of colours. Keys reach those of the list.
function drawStrip(box, lane, labels, range, words) {
  const width = box.getBoundingClientRect().width, across = width / (range.to - range.from);
  const visible = segmentsBetween(lane.segments, range.from, range.to);
  const spoken = visible.reduce((sum, one) => sum + Math.min(one[END], range.to) - Math.max(one[START], range.from), 0);
  const legible = spoken * across >= LEGIBLE * visible.length;
  box.classList.toggle("em-band", !legible);
  const known = new Map([...box.querySelectorAll("button")].map((button) => [button.dataset.start, button]));
  const kept = legible ? visible.map((segment) => {
    const button = known.get(segment[START].toFixed(3)) ?? segmentButton(segment, labels[segment[LABEL]], words);
    const start = Math.max(segment[START], range.from), end = Math.min(segment[END], range.to);
    button.style.left = `${(start - range.from) * across}px`;
    button.style.width = `${(end - start) * across}px`;
    return button;
  }) : [];
  for (const button of known.values()) if (!kept.includes(button)) button.remove();
  for (const button of kept) if (!button.parentNode) box.append(button);
  drawBand(box, legible ? null : lane.segments, labels, range);
}
function drawBand(box, segments, labels, range, step = COLUMN) {
  const svg = box.querySelector("svg") ?? (segments && box.appendChild(document.createElementNS(SVG, "svg")));
  if (!svg) return;
  if (!segments) return svg.remove();
  svg.setAttribute("aria-hidden", "true");
  const { width, height } = box.getBoundingClientRect(), across = width / (range.to - range.from);
  const { size, first, last } = bins(range, Math.max(1, Math.round(width / step)));
  const shapes = new Map();
  for (let bin = first; bin < last; bin++) {
    const label = owner(segments, bin * size, (bin + 1) * size);
    if (label < 0) continue;
    if (!shapes.has(label)) shapes.set(label, []);
    shapes.get(label).push(`M${((bin * size - range.from) * across).toFixed(1)} 0h${(size * across + 0.3).toFixed(2)}v${height}h-${(size * across + 0.3).toFixed(2)}z`);
  }
  paths(svg, colored(shapes, labels));
}
function segmentButton(segment, look, words) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "em-segment";
  button.tabIndex = -1;
  button.style.setProperty("--em-color", look[COLOR]);
  button.dataset.start = segment[START].toFixed(3);
  button.dataset.end = segment[END].toFixed(3);
  button.ariaLabel = button.title = spokenSegment(segment, look, words);
  button.append(part("span", "em-emoji", look[EMOJI]), part("span", "em-strip-name", look[NAME]));
  button.firstChild.ariaHidden = "true";
  return button;
}
const spokenSegment = (segment, look, words) => fill(words.play, {
  start: clock(segment[START]), end: clock(segment[END]), name: look[NAME], confidence: percent(segment[CONFIDENCE]),
});
function part(kind, name, text) {
  const made = document.createElement(kind);
  made.className = name;
  made.textContent = text;
  return made;
}

// What each stretch contributes: up for what is said about the whole, down against it.
function drawDecided(svg, lane, labels, range) {
  const { width, height } = svg.getBoundingClientRect(), across = width / (range.to - range.from);
  const scores = lane.decided.map(([, , score]) => score);
  const top = Math.max(0.001, ...scores), bottom = Math.max(0.0003, top / 6, -Math.min(...scores));
  const zero = (height * top) / (top + bottom), scale = height / (top + bottom);
  const shapes = { for: [], against: [] };
  for (const [start, end, score] of stretches(lane.decided, range, width)) {
    const left = Math.max(0, (start - range.from) * across), right = Math.min(width, (end - range.from) * across);
    const gap = Math.min(1, 0.2 * (right - left)), tall = Math.max(0.5, Math.abs(score) * scale);
    shapes[score < 0 ? "against" : "for"].push(
      `M${(left + gap / 2).toFixed(1)} ${(score < 0 ? zero : zero - tall).toFixed(1)}h${(right - left - gap).toFixed(2)}v${tall.toFixed(1)}h-${(right - left - gap).toFixed(2)}z`);
  }
  paths(svg, [
    { shape: shapes.for.join(""), color: labels[lane.about][COLOR] },
    { shape: shapes.against.join(""), name: "em-against" },
    { shape: `M0 ${zero.toFixed(1)}h${width}v1h-${width}z`, name: "em-zero" },
  ]);
}
// Those that are visible; means of neighbours where they would be thinner than a piece of the band.
function stretches(decided, range, width) {
  const visible = segmentsBetween(decided, range.from, range.to);
  const together = Math.ceil((COLUMN * visible.length) / width);
  if (together < 2) return visible;
  const first = countUpTo(decided, range.from, (one) => one[END]), joined = [];
  for (let index = first - (first % together); index < first + visible.length; index += together) {
    const some = decided.slice(index, index + together);
    joined.push([some[0][START], some.at(-1)[END], some.reduce((sum, one) => sum + one[2], 0) / some.length]);
  }
  return joined;
}
function contributionAt(lane, labels, time, words) {
  const stretch = lane.decided[countUpTo(lane.decided, time, (one) => one[START]) - 1];
  if (!stretch || time > stretch[END]) return "";
  const points = (100 * Math.abs(stretch[2])).toFixed(1);
  return ` · ${fill(words.points, { points: `${stretch[2] < 0 ? "−" : "+"}${points}`, name: labels[lane.about][NAME] })}`;
}

// Scores as stacked areas, paler where nobody speaks.
function drawAreas(svg, lane, labels, range) {
  const { width, height } = svg.getBoundingClientRect(), across = width / (range.to - range.from);
  const columns = meansOf(lane, labels.length, range, width);
  const x = columns.map(([time]) => ((time - range.from) * across).toFixed(1));
  const borders = columns.map(([, scores]) => {
    const sum = scores.reduce((total, score) => total + score, 0) || 1;
    let below = 0;
    return [0, ...scores.map((score) => (below += score) / sum)];
  });
  const line = (level) => borders.map((border, index) => `${x[index]} ${(height * (1 - border[level])).toFixed(1)}`);
  const drawn = labels.map((look, level) => ({
    shape: `M${[...line(level + 1), ...line(level).reverse()].join("L")}z`, color: look[COLOR],
  }));
  const pauses = (columns.far ? silentBins : silences)(lane.segments, range, width).map(
    ([from, to]) => `M${((from - range.from) * across).toFixed(1)} 0H${((to - range.from) * across).toFixed(1)}V${height}H${((from - range.from) * across).toFixed(1)}z`);
  paths(svg, [...drawn, { shape: pauses.join(""), name: "em-pause" }]);
}

// Where nobody speaks: exactly, or from afar the bins without any speech.
function silences(segments, { from, to }) {
  const found = [];
  let silent = from;
  for (const [start, end] of [...segmentsBetween(segments, from, to), [to, to]]) {
    if (start > silent) found.push([silent, start]);
    silent = Math.max(silent, end);
  }
  return found;
}
function silentBins(segments, range, width) {
  const { size, first, last } = bins(range, Math.max(1, Math.round(width / SMOOTH)));
  const found = [];
  for (let bin = first; bin < last; bin++) {
    if (owner(segments, bin * size, (bin + 1) * size) < 0) found.push([bin * size, (bin + 1) * size]);
  }
  return found;
}

// Times and scores to draw: the columns themselves, or means of them (`far`) where they are closer than corners of the curve.
function meansOf({ times, scores }, kinds, range, width) {
  const first = Math.max(0, countUpTo(times, range.from) - 1), last = Math.min(times.length, countUpTo(times, range.to) + 1);
  const row = (index) => Array.from(scores.subarray(index * kinds, (index + 1) * kinds));
  const far = (last - first) * COLUMN > width;
  const found = [];
  if (!far) {
    for (let index = first; index < last; index++) found.push([times[index], row(index)]);
  } else {
    const { size, first: begin, last: end } = bins(range, Math.max(1, Math.round(width / SMOOTH)));
    for (let bin = begin, index = first; bin < end; bin++) {
      const sums = new Array(kinds).fill(0), start = index;
      for (; index < last && times[index] < (bin + 1) * size; index++) row(index).forEach((score, place) => { sums[place] += score; });
      if (index > start) found.push([(bin + 0.5) * size, sums]);
    }
  }
  if (!found.length) return found;
  const held = [[Math.min(range.from, found[0][0]), found[0][1]], ...found, [Math.max(range.to, found.at(-1)[0]), found.at(-1)[1]]];
  return Object.assign(held, { far });
}

// Round times below a chart.
function drawAxis(box, duration, range) {
  const width = box.getBoundingClientRect().width, span = range.to - range.from;
  const most = Math.max(2, Math.floor(width / 92));
  const step = STEPS.find((one) => span / one <= most) ?? 3600 * Math.ceil(span / most / 3600);
  const marks = [];
  for (let mark = Math.ceil(range.from / step - 1e-6); mark * step < range.from + 0.97 * span; mark++) {
    const label = part("span", "", step < 1 ? clock(mark * step) : clock(Math.round(mark * step)).replace(/\.0$/, ""));
    label.style.left = `${(100 * (mark * step - range.from)) / span}%`;
    marks.push(label);
  }
  box.replaceChildren(...marks);
}

// What is expressed at a moment: a pictograph and words.
function saidAt(lane, labels, time, words) {
  const segment = segmentAt(lane.segments, time);
  if (!segment || time > segment[END]) return ["", words.quiet];
  const look = labels[segment[LABEL]];
  return [look[EMOJI], `${look[NAME]} ${percent(segment[CONFIDENCE])}`];
}
