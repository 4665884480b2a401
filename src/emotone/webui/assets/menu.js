// Which model was chosen. What is known about it stands below, drawn by the server.
element.addEventListener("change", (event) => trigger("choose", { model: event.target.value }));
