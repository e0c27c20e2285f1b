// The difference of two lists of lines.

export interface Line { op: " " | "+" | "-"; text: string; key?: string; old?: number; new?: number }

// far is how many cells the table of the comparison may have: beyond that the
// part that differs is shown as taken away and added as a whole.
const far = 4_000_000;

export function diff(a: string[], b: string[]): Line[] {
  let head = 0, tail = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const same = (lines: string[]): Line[] => lines.map((text) => ({ op: " ", text }));
  return [...same(a.slice(0, head)), ...inner(a.slice(head, a.length - tail), b.slice(head, b.length - tail)), ...same(a.slice(a.length - tail))];
}

function inner(a: string[], b: string[]): Line[] {
  if (a.length * b.length > far) return [...a.map((text): Line => ({ op: "-", text })), ...b.map((text): Line => ({ op: "+", text }))];
  const w = b.length + 1;
  const common = new Uint16Array((a.length + 1) * w); // longest common part of what follows
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * w + j] = a[i] === b[j] ? common[(i + 1) * w + j + 1] + 1 : Math.max(common[(i + 1) * w + j], common[i * w + j + 1]);
  const lines: Line[] = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) lines.push({ op: " ", text: a[i++] }), j++;
    else if (i < a.length && (j === b.length || common[(i + 1) * w + j] >= common[i * w + j + 1])) lines.push({ op: "-", text: a[i++] });
    else lines.push({ op: "+", text: b[j++] });
  }
  return lines;
}

export const differs = (lines: Line[]) => lines.some((l) => l.op !== " ");

// Piece is some lines, or how many equal ones were left out.
export type Piece = Line[] | number;

// fold leaves out what is equal, but for a few lines around what is not.
export function fold(lines: Line[], around = 3): Piece[] {
  const near = new Set<number>();
  lines.forEach((l, i) => {
    if (l.op !== " ") for (let k = i - around; k <= i + around; k++) near.add(k);
  });
  const pieces: Piece[] = [];
  lines.forEach((l, i) => {
    const last = pieces[pieces.length - 1];
    if (near.has(i)) Array.isArray(last) ? last.push(l) : pieces.push([l]);
    else if (typeof last === "number") pieces[pieces.length - 1] = last + 1;
    else pieces.push(1);
  });
  return pieces;
}

// hunks finds the gaps in lines that carry their numbers, as the API gives them.
export function hunks(lines: Line[]): Piece[] {
  const pieces: Piece[] = [];
  let next = 1;
  for (const l of lines) {
    if (l.old !== undefined) {
      if (l.old > next) pieces.push(l.old - next);
      next = l.old + 1;
    }
    const last = pieces[pieces.length - 1];
    Array.isArray(last) ? last.push(l) : pieces.push([l]);
  }
  return pieces;
}

// patch writes lines as diff -u does, for patch(1).
export function patch(lines: Line[], name: string): string {
  const out = ["--- a/" + name, "+++ b/" + name];
  let a = 1, b = 1;
  for (const piece of fold(lines)) {
    if (typeof piece === "number") {
      a += piece;
      b += piece;
      continue;
    }
    const left = piece.filter((l) => l.op !== "+").length, right = piece.filter((l) => l.op !== "-").length;
    out.push(`@@ -${left ? a : a - 1},${left} +${right ? b : b - 1},${right} @@`, ...piece.map((l) => l.op + l.text));
    a += left;
    b += right;
  }
  return out.join("\n") + "\n";
}
