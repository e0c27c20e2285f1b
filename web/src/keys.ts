// The keyboard of the whole page. Keys are read only when nobody is typing.
import { useEffect } from "preact/hooks";
import { go } from "./state";

export interface Goal { path: string; key: string }

// help lists what the keys do, for the sheet behind "?".
export const help: [string, string][] = [
  ["/", "search sessions, from anywhere"], ["j k", "next, previous row"], ["Enter", "open the row"],
  ["↑ ↓", "rows of the ladder, once it has the focus"], ["t d s", "in the ladder: text, difference, SDP only"],
  ["d x .", "nodes: drain, stop, all actions of the row"], ["?", "this list"], ["Esc", "close"],
];

function row(step: number) {
  const rows = [...document.querySelectorAll<HTMLElement>("tr[data-row]")];
  const at = rows.findIndex((r) => r.contains(document.activeElement));
  rows[Math.max(0, Math.min(rows.length - 1, at + step))]?.querySelector<HTMLElement>("th a")?.focus();
}

function search() {
  const box = document.querySelector<HTMLInputElement>("#search");
  if (box?.offsetParent) return box.select(), box.focus();
  go("sessions"); // the box of the bar is hidden on narrow pages
  setTimeout(() => document.querySelector<HTMLInputElement>("#search")?.focus(), 30);
}

// useKeys goes to a goal by g and its key, and serves the other keys.
export function useKeys(goals: Goal[], onHelp: () => void) {
  useEffect(() => {
    let lead = 0;
    const on = (e: KeyboardEvent) => {
      const t = e.target as HTMLElement;
      if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || document.querySelector("dialog[open]")) return;
      if (t.matches("input,textarea,select")) {
        if (e.key === "Escape") t.blur();
        return;
      }
      if (Date.now() - lead < 1200) {
        lead = 0;
        const goal = goals.find((g) => g.key === e.key);
        if (goal) {
          e.preventDefault();
          return go(goal.path);
        }
      }
      if (e.key === "g") lead = Date.now();
      else if (e.key === "/") {
        e.preventDefault();
        addEventListener("keyup", search, { once: true }); // not before: the box would get the character
      } else if (e.key === "?") onHelp();
      else if (e.key === "j") row(1);
      else if (e.key === "k") row(-1);
    };
    addEventListener("keydown", on);
    return () => removeEventListener("keydown", on);
  }, []);
}
