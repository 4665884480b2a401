// The way to the server and the microphone. Nothing here knows what it looks like.
const MICROPHONE = "live/microphone.js";
const PATIENCE = 30; // seconds of sound that may wait to be sent

// Opens a stream. `hear` gets each event of the server, `closed` the code at the end (1006: without a word).
function openStream(settings, hear, closed) {
  const address = new URL("v1/stream", document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address);
  socket.onopen = () => socket.send(JSON.stringify({ type: "start", encoding: "s16", channels: 1, ...settings }));
  socket.onmessage = ({ data }) => hear(JSON.parse(data));
  socket.onclose = ({ code }) => closed(code);
  return socket;
}

// A recording as it grows: 16 bits, one channel. Every few seconds go into a blob, which may lie on the disk.
function newRecording(rate) {
  return { rate, samples: 0, parts: [], fresh: [], freshSamples: 0, begun: new Date() };
}

function keep(recording, block) {
  recording.fresh.push(block);
  recording.freshSamples += block.length;
  recording.samples += block.length;
  if (recording.freshSamples < 10 * recording.rate) return;
  recording.parts.push(new Blob(recording.fresh));
  recording.fresh = [];
  recording.freshSamples = 0;
}

function nameOf({ begun }) {
  const two = (number) => String(number).padStart(2, "0");
  const day = `${begun.getFullYear()}${two(begun.getMonth() + 1)}${two(begun.getDate())}`;
  return `live_${day}_${two(begun.getHours())}${two(begun.getMinutes())}${two(begun.getSeconds())}.wav`;
}

function wavFile(recording) {
  const { rate, samples, parts, fresh } = recording;
  const head = new DataView(new ArrayBuffer(44));
  const text = (at, letters) => [...letters].forEach((letter, place) => head.setUint8(at + place, letter.charCodeAt(0)));
  text(0, "RIFF");
  head.setUint32(4, 36 + 2 * samples, true);
  text(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true); // PCM
  head.setUint16(22, 1, true); // one channel
  head.setUint32(24, rate, true);
  head.setUint32(28, 2 * rate, true);
  head.setUint16(32, 2, true);
  head.setUint16(34, 16, true);
  text(36, "data");
  head.setUint32(40, 2 * samples, true);
  return new File([head, ...parts, ...fresh], nameOf(recording), { type: "audio/wav" });
}

// Opens the microphone. Without the browser's processing for calls: it takes away the loudness that is expressed.
async function openMicrophone(gone) {
  const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const media = await navigator.mediaDevices.getUserMedia({ audio });
  media.getAudioTracks()[0].onended = gone;
  return media;
}

// Lets samples flow from the microphone to `take`, until the function that this returns is called.
async function capture(media, context, take) {
  await context.audioWorklet.addModule(new URL(MICROPHONE, document.baseURI));
  const node = new AudioWorkletNode(context, "microphone", { channelCount: 1, channelCountMode: "explicit" });
  const source = context.createMediaStreamSource(media);
  let ended = null;
  const last = new Promise((resolve) => { ended = resolve; });
  node.port.onmessage = ({ data }) => { take(data); if (data.last) ended(); };
  source.connect(node).connect(context.destination); // it gives silence; some browsers run only what leads to an end
  await context.resume();
  return async () => {
    node.port.postMessage("end");
    await Promise.race([last, new Promise((resolve) => { setTimeout(resolve, 500); })]);
    node.port.onmessage = null;
  };
}

function release(media, context) {
  media?.getTracks().forEach((track) => { track.onended = null; track.stop(); });
  if (context && context.state !== "closed") context.close();
}

// Which sentence says why there is no microphone.
function microphoneProblem(error) {
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") return "no-device";
  if (error.name === "NotReadableError" || error.name === "AbortError") return "device-taken";
  return "denied";
}

// Which sentence says why a stream ended, when it did not end as it should.
function streamProblem(code) {
  const known = { 1000: "", 1001: "lost", 1006: "lost", 1008: "slow", 1012: "lost", 1013: "busy", 4400: "rejected", 4408: "lost", 4413: "too-long" };
  return known[code] ?? "failed";
}

// Which sentence says why there was no stream at all: browsers do not tell, but an ordinary request does.
async function whyUnreachable() {
  try {
    const { ok } = await fetch(new URL(MICROPHONE, document.baseURI), { cache: "no-store" });
    return ok ? "no-sockets" : "refused";
  } catch {
    return "unreachable";
  }
}
