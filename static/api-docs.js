// The page of the API's description: Swagger UI on our schema, in the theme of the person, with the session of the browser.
(() => {
  "use strict";
  const root = document.documentElement;
  const follow = () => root.classList.toggle("dark-mode", root.getAttribute("data-bs-theme") === "dark");
  follow(); // before the first paint
  new MutationObserver(follow).observe(root, { attributeFilter: ["data-bs-theme"] });

  document.addEventListener("DOMContentLoaded", () => {
    const { schema, csrf } = document.getElementById("swagger-ui").dataset;
    SwaggerUIBundle({
      url: schema,
      dom_id: "#swagger-ui",
      deepLinking: true,
      defaultModelsExpandDepth: 0,
      displayRequestDuration: true,
      filter: true,
      syntaxHighlight: { activated: false }, // its colours are too dark to read
      validatorUrl: null, // asks another site otherwise
      requestInterceptor: (request) => {
        // The cookie with this value is out of reach of scripts, so the page carries it. It goes nowhere but to us.
        if (new URL(request.url, location.href).origin === location.origin) request.headers["X-CSRFToken"] = csrf;
        return request;
      },
    });
  });
})();
