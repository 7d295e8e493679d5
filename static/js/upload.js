// Says before sending that a file is too large, and while it is sent which share of it has arrived. Without a script
// the server says that the file is too large, and the browser shows that it is sending.
// <input type="file" data-most="12000000" data-too-large="…">, and in its form
// <p role="status" data-upload data-sending="Sent: %" data-arrived="…" data-failed="…" data-refused="…: %"></p>
const STEPS = 5; // a screen reader announces each fifth of the file that is sent; the progress bar shows every percent
let isSending = false;

// Send the form. The server answers with JSON, which names the page to go to, or with the form's page and its errors.
function send(form, field, status) {
  const request = new XMLHttpRequest();
  const address = form.action.split("#")[0];
  const bar = document.createElement("progress");
  const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });
  const say = (name, share = "") => {
    const words = status.dataset[name].replace("%", () => share);
    if (status.textContent !== words) status.textContent = words;
  };
  const end = () => {
    bar.remove();
    isSending = false;
  };
  const stop = (name, reason) => {
    end();
    say(name, reason);
  };
  // The browser's Back button may show this page as it was left: its form can be sent again then.
  const leave = (url) => {
    end();
    location.assign(url);
  };
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", status.dataset.sending.replace("%", "").trim());
  status.after(bar);
  isSending = true;
  say("sending", percent.format(0));
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = loaded / total;
    if (loaded < total) say("sending", percent.format(Math.floor((STEPS * loaded) / total) / STEPS));
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    say("arrived");
  });
  request.addEventListener("error", () => stop("failed"));
  request.addEventListener("load", () => {
    // The sign-in has ended: open the form's page, which asks to sign in again and then shows the typed words.
    if (request.responseURL !== address) leave(address);
    else if (request.status === 201) leave(JSON.parse(request.responseText).url);
    else if (request.status === 422) {
      end();
      show(request.responseText, field);
    } else stop("refused", headingOf(request.responseText) || request.status);
  });
  request.open("POST", address);
  request.setRequestHeader("Accept", "application/json, text/html");
  request.send(new FormData(form));
}

// The heading of an error page says what is wrong, also when a server before the forum has sent it.
function headingOf(text) {
  return new DOMParser().parseFromString(text, "text/html").querySelector("h1")?.textContent.trim();
}

// Show the page with the errors in place of this page's content. Unless the file has an error, its field keeps the
// file; loading another page would make the browser forget it.
function show(text, field) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const main = document.querySelector("main");
  main.replaceWith(page.querySelector("main"));
  document.title = page.title;
  const again = document.getElementById(field.id);
  if (!again.matches("[aria-invalid]")) {
    again.files = field.files;
    document.getElementById(`${field.id}-again`)?.remove();
  }
  document.querySelector("[data-error-summary]").focus();
  watch();
}

function watch() {
  for (const field of document.querySelectorAll("input[type=file][data-most]")) {
    const form = field.form;
    const status = form.querySelector("[data-upload]");
    const isTooLarge = () => [...field.files].some((file) => file.size > Number(field.dataset.most));
    field.addEventListener("change", () => {
      status.textContent = isTooLarge() ? field.dataset.tooLarge : "";
    });
    form.addEventListener("submit", (event) => {
      if (isSending) event.preventDefault();
      else if (isTooLarge()) {
        event.preventDefault();
        field.focus();
      } else if (field.files.length) {
        event.preventDefault();
        send(form, field, status);
      }
    });
  }
}

watch();
