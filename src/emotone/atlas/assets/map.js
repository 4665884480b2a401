// The map itself: painting when something changed, and what pointer and keys do.
const canvas = at("points"), over = at("over"), stage = at("stage"), tip = at("tip");
const painter = new Painter(canvas), grid = new Grid(), view = new View();
const colors = new Uint32Array(COUNT), faint = new Uint32Array(COUNT), layer = new Uint8Array(COUNT);
const NEAR = 12, SHORT = 4; // CSS pixels: as near as this is meant; a shorter way is a click
let asked = false, tool = "move", pointed = -1, line = null, fitted = true;

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const color = (name) => { const hex = style(name); return rgb(hex.length === 4 ? `#${[...hex.slice(1)].map((part) => part + part).join("")}` : hex); };

function recolor() {
  const paper = color("--card"), usual = [], pale = [];
  const add = (one) => { usual.push(packed(one)); pale.push(packed(between(one, paper, 0.8))); };
  if (colorBy.kind === "number") {
    const [low, high] = range(colorBy);
    for (let step = 0; step < 256; step++) add(scaleColor(step / 255));
    add(rgb(GREY));
    for (let row = 0; row < COUNT; row++) {
      const value = colorBy.numbers[row], step = Number.isNaN(value) ? 256 : Math.round((255 * (value - low)) / (high - low || 1));
      colors[row] = usual[step]; faint[row] = pale[step];
    }
    return;
  }
  for (const hex of colorBy.colors) add(rgb(hex));
  add(rgb(GREY)); // where there is no value
  for (let row = 0; row < COUNT; row++) { colors[row] = usual[colorBy.numbers[row]]; faint[row] = pale[colorBy.numbers[row]]; }
}

function repaint() {
  if (asked || !painter.image) return; // the first time is when its size is known
  asked = true;
  requestAnimationFrame(() => { asked = false; paint(); });
}
function paint() {
  const any = selection.length > 0, all = !only.size && !query;
  for (let row = 0; row < COUNT; row++) layer[row] = chosen[row] ? 3 : any || !(all || shown(row)) ? 1 : 2;
  const spent = painter.paint(view, view.radius(canvas.clientWidth, canvas.clientHeight), colors, faint, layer, color("--card"), color("--ink"));
  canvas.dataset.paintMs = spent.toFixed(2);
  drawOver();
}
function resize() {
  painter.resize();
  over.width = canvas.width; over.height = canvas.height;
  if (fitted) view.fit(canvas.clientWidth, canvas.clientHeight);
  paint();
}

// The lasso, and a ring around the point that is pointed at or heard.
function drawOver() {
  const pen = over.getContext("2d"), radius = view.radius(canvas.clientWidth, canvas.clientHeight);
  pen.setTransform(painter.ratio, 0, 0, painter.ratio, 0, 0);
  pen.clearRect(0, 0, over.width, over.height);
  for (const [row, wide] of [[playingRow, 5], [pointed, 3]]) {
    if (row < 0) continue;
    const [x, y] = view.screen(row);
    pen.beginPath(); pen.arc(x, y, radius + wide, 0, 7);
    pen.lineWidth = 2; pen.strokeStyle = row === playingRow ? style("--accent") : style("--ink"); pen.stroke();
  }
  if (!line) return;
  pen.beginPath();
  for (const [x, y] of line) pen.lineTo(x, y);
  pen.closePath();
  pen.fillStyle = `${style("--accent")}22`; pen.fill();
  pen.lineWidth = 1.5; pen.strokeStyle = style("--accent"); pen.stroke();
}

