// Shows the buttons that print the page, which are hidden in its HTML: without a script they could do nothing.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
