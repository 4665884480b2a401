// What Python wrote: typed arrays over the packed bytes, and words for them.
const data = JSON.parse(document.getElementById("data").textContent);
const COUNT = data.count;

function unpacked(text, Type) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Type(bytes.buffer);
}
const CODES = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };
const place = { x: unpacked(data.x, Uint16Array), y: unpacked(data.y, Uint16Array) };
const xs = Float32Array.from(place.x, (step) => step / 32767.5 - 1);
const ys = Float32Array.from(place.y, (step) => 1 - step / 32767.5); // up is up
const starts = unpacked(data.start, Float32Array);
const ends = unpacked(data.end, Float32Array);
const recordings = unpacked(data.recording, Uint32Array); // different ones may have the same name
for (const column of data.columns) {
  if (column.kind === "number") column.numbers = unpacked(column.values, Float32Array);
  else column.numbers = unpacked(column.codes, CODES[column.bytes]);
}
const columnOf = new Map(data.columns.map((column) => [column.name, column]));
const suggested = new Map(data.doubted.rows.map((row, n) => [row, { label: data.doubted.labels[n], share: data.doubted.shares[n] }]));
const strange = new Set(data.strange);

let language = data.language;
function say(key, values = {}) {
  return data.texts[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
const counted = (number) => number.toLocaleString(language === "zh" ? "zh-CN" : "en");
const percent = (share) => `${Math.round(100 * share)}%`;
const fileName = (row) => data.files[row].split("/").pop();
const path = (row) => data.root + data.files[row];

function clock(seconds) {
  const whole = Math.floor(seconds), tenths = Math.floor(10 * (seconds - whole));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}.${tenths}`;
}
const span = (row) => (data.whole ? "" : `${clock(starts[row])}–${clock(ends[row])}`);

function columnName(column) {
  if (column.name in data.texts[language] && ["label", "emotion", "cluster", "confidence"].includes(column.name)) return say(column.name);
  return column.score ? say("score", { name: column.name }) : column.name;
}
// What a row has in a column, for people; empty where there is nothing.
function said(column, row) {
  const value = column.numbers[row];
  if (column.kind === "number") return Number.isNaN(value) ? "" : String(Math.round(1000 * value) / 1000);
  return value < column.values.length ? valueName(column, value) : "";
}
function valueName(column, code) {
  if (code >= column.values.length) return column.name === "cluster" ? say("no_cluster") : say("none");
  if (column.name === "cluster") return say("number", { number: column.values[code] });
  return column.names[code] ? column.names[code][language === "zh" ? 1 : 0] : column.values[code];
}
// The same as it is in the table.
function raw(column, row) {
  const value = column.numbers[row];
  if (column.kind === "number") return Number.isNaN(value) ? "" : String(value);
  return column.values[value] ?? "";
}
