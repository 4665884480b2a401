// The column beside the map: colours, what is worth a look, what is selected, and its export.
const at = (id) => document.getElementById(id);
const LISTED = 200; // rows of the selection that are listed
let colorBy = columnOf.get(data.named);
let only = new Set(); // values of that column that are shown; empty: all
let query = "";
let selection = []; // rows, in order
const chosen = new Uint8Array(COUNT);
let listing = null; // "doubted" or "strange" while the selection is that list
let playingRow = -1;

const matches = (row) => !query || data.files[row].toLowerCase().includes(query);
const shown = (row) => (!only.size || only.has(colorBy.numbers[row])) && matches(row);

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function translate() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = at("title").textContent = data.title[language];
  for (const part of document.querySelectorAll("[data-t]")) part.textContent = say(part.dataset.t);
  for (const what of ["label", "title", "placeholder"]) {
    const name = what === "label" ? "aria-label" : what, key = `t${what[0].toUpperCase()}${what.slice(1)}`;
    for (const part of document.querySelectorAll(`[data-t-${what}]`)) part.setAttribute(name, say(part.dataset[key]));
  }
  at("language").textContent = say("language");
  at("language").lang = language === "zh" ? "en" : "zh-CN";
  const facts = [say(data.whole ? "points" : "segments", { count: counted(COUNT), files: counted(data.recordings) })];
  facts.push(say("clusters", { count: counted(data.clusters) }));
  if (data.agreement !== null) facts.push(say("agreement", { value: data.agreement.toFixed(2) }));
  if (data.dropped) facts.push(say("dropped", { count: counted(data.dropped) }));
  at("facts").textContent = facts.join(" · ");
  fillChoice(); fillLegend(); fillLooks(); fillSelection();
}

function fillChoice() {
  at("color").replaceChildren(...data.columns.map((column) => {
    const option = element("option", "", columnName(column));
    option.value = column.name;
    option.selected = column === colorBy;
    return option;
  }));
}

function fillLegend() {
  const legend = at("legend");
  if (colorBy.kind === "number") {
    const [low, high] = range(colorBy), bar = element("i"), ends = element("p"), scale = element("div", "scale");
    bar.style.background = `linear-gradient(to right, ${SCALE.join(", ")})`;
    ends.append(element("span", "", low.toPrecision(2)), element("span", "", high.toPrecision(2)));
    scale.append(bar, ends);
    return legend.replaceChildren(scale);
  }
  const counts = new Uint32Array(colorBy.values.length + 1);
  for (const code of colorBy.numbers) counts[code]++;
  const codes = [...counts.keys()].filter((code) => counts[code]);
  const own = codes.filter((code) => code < colorBy.values.length && colorBy.colors[code] !== GREY);
  const grey = codes.filter((code) => !own.includes(code));
  const entry = (members, name, color) => {
    const button = element("button"), dot = element("i");
    dot.style.setProperty("--color", color);
    const count = members.reduce((sum, code) => sum + counts[code], 0);
    button.append(dot, element("span", "", name), element("small", "", counted(count)));
    button.setAttribute("aria-pressed", !only.size || only.has(members[0]));
    button.addEventListener("click", (event) => restrict(members, event.shiftKey || event.ctrlKey || event.metaKey));
    return button;
  };
  const parts = own.map((code) => entry([code], valueName(colorBy, code), colorBy.colors[code]));
  if (grey.length === 1) parts.push(entry(grey, valueName(colorBy, grey[0]), GREY));
  else if (grey.length) parts.push(entry(grey, say("others", { count: counted(grey.length) }), GREY));
  legend.replaceChildren(...parts);
}

// Shows one value alone, or all again; with a key held down, one more or one less.
function restrict(members, adding) {
  const all = members.every((code) => only.has(code));
  if (!adding) only = all && only.size === members.length ? new Set() : new Set(members);
  else for (const code of members) if (all) only.delete(code); else only.add(code);
  fillLegend(); repaint();
}

function range(column) {
  let low = Infinity, high = -Infinity;
  for (const value of column.numbers) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [0, 1] : [low, high];
}

function fillLooks() {
  for (const [id, rows] of [["doubted", data.doubted.rows], ["strange", data.strange]]) {
    at(id).querySelector("b").textContent = counted(rows.length);
    at(id).disabled = !rows.length;
    at(id).setAttribute("aria-pressed", listing === id);
  }
}

function select(rows, list = null) {
  selection = rows; listing = list;
  chosen.fill(0);
  for (const row of rows) chosen[row] = 1;
  fillLooks(); fillSelection(); repaint();
}

