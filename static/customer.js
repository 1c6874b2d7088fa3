// The customer's page: that somebody is there is told once, after a gesture; programs that only load the page make none.
(() => {
  "use strict";
  const form = document.querySelector("[data-opened]");
  if (!form) return;
  const GESTURES = ["pointerdown", "keydown", "wheel", "touchstart"];
  const tell = (event) => {
    if (!event.isTrusted) return;
    for (const name of GESTURES) removeEventListener(name, tell, true);
    fetch(form.action, { method: "POST", body: new FormData(form), keepalive: true }).catch(() => {});
  };
  for (const name of GESTURES) addEventListener(name, tell, { capture: true, passive: true });
})();
