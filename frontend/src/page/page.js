// What every work page may use when there is JavaScript: htmx, focus on the error summary, one submission
// per press, the keys j, k and Enter in lists, and the diagram viewer on request. Nothing needs it.
import "htmx.org/dist/htmx.esm.min.js";
import { focusErrors, pressOnce } from "./forms.js";
import { keysInList } from "./keys.js";

document.documentElement.classList.add("m-scripted");
document.body.classList.add("js-enabled", "govuk-frontend-supported");
focusErrors(document);
pressOnce(document);
keysInList(document);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-diagram]");
  if (!button) return;
  event.preventDefault();
  const { show } = await import("../diagram/diagram.js");
  await show(button);
});
