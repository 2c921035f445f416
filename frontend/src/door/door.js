// The door of a meeting on a poor network: a sign-in that cannot be sent is kept on this device, shown as not
// yet sent, and sent again until the server has it. Sending twice is harmless: everybody counts once.
// Finding people goes on without the network, in the roll that was read when the page was opened.
import { Queue } from "./queue.js";
import { matching } from "./search.js";

const AGAIN_MS = 5000;
const AT_ONCE = 100;
const SHOWN = 12;

const box = document.querySelector("[data-door]");
if (box) open(box);

function open(box) {
  const queue = new Queue(box.dataset.key, window.localStorage);
  const unsent = box.querySelector("[data-unsent]");
  const refusals = box.querySelector("[data-refusals]");
  const local = box.querySelector("[data-local]");
  const find = document.getElementById("q");
  let roll = [];
  let sending = false;

  const post = (present, absent) => {
    const body = new URLSearchParams({ csrf_token: token(document) });
    present.forEach((id) => body.append("present", id));
    absent.forEach((id) => body.append("absent", id));
    return ask(box.dataset.address, { method: "POST", body });
  };

  function show() {
    unsent.hidden = queue.size === 0;
    unsent.querySelector("[data-count]").textContent = String(queue.size);
    for (const button of document.querySelectorAll("#door button[name=present], #door button[name=absent]")) {
      mark(button, queue.has(button.value));
    }
  }

  function mark(button, waiting) {
    const row = button.closest(".m-row");
    if (!row) return;
    const tag = row.querySelector("[data-waiting]");
    if (waiting && !tag) row.querySelector(".m-row__when").append(waitingTag());
    if (!waiting && tag) tag.remove();
  }

  function waitingTag() {
    const tag = document.createElement("span");
    tag.className = "m-tag m-tag--soon";
    tag.dataset.waiting = "";
    tag.textContent = box.dataset.waiting;
    return tag;
  }

  function keep(id, name, present) {
    queue.put(id, name, present);
    show();
    window.setTimeout(send, AGAIN_MS);
  }

  async function send() {
    if (sending || queue.size === 0) return;
    sending = true;
    try {
      await sendAll();
    } catch {
      window.setTimeout(send, AGAIN_MS); // the network is still away: everything stays in the queue
    } finally {
      sending = false;
      show();
    }
  }

  async function sendAll() {
    for (let waiting = queue.first(AT_ONCE); waiting.length > 0; waiting = queue.first(AT_ONCE)) {
      const answer = await sent(waiting);
      if (answer.ok) {
        queue.drop(waiting);
      } else if (waiting.length === 1) {
        refuse(waiting[0], answer.why);
        queue.drop(waiting);
      } else {
        for (const one of waiting) {
          const single = await sent([one]);
          if (!single.ok) refuse(one, single.why);
          queue.drop([one]);
        }
      }
      show();
    }
    if (find.value.trim() === "") return;
    find.dispatchEvent(new Event("search"));
  }

  // → {ok} or {ok: false, why}; throws while the server cannot be reached or does not know us any more.
  async function sent(waiting) {
    const ids = (present) => waiting.filter((w) => w.present === present).map((w) => w.id);
    let answer = await post(ids(true), ids(false));
    if (answer.status === 400) {
      await renewToken();
      answer = await post(ids(true), ids(false));
    }
    if (answer.status >= 500 || answer.status === 401 || answer.status === 429) throw new Error("later");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (new URL(answer.url).pathname !== box.dataset.address) throw new Error("signed out");
    if (answer.ok) return { ok: true };
    return { ok: false, why: page.querySelector(".govuk-error-summary__list")?.textContent.trim() ?? "" };
  }

  async function renewToken() {
    const answer = await ask(box.dataset.address, {});
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = token(page);
    if (fresh) document.querySelectorAll("input[name=csrf_token]").forEach((i) => (i.value = fresh));
  }

  function refuse(waiting, why) {
    refusals.hidden = false;
    const line = document.createElement("li");
    line.textContent = `${waiting.name}: ${why}`;
    refusals.querySelector("ul").append(line);
  }

  function findHere() {
    const text = find.value.trim();
    const list = local.querySelector("ul");
    list.replaceChildren(...matching(roll, text, SHOWN).map(rowOf));
    local.hidden = list.children.length === 0;
    document.querySelector("#door [data-found]")?.toggleAttribute("hidden", true);
  }

  function rowOf([id, name, household, tail, present]) {
    const row = box.querySelector("template").content.firstElementChild.cloneNode(true);
    row.querySelector("[data-name]").textContent = name;
    row.querySelector("[data-household]").textContent = household;
    row.querySelector("[data-tail]").textContent = tail;
    const button = row.querySelector("button");
    const here = queue.has(id) ? queue.present(id) : present;
    button.hidden = here;
    row.querySelector("[data-here]").hidden = !here;
    if (queue.has(id)) row.querySelector(".m-row__when").append(waitingTag());
    button.setAttribute("aria-label", box.dataset.signIn.replace("{name}", name));
    button.addEventListener("click", () => {
      keep(String(id), name, true);
      findHere();
    });
    return row;
  }

  // A request of htmx that did not get through: keep the sign-in, or find the person here.
  const lost = ({ sourceElement, sourceEvent, request }) => {
    const button = sourceEvent?.submitter;
    const signs = button && sourceElement.closest("#door") && /^(present|absent)$/.test(button.name);
    if (signs) keep(button.value, button.dataset.name, button.name === "present");
    else if (request.method.toUpperCase() === "GET") findHere();
  };
  document.addEventListener("htmx:error", (event) => event.detail.ctx && lost(event.detail.ctx));
  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail;
    if (ctx.response.status < 500) return;
    event.preventDefault(); // nothing is swapped: what is shown stays
    lost(ctx);
  });
  document.addEventListener("htmx:after:swap", () => {
    local.hidden = true;
    show();
  });
  window.addEventListener("online", send);
  show();
  send();
  ask(box.dataset.roll, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : { people: [] }))
    .then((found) => (roll = found.people))
    .catch(() => (roll = []));
}

function ask(address, more) {
  const stop = new AbortController();
  const timer = window.setTimeout(() => stop.abort(), 10000);
  return fetch(address, { credentials: "same-origin", signal: stop.signal, ...more }).finally(() =>
    window.clearTimeout(timer),
  );
}

function token(page) {
  return page.querySelector("input[name=csrf_token]")?.value ?? "";
}
