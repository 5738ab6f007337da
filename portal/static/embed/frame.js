// In the frame: tells the page around it how high this page is, and keeps the reader's place when one page follows another.

let host = null;

function tell() {
  if (host) {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    parent.postMessage({ portalSignup: height, title: document.title }, host);
  }
}

addEventListener("message", (event) => {
  if (event.source === parent && event.data === "portal-signup") {
    // A height is no secret; a page without an origin (from a disk) hears it as well.
    host = event.origin === "null" ? "*" : event.origin;
    tell();
  }
});
new ResizeObserver(tell).observe(document.body);

// Somebody has just pressed something in this frame. A browser heeds no autofocus in it.
if (document.referrer.startsWith(`${location.origin}/embed/`)) {
  (document.querySelector("[role=alert]") ?? document.querySelector("main")).focus();
}
