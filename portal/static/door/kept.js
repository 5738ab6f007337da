// What this phone keeps: the list for the day, and the taps that the portal does not have yet.

const LIST = "door:list:";
const TAPS = "door:taps:";
const PAGE = "door:page:"; // a cache
const unkept = new Map(); // where a browser keeps nothing, it lasts as long as the page

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? unkept.get(key) ?? "null");
  } catch {
    return JSON.parse(unkept.get(key) ?? "null");
  }
}

function write(key, value) {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(key, text);
    unkept.delete(key);
  } catch {
    unkept.set(key, text);
  }
}

/** The list of an event: {account, until, etag, people}; null when none is kept. */
export function keptList(slug) {
  return read(LIST + slug);
}

export function keepList(slug, list) {
  write(LIST + slug, list);
}

/** Keep what is at these addresses, so that the page can be opened without a connection; gives whether it can. */
export async function keepPage(slug, urls) {
  const page = await caches.open(PAGE + slug);
  const added = await Promise.allSettled(urls.map((url) => page.add(url)));
  return added.every((one) => one.status === "fulfilled");
}

/** The taps that wait, oldest first: {id, code, action, pressed}. They name nobody. */
export function waitingTaps(slug) {
  return read(TAPS + slug) ?? [];
}

export function addTap(slug, tap) {
  write(TAPS + slug, [...waitingTaps(slug), tap]);
}

export function dropTaps(slug, ids) {
  write(TAPS + slug, waitingTaps(slug).filter((tap) => !ids.has(tap.id)));
}

/** Remove the list of an event. */
export function forget(slug) {
  unkept.delete(LIST + slug);
  try {
    localStorage.removeItem(LIST + slug);
  } catch {
    // Nothing is kept where nothing can be.
  }
}

/**
 * Remove the lists whose day is over and those of another account; and the pages that were kept for them, which name
 * nobody, but not that of the event `here`.
 */
export async function sweep(account, here = "") {
  try {
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith(LIST))) {
      const list = read(key);
      if (list?.account !== account || list.until <= Date.now()) forget(key.slice(LIST.length));
    }
    for (const page of await caches.keys()) {
      const slug = page.slice(PAGE.length);
      if (page.startsWith(PAGE) && slug !== here && !keptList(slug)) await caches.delete(page);
    }
  } catch {
    // Nothing is kept where nothing can be.
  }
}
