// Everything works without this. It brings results while one types, and keeps a form from being sent twice.
"use strict";
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (event.submitter && event.submitter.value === "try") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  window.addEventListener("pageshow", () => { delete form.dataset.sent; }, { once: true });
});
for (const form of document.querySelectorAll("form[data-live]")) {
  let waiting = 0, asked = null;
  form.addEventListener("input", (event) => {
    if (!event.target.classList.contains("points")) return;
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      if (asked) asked.abort();
      asked = new AbortController();
      const body = new URLSearchParams(new FormData(form));
      body.set("move", "try");
      try {
        const answer = await fetch(form.action, { method: "POST", body, signal: asked.signal, redirect: "error" });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const id of form.dataset.live.split(" ")) {
          const now = document.getElementById(id), next = page.getElementById(id);
          if (now && next) now.replaceWith(next);
        }
      } catch (error) { if (error.name !== "AbortError" && error.name !== "TypeError") throw error; }
    }, 120);
  });
}
