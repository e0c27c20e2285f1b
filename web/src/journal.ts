// Lists that grow at their head and are read page by page: events, the audit.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask, get, Page, Problem } from "./api";
import { say } from "./state";

export interface Journal<T> {
  items: T[] | null; error: Problem | null; at: number; next: string; total?: { value: number; relation: string }; busy: boolean;
  reload: () => void; more: () => void; add: (items: T[]) => void;
}

// most is how many rows a page holds at most: the oldest go.
export const most = 2000;

export function useJournal<T extends { id: string }>(path: string): Journal<T> {
  const [state, setState] = useState<{ path: string; items: T[] | null; error: Problem | null; next: string; total?: Page<T>["total"]; at: number }>({ path, items: null, error: null, next: "", at: 0 });
  const [busy, setBusy] = useState(false);
  const current = useRef(path);
  current.current = path;
  const reload = useCallback(() => {
    get<Page<T>>(path).then(
      (p) => current.current === path && setState({ path, items: p.items, error: null, next: p.nextCursor ?? "", total: p.total, at: Date.now() }),
      (error) => current.current === path && setState((s) => ({ ...s, path, error, items: s.path === path ? s.items : null })),
    );
  }, [path]);
  useEffect(reload, [reload]);
  const more = () => {
    if (busy || !state.next) return;
    setBusy(true);
    get<Page<T>>(path + (path.includes("?") ? "&" : "?") + "cursor=" + encodeURIComponent(state.next)).then(
      (p) => current.current === path && setState((s) => ({ ...s, items: merge(s.items ?? [], p.items).slice(0, most), next: p.nextCursor ?? "", error: null })),
      (error) => current.current === path && setState((s) => ({ ...s, error })),
    ).finally(() => setBusy(false));
  };
  const add = (items: T[]) => setState((s) => (s.path === path && s.items ? { ...s, items: merge(items, s.items).slice(0, most), at: Date.now() } : s));
  const fresh = state.path === path;
  return { items: fresh ? state.items : null, error: fresh ? state.error : null, next: state.next, total: state.total, at: state.at, busy, reload, more, add };
}

function merge<T extends { id: string }>(first: T[], then: T[]): T[] {
  const known = new Set(first.map((x) => x.id));
  return [...first, ...then.filter((x) => !known.has(x.id))];
}

// save gives the browser a file with lines of JSON.
export async function saveLines(path: string, name: string) {
  try {
    const { data } = await ask<string>("GET", path, undefined, { Accept: "application/jsonl" });
    const url = URL.createObjectURL(new Blob([data], { type: "application/jsonl" }));
    const a = document.createElement("a");
    a.href = url;
    a.download = name;
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  } catch (p) {
    say({ text: p instanceof Problem ? p.message + ". " + p.detail : String(p), bad: true });
  }
}

// query writes the filters that are set.
export function query(filters: Record<string, string>): string {
  const q = new URLSearchParams(Object.entries(filters).filter(([, v]) => v));
  return q.size ? "?" + q : "";
}
