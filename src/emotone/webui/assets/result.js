// One audio element plays everything: the whole recording from a click on, or a segment from its start to its end.
// --em-at on the stage is where the playhead stands, 0…1 of what is visible.
const ROWS = 60; // segments that the list shows at first, and with each click on "more"
let end = null;
let drawn = null;
let rows = ROWS;
let order = "time";
let ticking = 0;

function draw() {
  const audio = find("audio");
  if (!audio || !chart) return;
  if (end !== null && audio.currentTime >= end) {
    audio.pause();
    audio.currentTime = end;
    end = null;
  }
  const at = Math.min(audio.currentTime, chart.duration), stage = find(".em-stage");
  if (!audio.paused && at > visible.to && fingers.size === 0 && held === null) reveal(at);
  const place = (at - visible.from) / span();
  stage.style.setProperty("--em-at", Math.max(0, Math.min(1, place)));
  stage.dataset.started = at > 0 || !audio.paused ? "yes" : "no";
  stage.dataset.outside = place < -1e-6 || place > 1 + 1e-6 ? "yes" : "no";
  find(".em-player .em-clock").textContent = at > 0 ? `${clock(at)} / ${clock(chart.duration)}` : clock(chart.duration);
  const button = find("[data-play]");
  button.dataset.playing = audio.paused ? "no" : "yes";
  button.ariaLabel = audio.paused ? button.dataset.labelPlay : button.dataset.labelPause;
  describe(at, audio.paused);
  for (const segment of element.querySelectorAll("[data-start]")) {
    const inside = at >= Number(segment.dataset.start) && at < Number(segment.dataset.end) && !audio.paused;
    segment.toggleAttribute("data-current", inside);
  }
  cancelAnimationFrame(ticking);
  if (!audio.paused) ticking = requestAnimationFrame(draw);
}

// The playhead is a slider for keys and screen readers, which hear what is expressed there.
function describe(at, paused) {
  const head = find(".em-playhead"), now = paused ? at.toFixed(1) : String(Math.floor(at));
  if (head.ariaValueNow === now && head.dataset.view === String(view)) return;
  head.ariaValueNow = now;
  head.dataset.view = view;
  const said = lanes().map((lane) => {
    const [, words] = saidAt(lane, labels(), at, chart.words);
    return lane.speaker ? `${lane.speaker}: ${words}` : words;
  });
  head.ariaValueText = `${clock(at)}, ${said.join("; ")}`;
}

function play(start, until) {
  const audio = find("audio");
  end = until;
  if (start !== null) audio.currentTime = start;
  reveal(audio.currentTime);
  audio.play().then(draw, draw);
}
function toggle() {
  const audio = find("audio");
  if (!audio.paused) return audio.pause();
  play(audio.ended ? 0 : null, null);
}
function seek(time) {
  end = null;
  find("audio").currentTime = Math.max(0, Math.min(time, chart.duration));
  reveal(find("audio").currentTime);
  draw();
}

const KEYS = {
  ArrowLeft: () => seek(find("audio").currentTime - Math.min(1, span() / 20)),
  ArrowRight: () => seek(find("audio").currentTime + Math.min(1, span() / 20)),
  PageUp: () => pan(-0.8 * span()),
  PageDown: () => pan(0.8 * span()),
  Home: () => seek(0),
  End: () => seek(chart.duration),
  " ": toggle,
  Enter: toggle,
  "+": () => zoomBy("in"),
  "=": () => zoomBy("in"),
  "-": () => zoomBy("out"),
  0: () => zoomBy("whole"),
};

