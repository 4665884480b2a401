// The Live tab. The server draws the frame in its language; this fills it, and again whenever it is drawn anew.
// element.dataset.state: idle, asking, connecting, live, finishing, done, saving, saved. element.dataset.problem: what went wrong.
const SPEAK = 4000; // milliseconds between two sentences for a screen reader
const NO_SPEECH = ["silent", "no_speech"];
const START = "start"; // the model of the server's start, as library.py calls it
const find = (selector) => element.querySelector(selector);
const page = () => find(".em-live").dataset;
const chinese = () => document.documentElement.lang.startsWith("zh");
const shown = { adapt: false, said: null, whole: false, detail: null, model: null, level: 0, peak: 0, spoken: "", spokenAt: 0 };
const chosenModel = () => document.querySelector("#em-menu select")?.value ?? START; // in the first tab
let looks = JSON.parse(page().looks); // how each label is shown
let session = null; // while the microphone is open or a result is awaited
let recording = null; // what was heard, until it is saved or forgotten

function turn(state, problem = "") {
  element.dataset.state = state;
  element.dataset.problem = problem;
  document.querySelector("#em-tabs")?.toggleAttribute("data-listening", state === "live");
  paint();
}

function lookOf(label) {
  const place = [...label].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
  return looks[label] ?? { name: label, other: "", emoji: "🏷️", color: `hsl(${place} 50% 50%)` };
}

// From the click to the first sound.
async function start() {
  if (session) return;
  if (!isSecureContext) return turn("idle", "insecure");
  if (!navigator.mediaDevices || !window.AudioWorkletNode) return turn("idle", "too-old");
  const mine = { media: null, context: null, socket: null, endCapture: null, ready: false, ended: false };
  session = mine;
  recording = null;
  forget();
  Object.assign(shown, { said: null, whole: false, detail: null, model: null, level: 0, peak: 0, spoken: "", spokenAt: -SPEAK });
  trigger("begin");
  turn("asking");
  try {
    mine.media = await openMicrophone(() => { if (session === mine) stop("device-gone"); });
  } catch (error) {
    session = null;
    return turn("idle", microphoneProblem(error));
  }
  mine.context = new AudioContext();
  recording = Object.assign(newRecording(mine.context.sampleRate), { adapt: shown.adapt, model: chosenModel() });
  turn("connecting");
  const settings = { sample_rate: recording.rate, name: nameOf(recording) };
  if (recording.adapt) settings.baseline = "auto";
  if (recording.model !== START) settings.model = recording.model;
  settings.head = page().head ? JSON.parse(page().head) : "emotions";
  mine.socket = openStream(settings, (event) => hear(mine, event), (code) => closed(mine, code));
}

async function begin(mine, ready) {
  mine.ready = true;
  shown.model = ready.model;
  try {
    mine.endCapture = await capture(mine.media, mine.context, (block) => take(mine, block));
  } catch (error) {
    console.warn(error);
    const why = await whyUnreachable();
    return fail(mine, why === "no-sockets" ? "too-old" : why);
  }
  if (session !== mine || mine.ended) return;
  heard.moving = true;
  turn("live");
  find("[data-stop]").focus({ preventScroll: true });
  animate();
}

function take(mine, { samples, level, peak }) {
  if (session !== mine || !samples.length) return;
  keep(recording, samples);
  addLevel(level, recording.samples / recording.rate);
  shown.level = level;
  shown.peak = Math.max(peak, 0.94 * shown.peak);
  paintLevel();
  if (mine.socket.readyState !== WebSocket.OPEN) return;
  mine.socket.send(samples);
  if (mine.socket.bufferedAmount > 2 * PATIENCE * recording.rate) fail(mine, "slow");
}

function hear(mine, event) {
  if (session !== mine) return;
  if (event.type === "ready") begin(mine, event);
  if (event.type === "speech_started") heard.regions.push({ start: event.at, end: null });
  if (event.type === "speech_ended" && heard.regions.length) heard.regions.at(-1).end = event.at;
  if (event.type === "segment") heard.segments.push(event);
  if (event.type === "problem") shown.detail = event;
  if (event.type === "window") {
    heard.windows.push(event);
    heard.fresh = performance.now();
    if (!NO_SPEECH.some((code) => event.doubts.includes(code))) shown.said = event;
  }
  if (event.type === "result") settle(event);
  else paint();
}

