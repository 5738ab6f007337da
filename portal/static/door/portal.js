// How the page speaks with the portal.

const PATIENCE = 10_000; // milliseconds; then it is as if there were no connection
const MOST_AT_ONCE = 100;

/** The sign-in has ended. */
export class SignedOut extends Error {}

/** The account may no longer do this. */
export class NotYours extends Error {}

export class Portal {
  constructor(facts, token) {
    this.facts = facts;
    this.token = token;
  }

  /** The list when it is another one than `etag` names, else null. */
  async list(etag) {
    const answer = await this.ask(this.facts.list, { headers: etag ? { "If-None-Match": etag } : {} });
    this.token = answer.headers.get("X-CSRFToken") ?? this.token;
    if (answer.status === 304) return null;
    return { etag: answer.headers.get("ETag"), ...(await answer.json()) };
  }

  /** Send the oldest taps; gives what became of each. */
  async send(taps) {
    const now = Date.now();
    const sent = taps.slice(0, MOST_AT_ONCE).map(({ id, code, action, pressed }) => ({
      id,
      code,
      action,
      ago: Math.round(now - pressed),
    }));
    const answer = await this.ask(this.facts.taps, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
      body: JSON.stringify({ taps: sent }),
    });
    return (await answer.json()).outcomes;
  }

  async ask(url, options) {
    const answer = await fetch(url, {
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
      ...options,
    });
    if (answer.type === "opaqueredirect") throw new SignedOut();
    if (answer.status === 403) throw new NotYours();
    if (!answer.ok && answer.status !== 304) throw new Error(`${answer.status} for ${url}`);
    return answer;
  }
}
