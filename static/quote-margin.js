// While the margin of a draft changes, its differences from what the account has accepted follow: the totals that come with every
// change have the margin, the page has what stands beside it.
(() => {
  "use strict";
  const show = () => {
    const margin = document.querySelector("#quote-totals data")?.value;
    const points = new Intl.NumberFormat(document.documentElement.lang, {
      minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero",
    });
    document.querySelectorAll("[data-margin-beside]").forEach((place) => {
      const difference = points.format(Number(margin) - Number(place.dataset.marginBeside)).replace("\u2212", "-");
      place.textContent = margin ? place.dataset.words.replace("{}", difference) : "";
    });
  };
  const observer = new MutationObserver(show);
  const begin = () => {
    const totals = document.getElementById("quote-totals");
    if (totals) observer.observe(totals, { attributes: true, characterData: true, childList: true, subtree: true });
  };
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target.id === "main") begin(); });
  begin();
})();
