// Warns two minutes before the sign-in expires, and offers a button that extends it (WCAG 2.2.1). The server decides
// when it expires: the page says in how many seconds, and other tabs tell this one when they have extended it.
const WARNING = 120_000;
const LONGEST_TIMER = 60_000; // timers stop while a device sleeps, so the time left is checked once a minute

const frame = document.querySelector("[data-sign-in-end]");
const [soon, last, over, failed] = ["soon", "last", "over", "failed"].map((name) => frame.querySelector(`[data-${name}]`));
const fileWords = frame.querySelectorAll("[data-file]");
const tabs = "BroadcastChannel" in window ? new BroadcastChannel(frame.dataset.channel ?? "sign-in-end") : null;
let { ends, longest } = counted(frame.dataset);
let warned = false;
let told = false;
let timer = 0;

function counted({ seconds, longest }) {
  const now = Date.now();
  return { ends: now + Number(seconds) * 1000, longest: now + Number(longest) * 1000 };
}

function show(dialog) {
  for (const other of [soon, last, over]) if (other !== dialog && other.open) other.close();
  const isFileChosen = [...document.querySelectorAll("input[type=file]")].some((field) => field.files.length > 0);
  for (const words of fileWords) words.hidden = !isFileChosen;
  if (dialog && !dialog.open) dialog.showModal();
}

function look() {
  clearTimeout(timer);
  const left = ends - Date.now();
  if (left <= 0) return end();
  if (left <= WARNING && !warned) {
    warned = true;
    show(ends < longest ? soon : last);
  }
  timer = setTimeout(look, Math.min(warned ? left : left - WARNING, LONGEST_TIMER) + 50);
}

function end() {
  // Show this dialog only once, not again after the person has closed it.
  if (!told) show(over);
  told = true;
}

function take(given) {
  if (given.ends <= ends) return false;
  ({ ends, longest } = given);
  warned = told = false;
  failed.hidden = true;
  // The sentence on the page names a moment that no longer counts; the link beside it, which may have the focus, stays.
  document.querySelector("[data-until]")?.remove();
  show(null);
  look();
  return true;
}

async function stay() {
  failed.hidden = true;
  try {
    const answer = await fetch(frame.dataset.ask, { redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.status === 404) return end();
    failed.hidden = take(counted(await answer.json()));
    tabs?.postMessage({ ends, longest });
  } catch {
    failed.hidden = false;
  }
}

frame.querySelector("[data-stay]").addEventListener("click", stay);
for (const button of frame.querySelectorAll("[data-close]")) button.addEventListener("click", () => show(null));
document.addEventListener("visibilitychange", () => document.hidden || look());
tabs?.addEventListener("message", (message) => take(message.data));
tabs?.postMessage({ ends, longest });
look();
