// Lets a form's button ask the device for a passkey, and sends the device's answer with the form.
// <button data-passkey="address of the challenge" data-away="…" data-stopped="…" data-known="…" data-elsewhere="…" data-failed="…"
//   formaction="…" hidden>, with data-new to make a passkey, then <span role="status" data-passkey-said></span>; in the form a hidden
// field "answer". Of a page, [data-needs-passkey] is shown and [data-no-passkey] hidden where the browser has passkeys.
const REASONS = { NotAllowedError: "stopped", AbortError: "stopped", InvalidStateError: "known", SecurityError: "elsewhere" };

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const described = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

async function make(options) {
  const user = { ...options.user, id: bytes(options.user.id) };
  const excludeCredentials = described(options.excludeCredentials);
  const publicKey = { ...options, challenge: bytes(options.challenge), user, excludeCredentials };
  const made = await navigator.credentials.create({ publicKey });
  return [made, { attestationObject: text(made.response.attestationObject) }];
}

async function use(options) {
  const allowCredentials = described(options.allowCredentials);
  const used = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials } });
  const { authenticatorData, signature, userHandle } = used.response;
  const said = { authenticatorData: text(authenticatorData), signature: text(signature) };
  return [used, userHandle ? { ...said, userHandle: text(userHandle) } : said];
}

async function fill(button, form) {
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
  const name = form.querySelector("input[name=name]");
  if (name) body.set("name", name.value);
  const asked = await fetch(button.dataset.passkey, { method: "POST", body, redirect: "manual" });
  // The server says what is wrong with the name before the device makes a key.
  if (asked.status === 422) return true;
  // The sign-in has ended, or both factors are asked for again.
  if (!asked.ok) {
    location.assign(button.dataset.away);
    return false;
  }
  const options = await asked.json();
  const [credential, said] = await ("new" in button.dataset ? make(options) : use(options));
  const response = { ...said, clientDataJSON: text(credential.response.clientDataJSON) };
  form.elements.answer.value = JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  return true;
}

let asking = false;

async function send(button, form) {
  if (asking) return;
  const said = form.querySelector("[data-passkey-said]");
  // Let the server say what is missing before the device is asked.
  const isFilled = [...form.querySelectorAll("input[name=password], input[name=name]")].every((field) => field.value.trim());
  said.textContent = "";
  asking = true;
  try {
    if (!isFilled || (await fill(button, form))) {
      form.action = button.formAction;
      form.submit();
    }
  } catch (problem) {
    said.textContent = button.dataset[REASONS[problem.name] ?? "failed"];
  }
  asking = false;
}

if (window.PublicKeyCredential) {
  for (const part of document.querySelectorAll("[data-passkey], [data-needs-passkey]")) part.hidden = false;
  for (const part of document.querySelectorAll("[data-no-passkey]")) part.hidden = true;
}
for (const button of document.querySelectorAll("[data-passkey]")) {
  button.form.addEventListener("submit", (event) => {
    if (event.submitter !== button) return;
    event.preventDefault();
    send(button, button.form);
  });
}
