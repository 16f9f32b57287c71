// What pages do beyond HTML and htmx. Everything works without it, but less well.
(() => {
  "use strict";

  // "/" leads to the search, as long as nobody is writing.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select")) return;
    const search = document.getElementById("q");
    if (search === null) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  // Facets stand beside the results where there is room, and are folded where not.
  const narrow = window.matchMedia("(max-width: 52rem)");
  const fold = () => {
    for (const one of document.querySelectorAll("details.facets")) one.open = !narrow.matches;
  };
  narrow.addEventListener("change", fold);
  fold();

  // A file that is chosen is put into the text beside it, to be seen before it is sent.
  for (const one of document.querySelectorAll("[data-chooses]")) {
    one.hidden = false;
    const text = document.getElementById(one.dataset.chooses);
    one.querySelector("input").addEventListener("change", async (event) => {
      const file = event.target.files[0];
      if (file) text.value = await file.text();
    });
  }

  for (const one of document.querySelectorAll("[data-print]")) {
    one.hidden = false;
    one.addEventListener("click", () => window.print());
  }
})();
