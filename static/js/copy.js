// Shows the buttons that copy a text of the page, which are hidden in its HTML: without a script they could do nothing.
// <button data-copy="codes" data-copied="Copied" data-failed="Copy them by hand" hidden>, then <span role="status">.
for (const button of document.querySelectorAll("[data-copy]")) {
  const said = button.parentElement.querySelector("[data-copy-said]");
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const lines = [...document.querySelectorAll(`#${button.dataset.copy} code`)].map((code) => code.textContent);
    try {
      await navigator.clipboard.writeText(lines.join("\n"));
      said.textContent = button.dataset.copied;
    } catch {
      said.textContent = button.dataset.failed;
    }
  });
}
