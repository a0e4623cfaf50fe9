// Everything works without this. It brings results while one types, and keeps a form from being sent twice.
"use strict";
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  window.addEventListener("pageshow", () => { delete form.dataset.sent; }, { once: true });
});
for (const form of document.querySelectorAll("form[data-live]")) {
  let waiting = 0, asked = null;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      if (asked) asked.abort();
      asked = new AbortController();
      const query = new URLSearchParams(new FormData(form));
      query.delete("key");
      try {
        const answer = await fetch(location.pathname + "?" + query, { signal: asked.signal, credentials: "same-origin" });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const id of form.dataset.live.split(" ")) {
          const now = document.getElementById(id), next = page.getElementById(id);
          if (now && next) now.replaceWith(next);
        }
      } catch (error) { if (error.name !== "AbortError") throw error; }
    }, 120);
  });
}
