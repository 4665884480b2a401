// Which head is used, and heads from files.
show("idle");
acceptChoice(async (files) => {
  const added = files.length && await uploadAll(files);
  if (added) trigger("open_head", { files: added });
});
element.addEventListener("change", (event) => {
  if (event.target.tagName === "SELECT") trigger("choose", { place: Number(event.target.value) });
});
