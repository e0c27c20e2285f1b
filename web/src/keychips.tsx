// The keys of sessions as chips, the kind of each in words.
import { Key } from "./api";
import { middle, spaceText } from "./words";

const order = ["app", "http", "flow", "call"];

export function KeyChip({ k }: { k: Key }) {
  return <span class={"key " + k.space} title={`${spaceText(k.space)} ${k.value}`}><b>{spaceText(k.space)}</b>{middle(k.value, 22)}</span>;
}

// Keys shows one chip of each kind and how many more there are of it; those
// that were searched for come first.
export function Keys({ keys, sought }: { keys: Key[]; sought: string }) {
  const sorted = [...keys].sort((a, b) => Number(hits(b, sought)) - Number(hits(a, sought)) || order.indexOf(a.space) - order.indexOf(b.space));
  const kinds = [...new Set(sorted.map((k) => k.space))];
  return <span class="keys">{kinds.map((space) => {
    const all = sorted.filter((k) => k.space === space);
    return <span key={space} class={hits(all[0], sought) ? "sought" : ""}><KeyChip k={all[0]} />{all.length > 1 && <span class="times" title={all.slice(1, 9).map((k) => k.value).join("\n")}>×{all.length}</span>}</span>;
  })}</span>;
}

// hits tells whether a key is why a search found its session. Ids of HTTP are
// shown shortened: those are compared by what is left of them.
export function hits(k: Key, sought: string): boolean {
  const text = sought.replace(/^[\w.-]+[:=](?=.)/, "").toLowerCase();
  if (!text) return false;
  const value = k.value.toLowerCase();
  if (!value.includes("…")) return value.includes(text);
  const [head, tail] = value.split("…");
  return text.length > value.length && text.startsWith(head) && text.replace(/\..*$/, "").endsWith(tail.replace(/\..*$/, ""));
}
