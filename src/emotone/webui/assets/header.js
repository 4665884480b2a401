// Tells the browser which language is shown: screen readers, hyphenation and fonts follow it.
const announce = () => {
  const { lang, title } = element.querySelector("[data-lang]").dataset;
  document.documentElement.lang = lang;
  document.title = title;
};
announce();
watch("value", announce);
