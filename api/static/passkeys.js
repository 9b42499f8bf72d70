// Passkeys: a form with data-passkey asks the browser to make or use one, and is then sent with the response.
// It is shown where the browser has passkeys. Anyone else signs in by links.
"use strict";

(() => {
  const api = window.PublicKeyCredential;
  if (!api?.parseCreationOptionsFromJSON || !api.prototype.toJSON) return;
  document.querySelectorAll("[data-without-passkeys]").forEach((text) => (text.hidden = true));
  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form);
    });
  });

  async function ask(form) {
    const [status, button] = [form.querySelector("[role=status]"), form.querySelector("button")];
    status.textContent = "";
    button.disabled = true;
    try {
      const answer = await fetch(form.dataset.options, { method: "POST", body: new FormData(form) });
      // What the site refuses, such as a session that ended, the page of the form's own response says.
      if (answer.ok) form.elements.credential.value = JSON.stringify(await respond(form, await answer.json()));
      form.submit();
    } catch {
      // The person cancelled, no passkey fits, or the site did not answer.
      status.textContent = form.querySelector("template").content.textContent;
    } finally {
      button.disabled = false;
    }
  }

  async function respond(form, options) {
    const credential =
      form.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey: api.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: api.parseRequestOptionsFromJSON(options) });
    return credential.toJSON();
  }
})();
