// Which part of a recording is visible, and what changes that: wheel, pinch, drag, buttons, keys and the overview.
// `chart` is what the server sent, `visible` the seconds that are shown; everything else is drawn from these.
const SHORTEST = 1; // seconds that fill the chart when it cannot be zoomed any further
const find = (selector) => element.querySelector(selector);
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
let chart = null;
let view = 0;
let visible = { from: 0, to: 1 };
let pending = 0;
let gliding = 0;
let goal = null; // what a movement that is under way ends at

const span = () => visible.to - visible.from;
const whole = () => span() >= chart.duration - 1e-6;
const lanes = () => chart.views[view].lanes;
const labels = () => chart.views[view].labels;

function drawVisible() {
  pending = 0;
  const stage = find(".em-stage");
  if (!chart || !stage?.checkVisibility()) return;
  element.querySelectorAll(`.em-view-${view} .em-lane`).forEach((frame, index) => {
    const lane = lanes()[index];
    const [wave, decided, strip, areas] = ["waveform", "decided", "strip", "areas"].map((name) => frame.querySelector(`.em-${name}`));
    drawWave(wave, lane, labels(), chart.duration, visible);
    if (decided) drawDecided(decided, lane, labels(), visible);
    if (strip) drawStrip(strip, lane, labels(), visible, chart.words);
    if (areas) drawAreas(areas, lane, labels(), visible);
  });
  drawAxis(find(".em-axis"), chart.duration, visible);
  drawOverview();
  find("[data-zoom='in']").disabled = span() <= Math.min(SHORTEST, chart.duration) + 1e-6;
  for (const name of ["out", "whole"]) find(`[data-zoom='${name}']`).disabled = whole();
  stage.dataset.zoomed = whole() ? "no" : "yes";
  stage.dataset.from = visible.from.toFixed(3);
  stage.dataset.to = visible.to.toFixed(3);
  stage.dataset.gliding = goal ? "yes" : "no";
  draw();
}
const redraw = () => { if (!pending) pending = requestAnimationFrame(drawVisible); };

function drawOverview() {
  const overview = find(".em-overview");
  overview.hidden = whole();
  if (overview.hidden) return;
  const rows = overview.querySelectorAll(".em-overview-lane");
  const all = { from: 0, to: chart.duration };
  lanes().forEach((lane, index) => {
    const row = rows[index] ?? overview.insertBefore(part("div", "em-overview-lane", ""), find(".em-visible"));
    const key = `${view} ${row.getBoundingClientRect().width}`; // it does not change with what is visible
    if (row.dataset.drawn !== key) drawBand(row, lane.segments, labels(), all, 2);
    row.dataset.drawn = key;
  });
  for (const row of [...rows].slice(lanes().length)) row.remove();
  const frame = find(".em-visible");
  frame.style.left = `${(100 * visible.from) / chart.duration}%`;
  frame.style.width = `${(100 * span()) / chart.duration}%`;
}

// Shows these seconds, as far as there are any.
function reach(from, to) {
  const length = Math.min(chart.duration, Math.max(to - from, Math.min(SHORTEST, chart.duration)));
  const start = Math.max(0, Math.min((from + to - length) / 2, chart.duration - length));
  visible = { from: start, to: start + length };
  redraw();
}
function look(from, to) {
  cancelAnimationFrame(gliding);
  goal = null;
  reach(from, to);
}
const zoom = (factor, time) => look(time - (time - visible.from) * factor, time + (visible.to - time) * factor);
const pan = (seconds) => {
  const shift = Math.max(-visible.from, Math.min(seconds, chart.duration - visible.to));
  look(visible.from + shift, visible.to + shift);
};

// The same in a few steps, so that the eye can follow.
function glide(from, to) {
  cancelAnimationFrame(gliding);
  if (calm()) return reach(from, to);
  goal = { from, to };
  const begin = { ...visible }, started = performance.now();
  const step = (now) => {
    const done = Math.min(1, Math.max(0, (now - started) / 180)), eased = 1 - (1 - done) ** 3;
    reach(begin.from + (from - begin.from) * eased, begin.to + (to - begin.to) * eased);
    if (done < 1) gliding = requestAnimationFrame(step); else goal = null;
  };
  gliding = requestAnimationFrame(step);
}
function zoomBy(name) {
  if (name === "whole") return glide(0, chart.duration);
  const { from, to } = goal ?? visible, at = find("audio").currentTime;
  const around = at > 0 && at > from && at < to ? at : (from + to) / 2;
  const length = Math.max(Math.min(SHORTEST, chart.duration), Math.min(chart.duration, (to - from) * (name === "in" ? 0.5 : 2)));
  const start = Math.max(0, Math.min(around - (around - from) * (length / (to - from)), chart.duration - length));
  glide(start, start + length);
}
// A moment that is played or looked for stays in sight.
function reveal(time) {
  if (time >= visible.from && time <= visible.to) return;
  const length = span();
  const from = Math.max(0, Math.min(time - 0.1 * length, chart.duration - length));
  glide(from, from + length);
}

