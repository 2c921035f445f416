// Forms: the error summary takes the focus, its links move to the field, and a form is sent once a press.

export function focusErrors(root) {
  const summary = root.querySelector("[data-errors]");
  if (!summary) return;
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const field = link && root.getElementById(link.getAttribute("href").slice(1));
    if (!field) return;
    event.preventDefault();
    (field.closest(".govuk-form-group") ?? field).scrollIntoView();
    field.focus({ preventScroll: true });
  });
}

const PAUSE_MS = 1500;

export function pressOnce(root) {
  let lastForm = null;
  let lastAt = 0;
  root.addEventListener("submit", (event) => {
    const now = Date.now();
    if (event.target === lastForm && now - lastAt < PAUSE_MS) event.preventDefault();
    lastForm = event.target;
    lastAt = now;
  });
}
