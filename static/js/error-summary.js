// Moves focus to the error summary, so that a screen reader begins with it and a keyboard continues from it.
const summary = document.querySelector("[data-error-summary]");
if (summary) summary.focus();
