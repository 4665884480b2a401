// Recordings to label: one audio element plays them, a click on a label sends it.
let playing = null;
const audio = () => element.querySelector("audio");

function mark() {
  for (const button of element.querySelectorAll("[data-clip]")) {
    button.dataset.playing = button.dataset.clip === playing ? "yes" : "no";
  }
}
function play(address) {
  const player = audio();
  if (playing === address) { player.pause(); playing = null; return mark(); }
  playing = address;
  player.src = address;
  player.play().catch(() => { playing = null; mark(); }); // a format that this browser cannot play
  mark();
}
element.addEventListener("ended", () => { playing = null; mark(); }, true);
element.addEventListener("click", (event) => {
  const { clip, label, number, dropClip } = event.target.closest("button")?.dataset ?? {};
  if (clip) play(clip);
  if (label !== undefined) trigger("alter", { what: "label", label, number: Number(number) });
  if (dropClip) trigger("alter", { what: "drop_clip", number: Number(dropClip) });
});
// Drawn anew, the next recording stands where the last one stood: keys go on from there.
let place = -1;
element.addEventListener("focusin", (event) => {
  place = [...element.querySelectorAll("button")].indexOf(event.target.closest("button"));
});
watch("value", () => {
  playing = null;
  if (document.activeElement === document.body && place >= 0 && element.checkVisibility()) {
    const buttons = element.querySelectorAll("button");
    buttons[Math.min(place, buttons.length - 1)]?.focus({ preventScroll: true });
  }
});
