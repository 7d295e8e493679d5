// Empties what a page shows once: after its time, and when the page is left, so that going back shows nothing either.
// <div data-shown-for="60" data-onward="/where/to/go">…</div>
for (const part of document.querySelectorAll("[data-shown-for]")) {
  const empty = () => part.replaceChildren();
  addEventListener("pagehide", empty);
  setTimeout(() => {
    empty();
    location.replace(part.dataset.onward);
  }, part.dataset.shownFor * 1000);
}
