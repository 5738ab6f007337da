// Who is on the list, and what the taps that wait on this phone make of it. Nothing here knows a page.

const CODE = /^\s*([0-9A-Z]{4})[-\s]*([0-9A-Z]{4})[-\s]*([0-9]{1,3})\s*$/i;

/** A code as it is written, from one that was scanned or typed; null when it is none. */
export function codeIn(text) {
  const found = CODE.exec(text);
  return found && `${found[1]}-${found[2]}-${Number(found[3])}`.toUpperCase();
}

/** Text as it is searched: no accents, no case, single spaces. */
export function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().split(/\s+/).filter(Boolean).join(" ");
}

/** The people in the portal's answer. */
export function readPeople(rows) {
  return rows.map(([code, first, last, ticket, school, status, since]) => ({
    code,
    name: `${first} ${last}`,
    about: [ticket, school].filter(Boolean).join(" · "),
    status,
    since,
    text: folded(`${last} ${first} ${school} ${code}`),
  }));
}

/** The people as they are once the taps that wait are sent, oldest first; who is in stays in since then. */
export function withTaps(people, taps) {
  const known = new Map(people.map((person) => [person.code, { ...person }]));
  for (const { code, action, pressed } of taps) {
    const person = known.get(code);
    if (person) person.since = action === "in" ? (person.since ?? pressed) : null;
  }
  return [...known.values()];
}

/** expected, here, waitlisted or cancelled. */
export function standing(person) {
  if (person.status !== "confirmed") return person.status;
  return person.since === null ? "expected" : "here";
}

/**
 * Whom a search means. `show` is expected, here, or empty for both, and with a search for all; `held` are the codes of
 * those who stay where they were.
 */
export function found(people, q, show, held) {
  const code = codeIn(q);
  const words = folded(q).split(" ").filter(Boolean);
  const wanted = show ? [show] : ["expected", "here"];
  return people.filter((person) => {
    const meant = person.code === code || words.every((word) => person.text.includes(word));
    const shown = wanted.includes(standing(person)) || (words.length && !show) || held.has(person.code);
    return meant && shown;
  });
}

/** How many there are of each standing. */
export function counts(people) {
  const numbers = { expected: 0, here: 0, waitlisted: 0, cancelled: 0 };
  for (const person of people) numbers[standing(person)] += 1;
  return numbers;
}
