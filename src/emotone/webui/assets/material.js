// Recordings to learn from: files, archives and whole folders. The server draws everything.
show("idle");

async function send(files) {
  const added = files.length && await uploadAll(files);
  if (added) trigger("bring", { files: added });
}

// All files in what was dropped, folders included; each remembers the folders around it.
async function filesIn(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const files = [];
  const read = async (entry) => {
    if (entry.isFile) {
      const file = await new Promise((found, failed) => entry.file(found, failed));
      file.relativeName = entry.fullPath.slice(1);
      if (!file.name.startsWith(".")) files.push(file);
      return;
    }
    const reader = entry.createReader();
    for (;;) { // a reader gives a hundred at a time
      const some = await new Promise((found, failed) => reader.readEntries(found, failed));
      if (!some.length) return;
      for (const inner of some) await read(inner);
    }
  };
  for (const entry of entries) await read(entry);
  return files;
}

acceptChoice(send);
acceptDrops(() => element.checkVisibility(), async (dropped) => send(await filesIn(dropped)));

function addClass() {
  const field = element.querySelector("[data-new-class]");
  if (field.value.trim()) trigger("alter", { what: "class", label: field.value });
  field.value = "";
}
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("addClass" in button.dataset) addClass();
  if ("view" in button.dataset) trigger("alter", { what: "view", label: button.dataset.view });
  if ("dropClass" in button.dataset) trigger("alter", { what: "drop_class", label: button.dataset.dropClass });
});
element.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && "newClass" in event.target.dataset) addClass();
});
