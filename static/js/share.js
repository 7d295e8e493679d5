// Shows the share buttons that need JavaScript: "copy the address", and the device's own share dialog where it has one.
// They are hidden in the page's HTML, where the link that shares by mail is always shown.
for (const group of document.querySelectorAll("[data-share]")) {
  const { url, title, copied, failed } = group.dataset;
  const said = group.querySelector("[data-share-said]");

  const copy = group.querySelector("[data-share-copy]");
  if (copy && navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(url);
        said.textContent = copied;
      } catch {
        said.textContent = `${failed} ${url}`;
      }
    });
  }

  const device = group.querySelector("[data-share-device]");
  if (device && navigator.share) {
    device.hidden = false;
    device.addEventListener("click", () => navigator.share({ url, title }).catch(() => {}));
  }
}
