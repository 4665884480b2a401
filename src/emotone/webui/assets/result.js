// One audio element plays everything: the whole recording, or a segment from its start to its end.
// --em-at on the stage is where the playhead stands, 0…1.
let end = null;
let drawn = null;
const find = (selector) => element.querySelector(selector);

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

function draw() {
  const audio = find("audio");
  if (!audio) return;
  const duration = Number(audio.dataset.duration) || 1;
  if (end !== null && audio.currentTime >= end) {
    audio.pause();
    audio.currentTime = end;
    end = null;
  }
  const at = Math.min(audio.currentTime, duration);
  find(".em-stage").style.setProperty("--em-at", at / duration);
  find(".em-stage").dataset.started = at > 0 || !audio.paused ? "yes" : "no";
  find(".em-player .em-clock").textContent = at > 0 ? `${clock(at)} / ${clock(duration)}` : clock(duration);
  const button = find("[data-play]");
  button.dataset.playing = audio.paused ? "no" : "yes";
  button.ariaLabel = audio.paused ? button.dataset.labelPlay : button.dataset.labelPause;
  for (const part of element.querySelectorAll("[data-start]")) {
    const inside = at >= Number(part.dataset.start) && at < Number(part.dataset.end) && !audio.paused;
    part.toggleAttribute("data-current", inside);
  }
  if (!audio.paused) requestAnimationFrame(draw);
}

function play(start, until) {
  const audio = find("audio");
  end = until;
  if (start !== null) audio.currentTime = start;
  audio.play().then(draw, draw);
}

function toggle() {
  const audio = find("audio");
  if (!audio.paused) return audio.pause();
  play(audio.ended ? 0 : null, null);
}

function seek(event, stage) {
  const audio = find("audio");
  const box = stage.getBoundingClientRect();
  audio.currentTime = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * Number(audio.dataset.duration);
  end = null;
  draw();
}

function correctOwn() {
  const label = find("[data-own-label]").value.trim();
  if (label) trigger("correct", { label });
}

element.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && "ownLabel" in event.target.dataset) correctOwn();
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button && "play" in button.dataset) return toggle();
  if (button && "start" in button.dataset) return play(Number(button.dataset.start), Number(button.dataset.end));
  if (button && "open" in button.dataset) return trigger("open_result", { index: Number(button.dataset.open) });
  if (button && "back" in button.dataset) return trigger("open_result", { index: -1 });
  if (button && "correct" in button.dataset) return trigger("correct", { label: button.dataset.correct });
  if (button && "correctOwn" in button.dataset) return correctOwn();
  const stage = event.target.closest(".em-stage");
  if (stage) seek(event, stage);
});
for (const name of ["pause", "ended", "seeked", "loadedmetadata"]) element.addEventListener(name, draw, true);

watch("value", () => {
  const audio = find("audio");
  const address = audio ? audio.getAttribute("src") : null;
  if (address !== drawn) {
    end = null;
    drawn = address;
  }
  draw();
  const top = element.getBoundingClientRect().top;
  const working = find(".em-working");
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (working && (top < 0 || top > innerHeight * 0.7)) element.scrollIntoView({ behavior: calm ? "auto" : "smooth" });
});
