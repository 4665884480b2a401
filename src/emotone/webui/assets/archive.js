// The archive: asks the server's own API and draws the answers. Only ids go out and names come in; the server knows the paths.
const frame = element.querySelector(".em-archive");
const { texts, emotions } = JSON.parse(frame.dataset.said);
const language = () => (document.documentElement.lang.startsWith("zh") ? "zh" : "en");
const say = (key, values = {}) => texts[language()][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const state = { file: null, wave: null, duration: 0, start: 0, end: 0, emotion: "", sure: 0, where: "", info: null, matches: null, like: "", problem: "", busy: false, map: false, playing: "" };
const player = new Audio();
const SHOWN = "12"; // matches of a search

function make(selector, content = [], more = {}) {
  const [name, ...classes] = selector.split("."), made = document.createElement(name);
  made.className = classes.join(" ");
  const { on = {}, ...attributes } = more;
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  for (const [event, act] of Object.entries(on)) made.addEventListener(event, act);
  made.append(...[content].flat().filter((part) => part !== null));
  return made;
}
function emotionOf(label) {
  const known = emotions[label];
  return known ? { name: `${known.emoji} ${known[language()]}`, color: known.color } : { name: label, color: "#8391a2" };
}
const clock = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;

async function ask(address, options = {}) {
  const answer = await fetch(address, { ...options, headers: { "Accept-Language": language(), Accept: "application/json" } });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail ?? said.title);
  return said;
}
async function load() {
  try {
    state.info = await ask("v1/store");
    state.problem = "";
  } catch (error) {
    state.problem = error instanceof TypeError ? say("lost") : error.message;
  }
  draw();
}

async function choose(file) {
  if (!file) return;
  Object.assign(state, { file, wave: null, duration: 0, start: 0, end: 0 });
  draw();
  try {
    const context = new AudioContext(), sound = await context.decodeAudioData(await file.arrayBuffer());
    context.close();
    if (state.file !== file) return;
    const samples = sound.getChannelData(0), bars = 300, each = Math.max(1, Math.floor(samples.length / bars));
    state.wave = Array.from({ length: bars }, (_, bar) => {
      let most = 0;
      for (let n = bar * each; n < Math.min(samples.length, (bar + 1) * each); n += Math.ceil(each / 400)) most = Math.max(most, Math.abs(samples[n]));
      return most;
    });
    state.duration = sound.duration;
  } catch { /* a format that this browser cannot decode: the server can */ }
  draw();
}

function conditions() {
  const where = state.where.split(/[,，;；\n]/).map((part) => part.trim()).filter(Boolean);
  if (state.emotion) where.push(`label=${state.emotion}`);
  if (state.sure) where.push(`confidence>=${state.sure}`);
  return where;
}
async function answer(work, like) {
  Object.assign(state, { busy: true, problem: "" });
  draw();
  try {
    state.matches = (await work()).matches;
    state.like = like;
  } catch (error) {
    state.problem = error instanceof TypeError ? say("lost") : error.message;
  }
  state.busy = false;
  draw();
}
function search() {
  const body = new FormData();
  body.append("file", state.file);
  if (state.end > state.start) { body.append("start", state.start.toFixed(3)); body.append("end", state.end.toFixed(3)); }
  for (const condition of conditions()) body.append("where", condition);
  body.append("limit", SHOWN);
  return answer(() => ask("v1/store/search", { method: "POST", body }), state.file.name);
}
function similar(match) {
  const query = new URLSearchParams([["id", match.id], ["limit", SHOWN], ...conditions().map((condition) => ["where", condition])]);
  return answer(() => ask(`v1/store/similar?${query}`), match.file);
}