const timeAt = (x) => {
  const box = find(".em-stage").getBoundingClientRect();
  return visible.from + Math.max(0, Math.min(1, (x - box.left) / box.width)) * span();
};

element.addEventListener("wheel", (event) => {
  if (!chart || !event.target.closest(".em-stage, .em-overview")) return;
  const unit = event.deltaMode === 1 ? 16 : 1;
  if (event.ctrlKey || event.metaKey || event.altKey) { // a pinch on a touchpad comes as a wheel with Ctrl
    event.preventDefault();
    const turned = Math.max(-60, Math.min(60, event.deltaY * unit));
    return zoom(Math.exp(turned * 0.006), timeAt(event.clientX));
  }
  const across = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
  if (whole() || Math.abs(across) <= (event.shiftKey ? 0 : Math.abs(event.deltaY))) return; // the page scrolls
  event.preventDefault();
  pan(((across * unit) / find(".em-stage").clientWidth) * span());
}, { passive: false });

// Fingers and the mouse on the stage: one pans, two pinch. `dragged` tells the click that ends it that it is none.
const fingers = new Map();
let dragged = false;
element.addEventListener("pointerdown", (event) => {
  if (event.isPrimary) { dragged = false; fingers.clear(); }
  if (event.button !== 0 || !event.target.closest(".em-stage")) return;
  fingers.set(event.pointerId, { x: event.clientX, start: event.clientX });
});
element.addEventListener("pointermove", (event) => {
  const finger = fingers.get(event.pointerId);
  if (!finger) return;
  const far = Math.abs(event.clientX - finger.start) > 5;
  if (!dragged && !(far && (fingers.size > 1 || !whole()))) return;
  if (!dragged) {
    dragged = true;
    find(".em-stage").setPointerCapture(event.pointerId);
  }
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const factor = Math.max(8, Math.abs(finger.x - other.x)) / Math.max(8, Math.abs(event.clientX - other.x));
    zoom(factor, timeAt((event.clientX + other.x) / 2));
  } else {
    pan(((finger.x - event.clientX) / find(".em-stage").clientWidth) * span());
  }
  finger.x = event.clientX;
});
for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, (event) => fingers.delete(event.pointerId));
element.addEventListener("click", (event) => {
  if (dragged && event.target.closest(".em-stage")) event.stopImmediatePropagation();
  dragged = false;
}, true);

// The overview: what is shown moves with the pointer.
let held = null; // where in the frame it is held, in seconds
element.addEventListener("pointerdown", (event) => {
  const overview = event.target.closest(".em-overview");
  if (!overview || event.button !== 0) return;
  const box = overview.getBoundingClientRect();
  const time = ((event.clientX - box.left) / box.width) * chart.duration;
  held = time > visible.from && time < visible.to ? time - visible.from : span() / 2;
  pan(time - held - visible.from);
  overview.setPointerCapture(event.pointerId);
});
element.addEventListener("pointermove", (event) => {
  if (held === null) return;
  const box = find(".em-overview").getBoundingClientRect();
  pan(((event.clientX - box.left) / box.width) * chart.duration - held - visible.from);
});
for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) element.addEventListener(name, () => { held = null; });

// What is said about the place under the mouse.
element.addEventListener("pointermove", (event) => {
  const stage = event.target.closest?.(".em-stage"), tip = find(".em-tip");
  if (!tip) return;
  tip.hidden = !stage || event.pointerType !== "mouse" || fingers.size > 0;
  if (tip.hidden) return;
  const box = stage.getBoundingClientRect(), time = timeAt(event.clientX);
  const frames = [...element.querySelectorAll(`.em-view-${view} .em-lane`)];
  const index = Math.max(0, frames.findIndex((frame) => event.clientY < frame.getBoundingClientRect().bottom));
  const [emoji, said] = saidAt(lanes()[index], labels(), time, chart.words);
  const points = contributionAt(lanes()[index], labels(), time, chart.words);
  tip.replaceChildren(`${clock(time)} · `, part("span", "em-emoji", emoji), ` ${said}${points}`);
  tip.style.left = `${event.clientX - box.left}px`;
  tip.dataset.side = event.clientX - box.left > box.width / 2 ? "left" : "right";
});
element.addEventListener("pointerleave", () => { const tip = find(".em-tip"); if (tip) tip.hidden = true; });
new ResizeObserver(redraw).observe(element);