function point(row, x, y) {
  if (row !== pointed) { pointed = row; drawOver(); }
  tip.hidden = row < 0 || x === undefined;
  if (tip.hidden) return;
  const facts = element("dl");
  for (const column of data.columns.slice(0, 9)) {
    const value = said(column, row);
    if (value) facts.append(element("dt", "", columnName(column)), element("dd", "", column.name === "confidence" ? percent(column.numbers[row]) : value));
  }
  tip.replaceChildren(element("strong", "", [fileName(row), span(row)].filter(Boolean).join("  ")), facts);
  if (suggested.has(row)) {
    const { label, share } = suggested.get(row);
    tip.append(element("em", "", say("theirs", { label: labelName(label), share: percent(share) })));
  }
  if (strange.has(row)) tip.append(element("em", "", say("strange_one")));
  const { clientWidth, clientHeight } = stage, { offsetWidth, offsetHeight } = tip;
  tip.style.left = `${x + 18 + offsetWidth > clientWidth ? Math.max(4, x - offsetWidth - 14) : x + 18}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 14, clientHeight - offsetHeight - 8))}px`;
}

// Moves a point of the list into the middle.
function show(row) {
  const [x, y] = view.screen(row);
  view.move(canvas.clientWidth / 2 - x, canvas.clientHeight / 2 - y);
  if (view.scale < 3 * view.base) view.zoom((3 * view.base) / view.scale, canvas.clientWidth / 2, canvas.clientHeight / 2);
  fitted = false; point(row); repaint();
}

const audio = document.querySelector("audio");
let stopAt = Infinity;
function address(row) {
  if (data.audio !== null) return data.audio + encodeURIComponent(data.ids[row]);
  if (/^https?:/.test(path(row))) return path(row);
  if (location.protocol !== "file:" || path(row).includes("://")) return null;
  const parts = path(row).split("/").map(encodeURIComponent).join("/").replace(/^([A-Za-z])%3A/, "/$1:");
  return `file://${parts}`;
}
function hear(row) {
  if (row === playingRow && !audio.paused) return audio.pause();
  playingRow = row;
  at("player").hidden = false;
  at("playing").textContent = [fileName(row), span(row)].filter(Boolean).join("  ");
  at("playing").title = path(row);
  at("about").textContent = about(row);
  at("unreachable").hidden = true;
  const url = address(row);
  const cut = data.whole || data.audio !== null; // whether what is played is the row and nothing else
  stopAt = cut ? Infinity : ends[row];
  if (url === null) unreachable(); else {
    audio.src = cut ? url : `${url}#t=${starts[row]},${ends[row]}`;
    audio.play().catch(() => { if (audio.error) unreachable(); });
  }
  mark(); drawOver();
}
function unreachable() {
  const copy = element("button", "", say("copy"));
  copy.addEventListener("click", () => navigator.clipboard?.writeText(path(playingRow)).then(() => { copy.textContent = say("copied"); }));
  at("unreachable").replaceChildren(`${say("unreachable")} `, element("code", "", path(playingRow)), copy);
  at("unreachable").hidden = false;
  mark();
}
function mark() {
  const on = !audio.paused && !audio.ended;
  at("pause").toggleAttribute("data-on", on);
  for (const item of at("rows").children) {
    const its = Number(item.dataset.row) === playingRow;
    item.toggleAttribute("data-on", its);
    item.firstChild.toggleAttribute("data-on", its && on);
  }
}
for (const event of ["play", "pause", "ended", "error"]) audio.addEventListener(event, mark);
audio.addEventListener("error", unreachable);
audio.addEventListener("timeupdate", () => {
  const row = playingRow, cut = stopAt === Infinity, from = cut ? 0 : starts[row], length = (cut ? audio.duration : ends[row]) - from;
  at("progress").firstChild.style.width = `${Math.min(100, Math.max(0, (100 * (audio.currentTime - from)) / length || 0))}%`;
  if (audio.currentTime >= stopAt) audio.pause();
});
at("pause").addEventListener("click", () => { if (playingRow >= 0) hear(playingRow); });

function use(name) {
  tool = name;
  canvas.dataset.tool = name;
  at("move").setAttribute("aria-pressed", name === "move");
  at("lasso").setAttribute("aria-pressed", name === "lasso");
}
function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  view.zoom(factor, x, y); fitted = false; point(-1); repaint();
}
function fit() { fitted = true; view.fit(canvas.clientWidth, canvas.clientHeight); repaint(); }