function hear(match, button) {
  if (state.playing === match.id && !player.paused) return player.pause();
  state.playing = match.id;
  player.src = `v1/store/sound?id=${encodeURIComponent(match.id)}`;
  player.play().catch(() => { if (player.error) button.closest("li").querySelector(".em-archive-silent").hidden = false; });
}
function mark() {
  for (const button of frame.querySelectorAll("[data-hear]")) button.toggleAttribute("data-on", button.dataset.hear === state.playing && !player.paused && !player.ended);
}
for (const event of ["play", "pause", "ended", "error"]) player.addEventListener(event, mark);

// The wave; dragging over it chooses a stretch.
function wave() {
  const canvas = make("canvas.em-archive-wave", [], { width: 640, height: 128, "aria-hidden": "true" });
  const paint = () => {
    const pen = canvas.getContext("2d"), style = getComputedStyle(frame), whole = state.end <= state.start;
    pen.clearRect(0, 0, 640, 128);
    state.wave.forEach((most, bar) => {
      const at = ((bar + 0.5) / state.wave.length) * state.duration, inside = whole || (at >= state.start && at <= state.end);
      const high = Math.max(2, most * 120);
      pen.fillStyle = style.getPropertyValue(inside ? "--em-accent" : "--em-quiet");
      pen.fillRect((bar / state.wave.length) * 640, 64 - high / 2, 1.6, high);
    });
  };
  let from = null;
  const at = (event) => { const box = canvas.getBoundingClientRect(); return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * state.duration; };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); from = at(event); });
  canvas.addEventListener("pointermove", (event) => {
    if (from === null) return;
    [state.start, state.end] = [Math.min(from, at(event)), Math.max(from, at(event))];
    paint();
  });
  canvas.addEventListener("pointerup", () => {
    from = null;
    if (state.end - state.start < 0.3) state.start = state.end = 0; // a click: the whole
    draw();
  });
  requestAnimationFrame(paint);
  return canvas;
}
function seconds(name) {
  const shown = state.end > state.start ? state[name].toFixed(1) : "";
  const input = make("input.em-archive-input", [], { type: "number", min: "0", step: "0.1", value: shown, "data-seconds": name, on: { change: (event) => { state[name] = Number(event.target.value); if (state.wave) draw(); } } });
  return make("label", [make("span.em-muted", say(name)), input]);
}

