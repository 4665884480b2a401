// What is learned and what came of it.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("cancel" in button.dataset) { button.disabled = true; trigger("cancel"); }
  if ("use" in button.dataset) trigger("use");
});
