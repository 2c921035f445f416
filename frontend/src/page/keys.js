// j and k move through a list of work, Enter opens the row. Off while somebody types, and with Ctrl, Alt or Meta.

export function keysInList(root) {
  const rows = () => [...root.querySelectorAll("[data-keys] [data-row]")];
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input, select, textarea, button, a, [contenteditable]") && event.key === "Enter") return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    const all = rows();
    const at = all.findIndex((row) => row.hasAttribute("data-here"));
    if (event.key === "j") go(all, at, at + 1);
    else if (event.key === "k") go(all, at, at - 1);
    else if (event.key === "Enter" && at >= 0) all[at].querySelector("a[href]")?.click();
  });
}

function go(rows, from, to) {
  if (to < 0 || to >= rows.length) return;
  rows[from]?.removeAttribute("data-here");
  rows[to].setAttribute("data-here", "");
  rows[to].querySelector("a[href]")?.focus({ preventScroll: true });
  rows[to].scrollIntoView({ block: "nearest" });
}
