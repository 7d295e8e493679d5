// Shows beside the form a preview of the typed text, which the server renders like the public page, and hints about it.
// <details data-live-preview="address" data-language="sv" data-failed="…" hidden><summary>…</summary>
//   <p data-preview-said role="status"></p><div data-preview-shown></div></details>, inside the form.
const PAUSE = 700; // after the last key
const LEAST = 1_500; // between two requests

// Show new hints; a button beside one that has the focus hands it to the button in the same place.
function renew(care, hints) {
  const buttons = () => [...care.querySelectorAll("button")];
  const at = buttons().indexOf(document.activeElement);
  care.replaceChildren(...hints.childNodes);
  if (at >= 0) buttons()[Math.min(at, buttons().length - 1)]?.focus({ preventScroll: true });
}

for (const frame of document.querySelectorAll("[data-live-preview]")) {
  const form = frame.closest("form");
  const [said, shown] = ["said", "shown"].map((name) => frame.querySelector(`[data-preview-${name}]`));
  let timer = 0;
  let last = 0;
  let asking = null;

  const look = async () => {
    last = Date.now();
    asking?.abort();
    asking = new AbortController();
    const values = new FormData(form);
    values.set("in", frame.dataset.language);
    try {
      const { signal } = asking;
      const answer = await fetch(frame.dataset.livePreview, { method: "POST", body: values, redirect: "manual", signal });
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const hints = page.querySelector("[data-hints]");
      hints.remove();
      renew(form.querySelector(`[data-care=${frame.dataset.language}]`), hints);
      // Remove the ids of the previewed text, because the form's page may have the same ones.
      for (const part of page.querySelectorAll("[id]")) part.removeAttribute("id");
      shown.replaceChildren(...page.body.childNodes);
      said.textContent = "";
    } catch (error) {
      if (error.name !== "AbortError") said.textContent = frame.dataset.failed;
    }
  };
  const plan = (pause) => {
    clearTimeout(timer);
    timer = setTimeout(look, Math.max(pause, last + LEAST - Date.now()));
  };

  frame.hidden = false;
  frame.addEventListener("toggle", () => {
    if (frame.open) plan(0);
  });
  form.addEventListener("input", ({ target }) => {
    // Hints are shown even while the preview is closed: then ask only after a change in this preview's language.
    if (frame.open || target.name.startsWith(`${frame.dataset.language}-`)) plan(PAUSE);
  });
}
