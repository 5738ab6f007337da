// Shows the page at the door when there is no connection: then from what the page kept, else from the portal.

const PATIENCE = 8_000; // milliseconds that a page is waited for

addEventListener("install", () => self.skipWaiting());
addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith(answered(request, new URL("?kept=1", self.registration.scope).href));
  } else if (["style", "script", "image"].includes(request.destination)) {
    event.respondWith(answered(request, request));
  }
});

async function answered(request, kept) {
  const late = new Promise((_, reject) => setTimeout(reject, PATIENCE, new Error("late")));
  const asked = fetch(request);
  try {
    return await Promise.race([asked, late]);
  } catch {
    asked.catch(() => {}); // it may still fail, and somebody waits for something better
    return (await caches.match(kept)) ?? asked;
  }
}
