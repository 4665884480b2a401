// Recordings of a voice to compare with. The server draws everything; this uploads and says what was clicked.
show("idle");

async function send(files) {
  const added = files.length && await uploadAll(files);
  if (added) trigger("choose", { files: added });
}

acceptChoice(send);
acceptDrops((target) => element.contains(target), (dropped) => send([...dropped.files]));
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("discard" in button.dataset) trigger("discard", { index: Number(button.dataset.discard) });
  if ("clear" in button.dataset) trigger("discard", { index: -1 });
});
