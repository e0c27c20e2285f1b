import { differs, fold, hunks, Line } from "./diff";
import { plural } from "./words";

const said: Record<string, string> = { "+": "added: ", "-": "taken away: " };

// DiffView shows what differs, with a few lines around it.
export function DiffView({ lines, label, empty = "There is no difference." }: { lines: Line[]; label: string; empty?: string }) {
  if (!differs(lines)) return <p class="muted">{empty}</p>;
  const pieces = lines.some((l) => l.old !== undefined || l.new !== undefined) ? hunks(lines) : fold(lines);
  return <div class="diff" role="group" aria-label={label} tabIndex={0}>{pieces.map((piece, i) => typeof piece === "number"
    ? <div class="gap" key={i}>{plural(piece, "equal line")}</div>
    : piece.map((l, k) => <div key={i + "." + k} class={l.op === "+" ? "added" : l.op === "-" ? "gone" : ""}><i aria-hidden="true">{l.op}</i><span>{said[l.op] && <span class="hidden">{said[l.op]}</span>}{l.text || " "}</span></div>))}</div>;
}
