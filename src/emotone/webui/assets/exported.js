// A file that was asked for is saved as soon as it is there; what is said about it goes after a while.
let fading = null;
watch("value", () => {
  clearTimeout(fading);
  const toast = element.querySelector(".em-toast");
  if (!toast) return;
  toast.querySelector("a")?.click();
  fading = setTimeout(() => { toast.hidden = true; }, toast.matches(".em-bad") ? 12000 : 4000);
});
