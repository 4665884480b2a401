// A file that says who speaks when. The server draws everything; this uploads and says what was clicked.
show("idle");

async function send(files) {
  const added = files.length && await uploadAll(files.slice(0, 1));
  if (added) trigger("choose", { files: added });
}

acceptChoice(send);
acceptDrops((target) => element.contains(target), (dropped) => send([...dropped.files]));
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button && "clear" in button.dataset) trigger("discard");
});
