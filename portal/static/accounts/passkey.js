// Passkeys: a device makes or uses one, and the portal checks it. The rest of the page works without.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const written = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function ask(url, body) {
  const token = document.querySelector("[name=csrf_token]").value;
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  // They have to sign in again first, or to show that it is they.
  if (answer.redirected) {
    location.assign(answer.url);
    await new Promise(() => {});
  }
  return answer.json();
}

async function make(options) {
  options.challenge = bytes(options.challenge);
  options.user.id = bytes(options.user.id);
  for (const known of options.excludeCredentials ?? []) known.id = bytes(known.id);
  const made = await navigator.credentials.create({ publicKey: options });
  return { attestationObject: written(made.response.attestationObject), ...about(made) };
}

async function use(options) {
  options.challenge = bytes(options.challenge);
  const used = await navigator.credentials.get({ publicKey: options });
  const { authenticatorData, signature, userHandle } = used.response;
  return {
    authenticatorData: written(authenticatorData),
    signature: written(signature),
    userHandle: userHandle && written(userHandle),
    ...about(used),
  };
}

const about = (credential) => ({ clientDataJSON: written(credential.response.clientDataJSON), credential });

async function go(place) {
  const options = await ask(place.dataset.options, {});
  const { credential, ...response } = await (place.dataset.passkey === "make" ? make : use)(options);
  const { id, type } = credential;
  return ask(place.dataset.send, { id, rawId: id, type, response, clientExtensionResults: {} });
}

for (const place of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  const [button, said] = [place.querySelector("button"), place.querySelector("[role=alert]")];
  place.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    said.textContent = "";
    try {
      const { to, wrong } = await go(place);
      if (to) return location.assign(to);
      said.textContent = wrong;
    } catch {
      // They stopped, the device has none, or the connection dropped.
      said.textContent = place.dataset.failed;
    }
    button.disabled = false;
  });
}
