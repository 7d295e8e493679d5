// Says before sending that a file is too large, and while it is sent that this takes a moment. Without a script the
// server says the first, and the browser shows that it is sending.
// <input type="file" data-most="12000000" data-too-large="…">, and in its form <p role="status" data-sending="…"></p>
for (const field of document.querySelectorAll("input[type=file][data-most]")) {
  const form = field.form;
  const status = form.querySelector("[data-sending]");
  const isTooLarge = () => [...field.files].some((file) => file.size > Number(field.dataset.most));
  field.addEventListener("change", () => {
    status.textContent = isTooLarge() ? field.dataset.tooLarge : "";
  });
  form.addEventListener("submit", (event) => {
    if (isTooLarge()) {
      event.preventDefault();
      field.focus();
    } else if (field.files.length) {
      status.textContent = status.dataset.sending;
      const progress = document.createElement("progress");
      progress.setAttribute("aria-label", status.dataset.sending);
      status.after(progress);
    }
  });
}
