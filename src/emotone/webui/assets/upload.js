// Shared by the areas that take files. element.dataset.state is what the visitor sees: idle, uploading, failed and more.
const AT_ONCE = 4; // uploads side by side: one after the other, hundreds of clips would mostly wait
const show = (state) => { element.dataset.state = state; };

// The names and places of uploaded files, in their order; null when it failed.
async function uploadAll(files) {
  const done = [];
  let next = 0;
  const work = async () => {
    while (next < files.length) {
      const index = next++;
      done[index] = { name: files[index].relativeName ?? files[index].name, path: (await upload(files[index])).path };
      element.style.setProperty("--em-share", next / files.length);
    }
  };
  show("uploading");
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    show("idle");
    return done;
  } catch {
    show("failed");
    return null;
  }
}

// Files may be dropped beside the area, too: the browser would leave the page and show the file.
function acceptDrops(mine, take) {
  const over = (here) => element.toggleAttribute("data-over", here);
  document.addEventListener("dragover", (event) => { event.preventDefault(); over(mine(event.target)); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(false); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    if (mine(event.target)) take(event.dataTransfer);
  });
}

// What was chosen after a click.
function acceptChoice(take) {
  element.addEventListener("change", (event) => {
    if (event.target.type !== "file") return;
    take([...event.target.files]);
    event.target.value = "";
  });
}
