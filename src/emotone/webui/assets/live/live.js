// The Live tab. The server draws the frame in its language; this fills it, and again whenever it is drawn anew.
// element.dataset.state: idle, asking, connecting, live, finishing, done, saving, saved. element.dataset.problem: why it ended.
const SPEAK = 4000; // milliseconds between two sentences for a screen reader
const WITHOUT_SPEECH = ["silent", "no_speech"];
const find = (selector) => element.querySelector(selector);
const now = { session: null, adapt: false, said: null, detail: null, spoken: "", spokenAt: 0, model: "" };

function turn(state, problem = "") {
  element.dataset.state = state;
  element.dataset.problem = problem;
  document.querySelector("#em-tabs")?.toggleAttribute("data-listening", state === "live");
  paint();
}

function lookOf(label) {
  const looks = JSON.parse(find(".em-live").dataset.looks);
  return looks[label] ?? { name: label, other: "", emoji: "🏷️", color: `hsl(${[...label].reduce((sum, one) => sum * 31 + one.codePointAt(0), 7) % 360} 50% 50%)` };
}
