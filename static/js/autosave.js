// Sends what is typed in a long form to the server, which keeps it for this person until they save the form.
// <p data-autosave="address" data-version="…" data-kept="Kept at %" data-busy="…" data-failed="…" data-over="…"
//    data-elsewhere="…" data-gone="…" data-long="…" hidden><span data-autosave-said role="status"></span></p>, inside the form.
const PAUSE = 2_000; // milliseconds without a key before the typed words are sent
const LONGEST = 10_000; // milliseconds after which the typed words are sent even while somebody types without a pause

const line = document.querySelector("[data-autosave]");
const form = line.closest("form");
const said = line.querySelector("[data-autosave-said]");
let { version } = line.dataset;
let timer = 0;
let since = 0;
let sending = false;
let waits = false;
let leaves = false;

function tell(name, clock = "") {
  line.hidden = false;
  const words = line.dataset[name].replace("%", clock);
  // Let screen readers announce a failure, once; a success is only shown.
  said.role = name === "kept" ? null : "status";
  if (said.textContent !== words) said.textContent = words;
}

async function send(keepalive = false) {
  clearTimeout(timer);
  since = 0;
  if (sending || leaves) {
    waits = sending;
    return;
  }
  sending = true;
  waits = false;
  const values = new FormData(form);
  values.set("autosave_version", version);
  try {
    const answer = await fetch(line.dataset.autosave, { method: "POST", body: values, redirect: "manual", keepalive });
    if (answer.type === "opaqueredirect") tell("over");
    else if (answer.ok) {
      const kept = await answer.json();
      ({ version } = kept);
      tell("kept", kept.clock);
    } else if (answer.status === 409) tell("elsewhere");
    else if (answer.status === 404) tell("gone");
    else if (answer.status === 413) tell("long");
    else tell("failed");
  } catch {
    tell("failed");
  }
  sending = false;
  if (waits) send();
}

form.addEventListener("input", () => {
  since ||= Date.now();
  clearTimeout(timer);
  timer = setTimeout(send, Math.max(0, Math.min(PAUSE, since + LONGEST - Date.now())));
});
// The form itself is being sent: do not autosave the text that it is about to save.
form.addEventListener("submit", ({ submitter }) => {
  if (submitter?.formTarget === "_blank") return;
  leaves = true;
  clearTimeout(timer);
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden && since) send(true);
});