// Segments in words: as they come, or the strongest first. The emotions that say little come last then.
function listed() {
  const found = lanes().flatMap((lane) => lane.segments.map((segment) => ({ lane, segment })));
  const plain = ({ segment }) => ["neutral", "unknown"].includes(labels()[segment[LABEL]][0]);
  const strength = ({ segment }) => Math.round(100 * (segment[CONFIDENCE] ?? 0)); // as it is shown; then the longer one
  const length = ({ segment }) => segment[END] - segment[START];
  if (order === "time") return found.sort((one, other) => one.segment[START] - other.segment[START]);
  return found.sort((one, other) => plain(one) - plain(other) || strength(other) - strength(one) || length(other) - length(one));
}
function drawList() {
  const list = find(".em-segments");
  if (!list) return;
  const all = listed();
  list.replaceChildren(...all.slice(0, rows).map(listRow));
  const more = find("[data-more]");
  more.hidden = all.length <= rows;
  more.textContent = fill(chart.words.more, { count: all.length - rows });
}
function listRow({ lane, segment }) {
  const look = labels()[segment[LABEL]], row = document.createElement("li"), button = document.createElement("button");
  button.type = "button";
  button.className = "em-row";
  button.style.setProperty("--em-color", look[COLOR]);
  button.style.setProperty("--em-share", segment[CONFIDENCE] ?? 0);
  button.dataset.start = segment[START].toFixed(3);
  button.dataset.end = segment[END].toFixed(3);
  const name = part("span", "em-row-name", "");
  const emoji = part("span", "em-emoji", look[EMOJI]);
  emoji.ariaHidden = "true";
  name.append(emoji, ` ${look[NAME]}`);
  if (lane.speaker) name.append(part("span", "em-who", lane.speaker));
  if (segment[SAID]) name.append(part("span", "em-said", segment[SAID]));
  button.append(part("span", "em-time", `${clock(segment[START])} – ${clock(segment[END])}`), name,
    part("span", "em-number", percent(segment[CONFIDENCE])));
  row.append(button);
  return row;
}

function correctOwn() {
  const label = find("[data-own-label]").value.trim();
  if (label) trigger("correct", { label });
}

element.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && "ownLabel" in event.target.dataset) correctOwn();
  const act = event.target.closest(".em-playhead") && !event.ctrlKey && !event.metaKey && !event.altKey && KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button && "play" in button.dataset) return toggle();
  if (button && "zoom" in button.dataset) return zoomBy(button.dataset.zoom);
  if (button && "start" in button.dataset) return play(Number(button.dataset.start), Number(button.dataset.end));
  if (button && "more" in button.dataset) { rows += ROWS; return drawList(); }
  if (button && "export" in button.dataset) return trigger("export", { format: button.dataset.export });
  if (button && "open" in button.dataset) return trigger("open_result", { index: Number(button.dataset.open) });
  if (button && "back" in button.dataset) return trigger("open_result", { index: -1 });
  if (button && "correct" in button.dataset) return trigger("correct", { label: button.dataset.correct });
  if (button && "correctOwn" in button.dataset) return correctOwn();
  if (event.target.closest(".em-stage")) return play(timeAt(event.clientX), null);
});
element.addEventListener("change", (event) => {
  const { name, value } = event.target;
  if (name === "em-view") view = Number(value);
  if (name === "em-order") { order = value; rows = ROWS; }
  if (name === "em-view" || name === "em-order") { drawList(); redraw(); }
});
for (const name of ["pause", "ended", "seeked", "loadedmetadata"]) element.addEventListener(name, draw, true);

// Drawn anew in another language, the same recording stays as it was looked at.
function begin() {
  const stage = find(".em-stage"), address = find("audio")?.getAttribute("src") ?? null;
  chart = stage ? readChart(stage.dataset.chart) : null;
  if (chart && address !== drawn) {
    [end, view, rows, visible] = [null, 0, ROWS, { from: 0, to: chart.duration }];
    order = find("[name='em-order']:checked")?.value ?? "time";
  }
  drawn = address;
  if (!chart) return;
  for (const [name, value] of [["em-view", view], ["em-order", order]]) {
    const choice = find(`[name='${name}'][value='${value}']`);
    if (choice) choice.checked = true;
  }
  drawList();
  drawVisible();
}
watch("value", () => {
  begin();
  const top = element.getBoundingClientRect().top;
  const working = find(".em-working");
  if (working && (top < 0 || top > innerHeight * 0.7)) element.scrollIntoView({ behavior: calm() ? "auto" : "smooth" });
});