function chooser() {
  const input = make("input.em-sr", [], { type: "file", accept: "audio/*,video/*", on: { change: (event) => choose(event.target.files[0]) } });
  if (!state.file) {
    return make("label.em-drop", [input, make("span.em-drop-icon", "＋", { "aria-hidden": "true" }), make("span.em-drop-text", say("choose")), make("span.em-muted", say("choose_hint"))]);
  }
  return make("div", [
    make("div.em-archive-chosen", [make("strong.em-file-name", state.file.name), make("label.em-load", [input, make("span.em-link", say("another"))])]),
    state.wave ? wave() : null,
    make("p.em-muted", say(state.wave ? "stretch" : "no_wave")),
    make("div.em-archive-two", [seconds("start"), seconds("end")]),
  ]);
}
function filters() {
  const labels = (state.info?.columns ?? []).filter((name) => emotions[name]);
  const choice = make("select.em-archive-input", ["", ...labels].map((label) => make("option", label ? emotionOf(label).name : say("any"), { value: label, selected: label === state.emotion })), { "data-emotion": true, on: { change: (event) => { state.emotion = event.target.value; } } });
  const sure = make("select.em-archive-input", [0, 0.5, 0.7, 0.9].map((least) => make("option", least ? `${100 * least} %` : say("any"), { value: least, selected: least === state.sure })), { on: { change: (event) => { state.sure = Number(event.target.value); } } });
  const where = make("input.em-archive-input", [], { type: "text", value: state.where, placeholder: say("where_hint"), "data-where": true, on: { input: (event) => { state.where = event.target.value; } } });
  const own = (state.info?.columns ?? []).filter((name) => !emotions[name] && !["id", "sha256"].includes(name));
  return make("div.em-archive-filters", [
    make("div.em-archive-two", [make("label", [make("span.em-muted", say("emotion")), choice]), make("label", [make("span.em-muted", say("sure")), sure])]),
    make("label", [make("span.em-muted", say("where")), where]),
    own.length ? make("p.em-muted", say("columns", { names: own.join(", ") })) : null,
  ]);
}
function found(match) {
  const { name, color } = emotionOf(match.label);
  const own = Object.entries(match.metadata).slice(0, 4).map(([key, value]) => `${key}: ${value}`).join(" · ");
  const play = make("button.em-archive-play", [], { type: "button", "data-hear": match.id, "aria-label": say("play", { name: match.file }), on: { click: (event) => hear(match, event.currentTarget) } });
  const closer = match.percentile === null ? say("alike", { value: match.similarity.toFixed(2) }) : say("closer", { share: `${Math.min(99.9, match.percentile).toFixed(1)}%` });
  return make("li", [
    play,
    make("div.em-archive-what", [
      make("div", [make("strong.em-file-name", match.file), make("span.em-muted.em-number", `${clock(match.start)}–${clock(match.end)}`)]),
      make("div", [make("span.em-label", `${name} ${Math.round(100 * match.confidence)}%`, { style: `--em-color:${color}` }), make("span.em-muted", own)]),
      make("p.em-archive-silent", say("silent"), { hidden: true }),
    ]),
    make("div.em-archive-near", [
      make("span.em-archive-bar", [make("i", [], { style: `width:${match.percentile ?? Math.max(0, 100 * match.similarity)}%` })], { "aria-hidden": "true" }),
      make("span.em-muted.em-number", closer),
      make("button.em-link", say("more"), { type: "button", on: { click: () => similar(match) } }),
    ]),
  ]);
}
function results() {
  const parts = [];
  if (state.problem) parts.push(make("p.em-model-problem", state.problem, { role: "alert" }));
  if (state.matches) {
    parts.push(make("h2.em-heading", `${say("like", { name: state.like })} · ${say("found", { count: state.matches.length })}`));
    parts.push(state.matches.length ? make("ul.em-archive-list", state.matches.map(found)) : make("p.em-muted", say("nothing")));
  }
  return make("div.em-archive-results", parts, { "aria-live": "polite" });
}
function drawMap() {
  const address = `v1/store/map?language=${language()}`;
  if (!state.map) {
    return make("div.em-archive-offer", [make("button.em-button", say("map"), { type: "button", "data-map": true, on: { click: () => { state.map = true; draw(); } } }), make("span.em-muted", say("map_hint"))]);
  }
  const waiting = make("p.em-muted", say("drawing"));
  const inner = make("iframe.em-archive-map", [], { src: address, title: say("map"), on: { load: () => waiting.remove() } });
  return make("div", [waiting, inner, make("a.em-link", say("open"), { href: address, target: "_blank" })]);
}

let mapPart = null;
function draw() {
  const focused = document.activeElement?.dataset?.where !== undefined && frame.contains(document.activeElement);
  if (!mapPart || mapPart.dataset.key !== `${state.map} ${language()}`) {
    mapPart = make("div.em-archive-below", [drawMap()]);
    mapPart.dataset.key = `${state.map} ${language()}`;
  }
  const info = state.info && make("p.em-muted", say("rows", { count: state.info.rows.toLocaleString(), model: state.info.model.name }));
  const go = make("button.em-button.em-primary.em-archive-go", say(state.busy ? "searching" : "search"), { type: "button", "data-search": true, disabled: state.busy || !state.file, on: { click: search } });
  const top = make("div.em-archive-main", [make("div.em-archive-left", [chooser(), filters(), go, info]), results()]);
  if (mapPart.parentNode === frame) frame.firstChild.replaceWith(top); // moving a frame would load it again
  else frame.replaceChildren(top, mapPart);
  if (focused) frame.querySelector("[data-where]").focus();
  mark();
}
new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["lang"] });
draw();
load();
