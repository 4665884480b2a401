// What was saved. The server draws it; this tells the part above, and says what was clicked.
element.addEventListener("click", (event) => {
  if (event.target.closest("[data-open-saved]")) trigger("open_saved");
});
watch("value", () => {
  const box = element.querySelector("[data-there]");
  if (!box) return;
  const detail = { there: box.dataset.there === "yes" };
  document.querySelector("#em-live [data-state=saving]")?.dispatchEvent(new CustomEvent("saved", { detail }));
});
