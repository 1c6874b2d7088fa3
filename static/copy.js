// A button that copies the text of the element it names: `data-copy="#id"`. Shown only where it can work.
(() => {
  "use strict";
  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };
  for (const button of document.querySelectorAll("[data-copy]")) {
    const source = document.querySelector(button.dataset.copy);
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      select(source);
      await navigator.clipboard.writeText(source.textContent);
      document.getElementById("live").textContent = button.dataset.copied;
      button.querySelector("[data-copy-label]").textContent = button.dataset.copied;
    });
  }
})();