// The result takes the place of what was said on the way: it knows the whole recording.
function settle(result) {
  const { segments, windows } = result.timeline;
  heard.moving = false;
  shown.whole = true;
  Object.assign(heard, { segments, windows, regions: segments.map(({ start, end }) => ({ start, end })) });
  const { emotion, confidence, scores, doubts, withheld } = result;
  const whole = { label: emotion, confidence, scores, withheld, doubts: doubts.map(({ code }) => code) };
  shown.said = result.absolute && recording.adapt ? result.absolute : whole;
  if (!segments.length) shown.said = null;
}

// A click on Stop, or a microphone that was taken away: the rest is sent, the result awaited.
async function stop(problem = "") {
  const mine = session;
  if (!mine || mine.ended) return;
  if (!mine.endCapture) return fail(mine, problem);
  mine.ended = true;
  heard.moving = false;
  turn("finishing", problem);
  watchServer("finishing", () => fail(mine, "lost"));
  await mine.endCapture();
  release(mine.media, mine.context);
  if (mine.socket.readyState === WebSocket.OPEN) mine.socket.send(JSON.stringify({ type: "end" }));
  else closed(mine, 1006);
}

async function closed(mine, code) {
  if (session !== mine) return;
  if (code === 1006 && !mine.ready) {
    release(mine.media, mine.context);
    return fail(mine, await whyUnreachable());
  }
  fail(mine, streamProblem(code) || element.dataset.problem);
}

// The end of a session, whatever ended it. What was heard stays.
function fail(mine, problem) {
  if (session !== mine) return;
  session = null;
  mine.ended = true;
  heard.moving = false;
  release(mine.media, mine.context);
  mine.socket?.close();
  if (!recording?.samples) recording = null;
  turn(recording ? "done" : "idle", problem);
}

async function save() {
  if (!recording || element.dataset.state !== "done") return;
  turn("saving");
  watchServer("saving", () => turn("done", "not-handed-over"));
  try {
    const file = wavFile(recording);
    const { path } = await upload(file);
    trigger("save", { files: [{ name: file.name, path }], adapt: recording.adapt, model: recording.model });
  } catch (error) {
    console.warn(error);
    turn("done", "not-handed-over");
  }
}

// While an answer is awaited: a server that is gone says nothing at all.
function watchServer(state, gone) {
  const timer = setInterval(async () => {
    if (element.dataset.state !== state) return clearInterval(timer);
    if (await whyUnreachable() === "unreachable" && element.dataset.state === state) gone();
  }, 2000);
}

// What the state is, or what went wrong.
function paintMessages() {
  const { state, problem } = element.dataset;
  for (const part of element.querySelectorAll(".em-messages p")) {
    part.toggleAttribute("data-shown", part.dataset.when ? part.dataset.when === problem : part.dataset.in === state);
  }
  const detail = shown.detail && (chinese() ? shown.detail.detail_zh : shown.detail.detail);
  for (const place of element.querySelectorAll(".em-live-detail")) place.textContent = detail ?? "";
  const port = location.port || "80";
  find("[data-local]").textContent = `http://localhost:${port}`;
  find("[data-tunnel]").textContent = `ssh -L ${port}:localhost:${port} ${location.hostname}`;
}

function paintLevel() {
  const meter = find(".em-level");
  const share = shown.level > 0 ? Math.max(0, 1 + Math.log10(shown.level) / 3) : 0; // -60 dB … 0 dB
  meter.style.setProperty("--em-level", share.toFixed(3));
  meter.ariaValueNow = Math.round(100 * share);
  meter.toggleAttribute("data-clipped", shown.peak >= 0.99);
  find(".em-live .em-clock").textContent = clock(heard.until);
}