function fillSelection() {
  const any = selection.length > 0, named = columnOf.get(data.named);
  at("selected").textContent = say("selected", { count: counted(selection.length) });
  at("nothing").hidden = any; at("clear").hidden = !any; at("exports").hidden = !any;
  at("export-times").hidden = data.whole;
  const counts = new Map();
  if (named.kind === "words") for (const row of selection) counts.set(named.numbers[row], (counts.get(named.numbers[row]) ?? 0) + 1);
  at("shares").replaceChildren(...[...counts].sort(([one], [other]) => one - other).map(([code, count]) => {
    const part = element("i");
    part.style.flexGrow = count;
    part.style.setProperty("--color", named.colors[code] ?? GREY);
    return part;
  }));
  at("rows").replaceChildren(...selection.slice(0, LISTED).map(listed));
  at("more").hidden = selection.length <= LISTED;
  at("more").textContent = say("more", { count: counted(selection.length - LISTED) });
}

function listed(row) {
  const item = element("li"), play = element("button", "play"), what = element("button", "what");
  item.dataset.row = row;
  play.setAttribute("aria-label", say("play", { name: fileName(row) }));
  play.addEventListener("click", () => hear(row));
  what.title = path(row);
  what.append(element("b", "", [fileName(row), span(row)].filter(Boolean).join("  ")), element("small", "", about(row)));
  what.addEventListener("click", () => show(row));
  for (const part of [item]) {
    part.addEventListener("pointerenter", () => point(row));
    part.addEventListener("pointerleave", () => point(-1));
  }
  item.append(play, what);
  if (row === playingRow) { item.dataset.on = ""; }
  return item;
}

// In a line: what it is called, and what is odd about it.
function about(row) {
  const parts = [said(columnOf.get(data.named), row)];
  if (suggested.has(row)) {
    const { label, share } = suggested.get(row);
    parts[0] += ` → ${labelName(label)} (${percent(share)})`;
  } else if (data.named !== "label") parts.push(`${say("label")}: ${said(columnOf.get("label"), row)}`);
  if (strange.has(row)) parts.push(say("strange_one"));
  return parts.join(" · ");
}
function labelName(label) {
  const named = columnOf.get(data.named), code = named.values.indexOf(label);
  return code < 0 ? label : valueName(named, code);
}

const quoted = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const table = (lines) => `\ufeff${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
const ownColumns = () => data.columns.filter((column) => !["label", "cluster", "confidence", data.named, "emotion"].includes(column.name) && !column.score);

// Where names are not paths, the store says by the id where a recording is.
const idName = data.ids ? ["id"] : [];
const idOf = (row) => (data.ids ? [data.ids[row]] : []);

// One line for each recording: evaluate and train take whole recordings. Of its segments the longest emotion counts.
function manifest(rows) {
  const named = columnOf.get(data.named), own = ownColumns(), found = new Map();
  for (const row of rows) {
    const known = found.get(recordings[row]) ?? { row, seconds: new Map() }, emotion = raw(named, row) || raw(columnOf.get("label"), row);
    known.seconds.set(emotion, (known.seconds.get(emotion) ?? 0) + Math.max(0, ends[row] - starts[row]) + 1e-6);
    found.set(recordings[row], known);
  }
  const lines = [["file", "emotion", "suggested", "heard", "cluster", ...own.map((column) => column.name), ...idName]];
  for (const { row, seconds } of found.values()) {
    const [emotion] = [...seconds].reduce((one, other) => (other[1] > one[1] ? other : one));
    lines.push([path(row), emotion, suggested.get(row)?.label ?? "", ...["label", "cluster"].map((name) => raw(columnOf.get(name), row)), ...own.map((column) => raw(column, row)), ...idOf(row)]);
  }
  return table(lines);
}
function times(rows) {
  const named = columnOf.get(data.named), heard = columnOf.get("label");
  return table([
    ["file", "start", "end", "emotion", "suggested", "heard", ...idName],
    ...rows.map((row) => [path(row), starts[row].toFixed(3), ends[row].toFixed(3), raw(named, row), suggested.get(row)?.label ?? "", raw(heard, row), ...idOf(row)]),
  ]);
}
function download(name, text) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

at("color").addEventListener("change", (event) => {
  colorBy = columnOf.get(event.target.value); only = new Set();
  fillLegend(); recolor(); repaint();
});
at("doubted").addEventListener("click", () => (listing === "doubted" ? select([]) : select(data.doubted.rows.slice(), "doubted")));
at("strange").addEventListener("click", () => (listing === "strange" ? select([]) : select(data.strange.slice(), "strange")));
at("clear").addEventListener("click", () => select([]));
at("export").addEventListener("click", () => download("selection.csv", manifest(selection)));
at("export-times").addEventListener("click", () => download("times.csv", times(selection)));
at("find").addEventListener("input", (event) => { query = event.target.value.trim().toLowerCase(); repaint(); });
at("find").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !query) return;
  select([...Array(COUNT).keys()].filter(shown));
});
at("language").addEventListener("click", () => { language = language === "zh" ? "en" : "zh"; translate(); });
