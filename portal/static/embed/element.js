// <portal-signup event="SLUG">: the sign-up of one event in any page. How to use it: docs/jekyll.md.
// What stands inside the element is shown without a script, and until the frame has spoken.
(() => {
  const portal = new URL(".", document.currentScript.src);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { display: block; position: relative; min-height: 23rem; }
    @media (max-width: 40rem) { :host { min-height: 31rem; } }
    :host([hidden]) { display: none; }
    iframe { display: block; width: 100%; border: 0; }
    iframe:not(.speaks) { position: absolute; inset: 0; height: 100%; visibility: hidden; }
    .speaks ~ slot { display: none; }
  `);

  class PortalSignup extends HTMLElement {
    connectedCallback() {
      const event = this.getAttribute("event");
      if (!event) return;
      this.listening = new AbortController();
      addEventListener("message", (message) => this.hear(message), { signal: this.listening.signal });
      if (this.frame) return;
      const language = this.getAttribute("language") || this.closest("[lang]")?.lang || "";
      const url = new URL(`embed/${encodeURIComponent(event)}`, portal);
      if (language) url.searchParams.set("language", language);
      this.frame = document.createElement("iframe");
      this.frame.title = this.textContent.trim() || event;
      this.frame.referrerPolicy = "no-referrer";
      this.frame.loading = "lazy";
      this.frame.addEventListener("load", () => this.greet());
      this.frame.src = url;
      const root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [sheet];
      root.append(this.frame, document.createElement("slot"));
    }

    disconnectedCallback() {
      this.listening?.abort();
    }

    // A page has come into the frame. Only one of the portal's hears this.
    greet() {
      this.frame.contentWindow.postMessage("portal-signup", portal.origin);
      const follows = this.frame.classList.contains("speaks");
      if (follows && this.getBoundingClientRect().top < 0) this.scrollIntoView();
    }

    hear({ origin, source, data }) {
      if (origin !== portal.origin || source !== this.frame?.contentWindow) return;
      if (!Number.isFinite(data?.portalSignup)) return;
      this.frame.style.height = `${data.portalSignup}px`;
      if (data.title) this.frame.title = String(data.title);
      this.frame.classList.add("speaks");
    }
  }
  customElements.define("portal-signup", PortalSignup);
})();