// What is said now, in large letters.
function paint() {
  const state = element.dataset.state;
  const over = ["done", "saving", "saved"].includes(state);
  const speaking = inSpeech(heard.until);
  const hero = find(".em-hero");
  const said = shown.said;
  const look = said ? lookOf(said.label) : { other: "", color: "var(--em-quiet)", ...silence(over) };
  hero.style.setProperty("--em-color", look.color);
  hero.classList.toggle("em-faint", !said || !(over || speaking));
  find(".em-when").textContent = whenSaid(over, speaking);
  find(".em-big-emoji").textContent = look.emoji;
  find(".em-name").textContent = look.name;
  find(".em-names .em-other-name").textContent = look.other;
  find(".em-confidence").hidden = !said || said.withheld !== undefined;
  find(".em-big-number").textContent = said ? `${Math.round(100 * said.confidence)}%` : "";
  find(".em-asides").replaceChildren(...(said ? [runnerUp(said), uncompared(said)].filter(Boolean) : []));
  find(".em-compared").hidden = !said?.baseline;
  find(".em-amount").textContent = said?.baseline ? page().compared.replace("{seconds}", Math.round(said.baseline.seconds)) : "";
  const reasons = JSON.parse(page().doubts);
  const codes = (said?.doubts ?? []).filter((code) => code in reasons);
  find(".em-live-doubts").replaceChildren(...codes.map((code) => Object.assign(document.createElement("li"), { textContent: reasons[code] })));
  find("[data-adapt]").checked = shown.adapt;
  find("[data-adapt]").disabled = session !== null;
  if (shown.model) find(".em-live-model").textContent = page().model.replace("{name}", shown.model.name).replace("{revision}", shown.model.revision);
  paintMessages();
  paintLegend();
  paintLevel();
  speak(look, over);
  drawCurve();
}

function silence(over) {
  if (!over) return { name: page().hearing, emoji: "👂" };
  return { name: shown.whole ? page().nothing : page().unfinished, emoji: "🔇" };
}

function whenSaid(over, speaking) {
  if (over && shown.whole) return page().whole;
  if (!shown.said) return "";
  if (over) return page().before;
  return speaking ? page().now : `${page().quiet} · ${page().before}`;
}

function runnerUp({ label, scores }) {
  const [next] = Object.keys(scores).filter((other) => other !== label).sort((one, other) => scores[other] - scores[one]);
  return next && scores[next] >= 0.01 ? aside(page().second, next, scores[next]) : null;
}

function uncompared({ absolute }) {
  return absolute ? aside(page().absolute, absolute.label, absolute.scores[absolute.label]) : null;
}

function aside(what, label, score) {
  const sign = Object.assign(document.createElement("span"), { className: "em-emoji", textContent: lookOf(label).emoji });
  sign.ariaHidden = "true";
  const whole = document.createElement("span");
  whole.append(`${what} `, sign, ` ${lookOf(label).name} ${Math.round(100 * score)}%`);
  return whole;
}

function paintLegend() {
  const windows = heard.moving ? heard.windows.slice(-2 * SPAN) : heard.windows;
  const highest = (label) => windows.reduce((most, { scores }) => Math.max(most, scores[label] ?? 0), 0);
  const labels = windows.length ? Object.keys(windows[0].scores).filter((label) => highest(label) >= 0.15) : [];
  find(".em-legend").replaceChildren(...labels.map((label) => {
    const square = document.createElement("i");
    square.style.background = lookOf(label).color;
    const part = document.createElement("span");
    part.append(square, lookOf(label).name);
    return part;
  }));
  const names = labels.map((label) => lookOf(label).name).join(chinese() ? "、" : ", ");
  find("canvas").ariaLabel = page().curve.replace("{names}", names || "–");
}

// For screen readers: a new emotion, every few seconds at most; the result at once.
function speak(look, over) {
  const text = shown.said ? `${look.name} ${Math.round(100 * shown.said.confidence)}%` : look.name;
  const due = shown.said && look.name !== shown.spoken && performance.now() - shown.spokenAt > SPEAK;
  if (!over && !due) return;
  shown.spoken = look.name;
  shown.spokenAt = performance.now();
  find(".em-live-said").textContent = over ? [whenSaid(over), text].filter(Boolean).join(": ") : text;
}

// The curve moves less than a pixel in 1/30 s: more pictures would only take from the model's time on the same computer.
function animate(time = 0, last = 0) {
  const due = time - last > 30;
  if (due) drawCurve();
  if (heard.moving && !calm.matches) requestAnimationFrame((next) => animate(next, due ? time : last));
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("start" in button.dataset) start();
  if ("stop" in button.dataset) stop();
  if ("save" in button.dataset) save();
});
element.addEventListener("change", (event) => { if ("adapt" in event.target.dataset) shown.adapt = event.target.checked; });
element.addEventListener("saved", ({ detail }) => turn(detail.there ? "saved" : "done"));
addEventListener("beforeunload", (event) => { if (["live", "finishing", "saving"].includes(element.dataset.state)) event.preventDefault(); });
addEventListener("pagehide", () => { if (session) fail(session, "lost"); });
new ResizeObserver(drawCurve).observe(element);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(drawCurve));
watch("value", () => { looks = JSON.parse(page().looks); paint(); });
forget();
turn("idle");