// Shift adds to the selection, Alt takes away.
function enclosed(rows, event) {
  if (event.altKey) { const gone = new Set(rows); return select(selection.filter((row) => !gone.has(row))); }
  if (event.shiftKey && tool === "lasso") return select([...new Set([...selection, ...rows])]);
  select(rows);
}

const pointers = new Map();
let way = 0, spread = 0;
const where = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
canvas.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, where(event));
  way = 0; spread = 0;
  line = pointers.size === 1 && (tool === "lasso" || event.shiftKey) ? [where(event)] : null;
  point(-1);
});
canvas.addEventListener("pointermove", (event) => {
  const [x, y] = where(event), before = pointers.get(event.pointerId);
  if (!before) {
    const row = grid.nearest(view, x, y, NEAR, (one) => layer[one] > 1);
    canvas.dataset.state = row < 0 ? "" : "over";
    return point(row, x, y);
  }
  way += Math.hypot(x - before[0], y - before[1]);
  pointers.set(event.pointerId, [x, y]);
  if (pointers.size > 1) {
    const [one, other] = [...pointers.values()], apart = Math.hypot(one[0] - other[0], one[1] - other[1]);
    if (spread) zoom(apart / spread, (one[0] + other[0]) / 2, (one[1] + other[1]) / 2);
    spread = apart; line = null;
  } else if (line) {
    line.push([x, y]); drawOver();
  } else if (way > SHORT) {
    canvas.dataset.state = "moving";
    view.move(x - before[0], y - before[1]); fitted = false; repaint();
  }
});
function lift(event) {
  if (!pointers.delete(event.pointerId)) return;
  canvas.dataset.state = "";
  const drawn = line, [x, y] = where(event);
  line = null;
  if (drawn && way > 3 * SHORT) enclosed(inside(view, drawn, shown), event);
  else if (way <= 3 * SHORT && event.type === "pointerup") {
    const row = grid.nearest(view, x, y, NEAR, (one) => layer[one] > 1);
    if (row >= 0) hear(row);
  }
  drawOver();
}
canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);
canvas.addEventListener("pointerleave", () => { if (!pointers.size) point(-1); });
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...where(event));
}, { passive: false });

const STEP = 60;
const KEYS = {
  ArrowLeft: () => view.move(STEP, 0), ArrowRight: () => view.move(-STEP, 0), ArrowUp: () => view.move(0, STEP), ArrowDown: () => view.move(0, -STEP),
  "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: fit, Home: fit,
  l: () => use(tool === "lasso" ? "move" : "lasso"), m: () => use("move"),
};
canvas.addEventListener("keydown", (event) => {
  const act = event.ctrlKey || event.metaKey ? undefined : KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  if (event.key.startsWith("Arrow")) fitted = false;
  act(); repaint();
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, button");
  if (event.key === "Escape") { if (event.target === at("find")) { at("find").value = query = ""; } select([]); }
  else if (event.key === " " && !typing && playingRow >= 0) { event.preventDefault(); hear(playingRow); }
});
for (const [id, act] of [["move", () => use("move")], ["lasso", () => use("lasso")], ["closer", () => zoom(1.5)], ["farther", () => zoom(1 / 1.5)], ["fit", fit]]) {
  at(id).addEventListener("click", act);
}

const darkness = matchMedia("(prefers-color-scheme: dark)");
let theme = null; // what the visitor chose
function dress() {
  document.documentElement.dataset.theme = theme ?? (darkness.matches ? "dark" : "light");
  recolor(); repaint();
}
at("theme").addEventListener("click", () => {
  theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  dress();
});
darkness.addEventListener("change", dress);

canvas.whereIs = (row) => view.screen(row); // for whoever looks at the page from outside
use("move"); translate(); dress();
new ResizeObserver(resize).observe(stage);
