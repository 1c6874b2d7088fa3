// Runs before the first paint: a page that follows the device takes the device's theme, so nothing flashes.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  if (!root.hasAttribute("data-theme-auto")) return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  apply();
  dark.addEventListener("change", apply);
})();
