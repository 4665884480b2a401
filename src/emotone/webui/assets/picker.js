// Files, microphone and examples. The server draws everything; this only uploads and says what was clicked.
// element.dataset.state is what the visitor sees: idle, uploading, recording, failed, denied or missing.
let asking = false;
let recording = null;
const show = (state) => { element.dataset.state = state; };
show("idle");

async function send(files) {
  if (!files.length) return;
  show("uploading");
  try {
    const chosen = [];
    for (const file of files) chosen.push({ name: file.name, path: (await upload(file)).path });
    show("idle");
    trigger("choose", { files: chosen });
  } catch {
    show("failed");
  }
}

function watchLevel(stream) {
  const audio = new AudioContext();
  const analyser = audio.createAnalyser();
  const samples = new Float32Array(analyser.fftSize);
  const start = Date.now();
  audio.createMediaStreamSource(stream).connect(analyser);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const level = Math.min(1, 4 * Math.hypot(...samples) / Math.sqrt(samples.length));
    const seconds = Math.floor((Date.now() - start) / 1000);
    const stop = element.querySelector("[data-stop]");
    stop.style.setProperty("--em-level", level.toFixed(2));
    stop.querySelector(".em-clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }, 100);
  return () => { clearInterval(timer); audio.close(); };
}

async function record() {
  if (asking || recording) return;
  if (!navigator.mediaDevices || !window.MediaRecorder) return show("missing");
  asking = true;
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch (error) {
    return show(error.name === "NotFoundError" ? "missing" : "denied");
  } finally {
    asking = false;
  }
  const parts = [];
  const endLevel = watchLevel(stream);
  recording = new MediaRecorder(stream);
  recording.ondataavailable = (event) => parts.push(event.data);
  recording.onstop = () => {
    endLevel();
    stream.getTracks().forEach((track) => track.stop());
    const type = recording.mimeType || "audio/webm";
    const ending = type.includes("mp4") ? "m4a" : type.includes("ogg") ? "ogg" : "webm";
    const time = new Date().toTimeString().slice(0, 8).replaceAll(":", "");
    recording = null;
    send([new File(parts, `recording_${time}.${ending}`, { type })]);
  };
  recording.start();
  show("recording");
  element.querySelector("[data-stop]").focus();
}

element.addEventListener("change", (event) => {
  if (event.target.type !== "file") return;
  send([...event.target.files]);
  event.target.value = "";
});
// Files may be dropped anywhere: beside the area, the browser would leave the page and show the file.
document.addEventListener("dragover", (event) => { event.preventDefault(); element.dataset.over = ""; });
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) delete element.dataset.over; });
document.addEventListener("drop", (event) => {
  event.preventDefault();
  delete element.dataset.over;
  send([...event.dataTransfer.files]);
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("record" in button.dataset) record();
  if ("stop" in button.dataset) recording?.stop();
  if ("discard" in button.dataset) trigger("discard", { index: Number(button.dataset.discard) });
  const working = document.querySelector(".em-working"); // one analysis at a time
  if ("example" in button.dataset && !working) trigger("example", { index: Number(button.dataset.example) });
});
