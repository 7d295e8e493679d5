// Shows beside the form a preview of the typed text, which the server renders like the public page, and hints about it.
// <details data-live-preview="address" data-language="sv" data-failed="…" hidden><summary>…</summary>
//   <p data-preview-said role="status"></p><div data-preview-shown></div></details>, inside the form.
const PAUSE = 700; // milliseconds without a key before a preview is asked for
const LEAST = 1_500; // the least number of milliseconds between two requests
const LATER = 3_000; // milliseconds until the next request when the server is busy with another preview of this person
const LONGEST = 15_000; // milliseconds; a slower answer is given up, or no later preview would be shown
const TOO_MANY = 429;

// The server makes one preview of a person at a time: the languages of a form take turns.
let turn = Promise.resolve();

// Replace the hints; if the button of an old hint has the focus, give the focus to the new button in its position.
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
  let waits = false;

  const look = async () => {
    waits = false;
    last = Date.now();
    const values = new FormData(form);
    values.set("in", frame.dataset.language);
    try {
      const signal = AbortSignal.timeout(LONGEST);
      const answer = await fetch(frame.dataset.livePreview, { method: "POST", body: values, redirect: "manual", signal });
      // The server makes a preview for another window of this person: leave the shown preview, and ask again later.
      if (answer.status === TOO_MANY) return plan(LATER);
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      // The text has changed since this answer was asked for, so its hints may be wrong: another request is planned.
      if (timer) return undefined;
      const hints = page.querySelector("[data-hints]");
      hints.remove();
      renew(form.querySelector(`[data-care=${frame.dataset.language}]`), hints);
      // Remove the ids from the preview: the page that holds the form may have the same ids.
      for (const part of page.querySelectorAll("[id]")) part.removeAttribute("id");
      shown.replaceChildren(...page.body.childNodes);
      said.textContent = "";
    } catch {
      said.textContent = frame.dataset.failed;
    }
    return undefined;
  };
  const queue = () => {
    timer = 0;
    if (waits) return;
    waits = true;
    turn = turn.then(look);
  };
  const plan = (pause) => {
    clearTimeout(timer);
    timer = setTimeout(queue, Math.max(pause, last + LEAST - Date.now()));
  };

  frame.hidden = false;
  frame.addEventListener("toggle", () => {
    if (frame.open) plan(0);
  });
  form.addEventListener("input", ({ target }) => {
    // One answer holds preview and hints. The hints are shown even while the preview is closed: then ask the server only
    // after a change of the text in this preview's language.
    if (frame.open || target.name.startsWith(`${frame.dataset.language}-`)) plan(PAUSE);
  });
}
