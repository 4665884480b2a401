// Fetch and Cancel. While a model is being fetched this asks the server once a second how far it is, whoever began it.
const facts = () => element.querySelector("[data-tick]").dataset;
let timer = null;
let { tick } = facts();

// What comes next after an answer. Never at once: Gradio drops an event while the same one is under way.
function schedule() {
  const now = facts();
  const menu = document.querySelector("#em-menu select");
  const later = (wait, ...event) => { timer = setTimeout(() => trigger(...event), wait); };
  clearTimeout(timer);
  // Answers may overtake each other: this one may belong to a choice or a moment before the last one.
  if (menu.value !== now.model) return later(100, "choose", { model: menu.value });
  if (Number(now.tick) < Number(tick)) return later(100, "look");
  if (now.running !== "0" && !document.hidden) later(1000, "look");
  if (menu.dataset.ready !== now.ready) trigger("changed");
  ({ tick } = now);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  button.disabled = true; // until it is drawn anew
  if ("fetch" in button.dataset) trigger("fetch", { model: button.dataset.fetch });
  if ("cancel" in button.dataset) trigger("cancel", { model: button.dataset.cancel });
});
// Another tab may have begun something meanwhile.
document.addEventListener("visibilitychange", () => { if (!document.hidden) trigger("look"); });
watch("value", schedule);
schedule();
