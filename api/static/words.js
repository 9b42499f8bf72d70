// What a person says of a meeting ("running late", "I can't come"): kept on the device until the site has answered
// that it arrived. A form with data-word is such a word. It is sent with a fresh token, for the person who said it
// alone, as often as it takes; its line stands beside the button, or on top where no button of it is on the page.
"use strict";

(() => {
  const site = document.getElementById("words");
  if (!site) return;
  const texts = site.dataset;
  const NAME = `words ${texts.person}`;
  const AGAIN = 30000; // milliseconds until what waits is sent again
  const READ = 10000; // milliseconds for which a page that follows says once more that a word was sent
  const KEPT = 24 * 3600 * 1000; // milliseconds after the end of its meeting until a word is forgotten
  const FINAL = [403, 404, 409, 422]; // with a reason beside it: sending it again would not help

  const read = (name = NAME) => JSON.parse(localStorage.getItem(name) || "[]");
  function write(words, name = NAME) {
    if (words.length) localStorage.setItem(name, JSON.stringify(words));
    else localStorage.removeItem(name);
  }
  const change = (id, found) => write(read().map((word) => (word.id === id ? { ...word, ...found } : word)));
  const drop = (id) => write(read().filter((word) => word.id !== id));
  const isOver = (word) => Date.parse(word.end) <= Date.now();

  function add(form, button) {
    const pressed = button || form.querySelector("button");
    const word = {
      id: `${Date.now()} ${Math.random()}`,
      place: form.dataset.word,
      says: pressed.dataset.says,
      meeting: form.dataset.meeting,
      end: form.dataset.end,
      action: form.getAttribute("action"),
      fields: [...new FormData(form, button)].filter(([name]) => name !== "csrf_token"),
      at: Date.now(),
      state: "waiting",
      why: "",
    };
    write([...read().filter((each) => each.place !== word.place), word]); // what was said before is taken back
    const fold = form.closest("details.say");
    if (fold) {
      const hadFocus = fold.contains(document.activeElement);
      fold.open = false;
      if (hadFocus) fold.querySelector("summary").focus();
    }
  }

  // A token that is good now, or why there is none.
  async function pass() {
    let answer;
    try {
      answer = await fetch(texts.token, { redirect: "manual", cache: "no-store", headers: { Accept: "application/json" } });
    } catch {
      return { why: "offline" };
    }
    if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) return { why: "signedOut" };
    const said = answer.ok && (await answer.json().catch(() => undefined));
    if (!said) return { why: "silent" };
    return said.person === texts.person ? said : { why: "signedOut" };
  }

  async function send(word, token) {
    const waited = Math.max(0, Math.round((Date.now() - word.at) / 1000));
    const body = new URLSearchParams([...word.fields, ["csrf_token", token], ["waited", waited]]);
    let answer;
    try {
      answer = await fetch(word.action, { method: "POST", body, redirect: "manual", headers: { Accept: "application/json" } });
    } catch {
      return { why: "offline" };
    }
    const { said } = await answer.json().catch(() => ({})); // a page is no answer to a word, whatever its status
    if (said && answer.ok) return { state: "sent", why: said, sent: Date.now() };
    if (said && FINAL.includes(answer.status)) return { state: "failed", why: said };
    return { why: "silent" };
  }

  const tell = (word) => document.dispatchEvent(new CustomEvent("words:sent", { detail: word }));

  async function sendEach() {
    for (const word of read()) if (word.state === "waiting" && isOver(word)) change(word.id, { state: "failed", why: texts.over });
    const waiting = read().filter((word) => word.state === "waiting");
    if (!waiting.length) return;
    const given = await pass();
    for (const { id } of waiting) {
      const word = read().find((each) => each.id === id);
      if (!word || word.state !== "waiting") continue;
      if (given.token) change(id, { why: "" });
      const found = given.token ? await send(word, given.token) : { why: given.why };
      change(id, found);
      if (found.state === "sent") tell(word);
    }
  }

  let sending;
  let again = false;
  async function sendAll() {
    again = true;
    if (sending) return;
    sending = true;
    while (again) {
      again = false;
      try {
        await (navigator.locks ? navigator.locks.request(NAME, sendEach) : sendEach()); // one page at a time
      } catch {
        // a line of it stays as it is
      }
      draw();
    }
    sending = false;
  }

  const SIGNS = { waiting: "clock", sent: "check", failed: "warning" };

  function sign(name) {
    const icon = document.createElement("span");
    icon.className = `icon i-${name}`;
    icon.setAttribute("aria-hidden", "true");
    return icon;
  }

  function line(word, withMeeting) {
    const row = document.createElement("div");
    row.className = `queued is-${word.state}`;
    const text = document.createElement("p");
    const says = document.createElement("b");
    says.textContent = withMeeting ? `${word.meeting}: ${word.says}` : word.says;
    const why = word.state === "waiting" ? texts[word.why || "sending"] : word.why;
    text.append(says, " ", word.state === "failed" ? `${texts.failed} ${why}` : why);
    if (word.state === "waiting" && word.why === "signedOut") {
      const link = document.createElement("a");
      link.href = texts.signIn;
      link.textContent = texts.signInLabel;
      text.append(" ", link);
    }
    row.append(sign(SIGNS[word.state]), text);
    if (word.state === "waiting" ? word.why : true) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button-quiet";
      if (word.state === "waiting") button.append(sign("undo"));
      button.append(word.state === "waiting" ? texts.undo : texts.dismiss);
      button.addEventListener("click", () => {
        drop(word.id);
        draw();
      });
      row.append(button);
    }
    return row;
  }

  const isShown = (place) => (place.checkVisibility ? place.checkVisibility() : place.offsetParent !== null);

  // Beside the button that said it; on top if that is not on this page. A line that says the same stays as it is.
  function draw() {
    const words = read();
    for (const place of document.querySelectorAll("[data-place]"))
      fill(place, words.filter((word) => word.place === place.dataset.place), false);
    const placed = [...document.querySelectorAll("[data-place]")].filter(isShown).map((place) => place.dataset.place);
    fill(site, words.filter((word) => !placed.includes(word.place)), true);
  }

  function fill(place, words, withMeeting) {
    const said = JSON.stringify(words);
    if (place.said === said || (place.said === undefined && !words.length)) return;
    place.said = said;
    place.replaceChildren(...words.map((word) => line(word, withMeeting)));
  }

  // What was sent was said on the page before this one, unless that went away just then; what is long over is
  // forgotten, whoever said it.
  function tidy() {
    write(read().filter((word) => word.state !== "sent" || word.sent > Date.now() - READ));
    for (const name of Object.keys(localStorage).filter((each) => each.startsWith("words ")))
      write(read(name).filter((word) => Date.parse(word.end) > Date.now() - KEPT), name);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset || !("word" in form.dataset) || !form.reportValidity()) return;
    event.preventDefault();
    add(form, event.submitter);
    draw();
    sendAll();
  });
  addEventListener("storage", (event) => event.key === NAME && draw());
  addEventListener("online", sendAll);
  document.addEventListener("visibilitychange", () => document.hidden || sendAll());
  setInterval(sendAll, AGAIN);
  document.addEventListener("words:draw", draw);
  addEventListener("DOMContentLoaded", () => read().filter((word) => word.state === "sent").forEach(tell));
  tidy();
  draw();
  sendAll();
})();
