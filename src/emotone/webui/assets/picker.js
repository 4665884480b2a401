// Files, microphone and examples. The server draws everything; this only uploads and says what was clicked.
// Further states: recording, denied, missing.
let asking = false;
let recording = null;
show("idle");

async function send(files) {
  const chosen = files.length && await uploadAll(files);
  if (chosen) trigger("choose", { files: chosen });
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

acceptChoice(send);
acceptDrops((target) => element.checkVisibility() && !target.closest("#em-voice, #em-turns"), (dropped) => send([...dropped.files]));
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("record" in button.dataset) record();
  if ("stop" in button.dataset) recording?.stop();
  if ("discard" in button.dataset) trigger("discard", { index: Number(button.dataset.discard) });
  const working = document.querySelector(".em-working"); // one analysis at a time
  if ("example" in button.dataset && !working) trigger("example", { index: Number(button.dataset.example) });
});
