// Small pieces that every screen is made of.
import { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { Problem } from "./api";
import { absolute, age, duration, nodeColour, ruleText } from "./words";
import { link, live, say } from "./state";

// now ticks once a second, for everything that shows an age.
export const now = signal(Date.now());
setInterval(() => { if (!document.hidden) now.value = Date.now(); }, 1000);

const paths: Record<string, string> = {
  overview: "M3 13h6V3H3zm0 8h6v-6H3zm8 0h10V11H11zm0-18v6h10V3z",
  nodes: "M3 4h18v6H3zm0 10h18v6H3zM7 7h.01M7 17h.01M11 7h6M11 17h6",
  sessions: "M4 7a3 3 0 1 0 6 0a3 3 0 1 0-6 0m10 10a3 3 0 1 0 6 0a3 3 0 1 0-6 0M10 7h4a3 3 0 0 1 3 3v4M14 17h-4a3 3 0 0 1-3-3v-4",
  route: "M5 19a2 2 0 1 0 .01 0M5 17V9a4 4 0 0 1 4-4h11M16 1l4 4-4 4M9 17h5a4 4 0 0 0 4-4v-2",
  search: "M10 4a6 6 0 1 0 0 12a6 6 0 1 0 0-12m4.5 10.5L20 20",
  ok: "M5 13l4 4L19 7", warn: "M12 4L2 20h20zM12 10v5M12 17.5v.5", bad: "M6 6l12 12M18 6L6 18", dot: "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8",
  copy: "M8 8h11v12H8zM5 16V4h11", pause: "M8 5v14M16 5v14", stop: "M6 6h12v12H6z", move: "M4 12h15M13 6l6 6-6 6", out: "M10 4H4v16h6M10 12h10M16 8l4 4-4 4",
  sun: "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2", learn: "M4 5h7v15H4zM13 5h7v15h-7z",
  grip: "M9 6h.01M9 12h.01M9 18h.01M15 6h.01M15 12h.01M15 18h.01", plus: "M12 5v14M5 12h14", up: "M12 19V5M6 11l6-6 6 6", lower: "M12 5v14M6 13l6 6 6-6",
  more: "M5 12h.01M12 12h.01M19 12h.01", user: "M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8M4 21c1-5 4-7 8-7s7 2 8 7",
  access: "M8 11V7a4 4 0 0 1 8 0v4M5 11h14v10H5z", affinity: "M7 8a4 4 0 1 0 .01 0M17 8a4 4 0 1 0 .01 0M11 12h2", config: "M4 6h10M18 6h2M4 12h2M10 12h10M4 18h8M16 18h4M16 4v4M8 10v4M14 16v4", events: "M4 5h16M4 10h16M4 15h10M4 20h6",
  help: "M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 17.5v.5",
};
export function Icon({ name }: { name: string }) {
  return <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d={paths[name]} /></svg>;
}

export function NodeChip({ name, plain }: { name?: string; plain?: boolean }) {
  if (!name) return <span class="muted">none</span>;
  const inner = <><span class={"swatch n" + nodeColour(name)} aria-hidden="true" />{name}</>;
  return plain ? <span class="chip">{inner}</span> : <a class="chip" href={link("nodes", name)}>{inner}</a>;
}

const looks: Record<string, [string, string]> = {
  up: ["ok", "ok"], active: ["ok", "ok"], good: ["ok", "ok"], down: ["bad", "bad"], stopped: ["bad", "stop"], bad: ["bad", "bad"],
  disabled: ["warn", "pause"], mixed: ["warn", "warn"], recovering: ["warn", "warn"], degraded: ["warn", "warn"], unknown: ["dim", "dot"],
};
// A state is never told by colour alone: icon, word and colour say the same.
export function Badge({ word, text, title }: { word: string; text?: string; title?: string }) {
  const [look, icon] = looks[word] ?? ["dim", "dot"];
  return <span class={"badge " + look} title={title}><Icon name={icon} />{text ?? word}</span>;
}
export const activationText = (a: string) => (a === "disabled" ? "draining" : a);

export function Rule({ code }: { code: string }) {
  return <code class="rule" title={ruleText(code)}>{code}</code>;
}

export function Age({ at }: { at?: string }) {
  return <time dateTime={at} title={absolute(at)}>{age(at, now.value)}</time>;
}

// Left is how long something still lasts.
export function Left({ at }: { at?: string }) {
  return at ? <time dateTime={at} title={absolute(at)}>{duration(Date.parse(at) - now.value)}</time> : <span class="muted">–</span>;
}

// Scroll holds what may be wider than the page. While it is, the keyboard can
// scroll it.
export function Scroll({ label, class: more = "", children }: { label: string; class?: string; children: ComponentChildren }) {
  const ref = useRef<HTMLDivElement>(null);
  const [wide, setWide] = useState(false);
  useEffect(() => {
    const box = ref.current!;
    const watch = new ResizeObserver(() => setWide(box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1));
    watch.observe(box);
    if (box.firstElementChild) watch.observe(box.firstElementChild);
    return () => watch.disconnect();
  }, []);
  return <div ref={ref} class={("scroll " + more).trim()} {...(wide && { role: "region", "aria-label": label, tabIndex: 0 })}>{children}</div>;
}

// Copy says what it copies by its children, or else by its label alone.
export function Copy({ text, label, children }: { text: string; label: string; children?: ComponentChildren }) {
  const [done, setDone] = useState(false);
  const copy = async (e: Event) => {
    e.preventDefault();
    e.stopPropagation();
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    } catch {
      say({ text: "The browser does not allow copying here.", bad: true });
    }
  };
  return <button type="button" class="copy" title={label} aria-label={children ? undefined : label} onClick={copy}><Icon name={done ? "ok" : "copy"} />{children}</button>;
}

// Same offers what the screen shows, or what a dialog will do, as a command:
// by curl with a token, and by twinhop where it has a verb for it.
export interface Command { path: string; method?: string; body?: unknown; cli?: string; match?: string } // match: the ETag that it must still have
const quote = (s: string) => "'" + s.replaceAll("'", "'\\''") + "'";
export const word = (s: string) => (/^[\w.:@%+,\/=-]+$/.test(s) ? s : quote(s)); // as a shell takes it
export function curl({ path, method, body, match }: Command): string {
  return "curl -sS -H \"Authorization: Bearer $TWINHOP_TOKEN\"" + (method ? " -X " + method + " -H 'Content-Type: application/json'" : "") +
    (match ? " -H " + quote("If-Match: " + match) : "") + (body ? " -d " + quote(JSON.stringify(body)) : "") + " " + quote(location.origin + "/api/v1" + path);
}
export function Same(c: Command) {
  return <span class="same"><CopyWord text={curl(c)} label="Copy as curl" word="curl" />{c.cli && <CopyWord text={"twinhop " + c.cli} label="Copy as a command of twinhop" word="CLI" />}</span>;
}
export const Curl = Same; // the name before there were two

function CopyWord({ text, label, word }: { text: string; label: string; word: string }) {
  return <Copy text={text} label={label}>{word}</Copy>;
}

export function Spark({ values, label }: { values: number[]; label: string }) {
  if (values.length < 2) return <div class="spark" aria-hidden="true" />;
  const top = Math.max(...values, 1);
  const x = (i: number) => (i / (values.length - 1)) * 120;
  const y = (v: number) => 27 - (v / top) * 24;
  const line = values.map((v, i) => (i ? "L" : "M") + x(i).toFixed(1) + " " + y(v).toFixed(1)).join("");
  return <svg class="spark" viewBox="0 0 120 28" preserveAspectRatio="none" role="img" aria-label={label}>
    <path class="area" d={line + "L120 28L0 28Z"} /><path class="line" d={line} vector-effect="non-scaling-stroke" /></svg>;
}

export function Bar({ part, mark, label }: { part: number; mark?: number; label: string }) {
  return <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label={label}>
    <title>{label}</title><rect class="all" width="100" height="8" /><rect class="part" width={Math.min(100, part * 100)} height="8" />
    {mark !== undefined && mark > 0 && <rect class="mark" x={Math.min(99, mark * 100)} width="1.2" height="8" />}</svg>;
}

export function Failure({ problem, retry }: { problem: Problem; retry?: () => void }) {
  return <div class="failure" role="alert"><Icon name="warn" /><div><b>{problem.message}</b><p>{problem.detail}</p>
    {problem.requestId && <p class="muted">request {problem.requestId}</p>}{retry && <button type="button" onClick={retry}>Retry</button>}</div></div>;
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return <div class="empty"><b>{title}</b><div>{children}</div></div>;
}

export function Skeleton({ rows = 5 }: { rows?: number }) {
  return <div class="skeleton" aria-busy="true" aria-label="loading">{Array.from({ length: rows }, (_, i) => <div key={i} />)}</div>;
}

// Stale says that what is shown may be old.
export function Stale({ at, error }: { at: number; error?: Problem | null }) {
  if (!at || (live.value !== "lost" && !error)) return null;
  return <div class="stale" role="status"><Icon name="warn" />
    {error ? error.message + ". " : "Live updates are interrupted; looking every 5 s. "}Updated {duration(now.value - at)} ago.</div>;
}

export function Head({ title, children, sub }: { title: ComponentChildren; children?: ComponentChildren; sub?: ComponentChildren }) {
  return <header class="head"><div><h1 tabIndex={-1}>{title}</h1>{sub && <p class="muted">{sub}</p>}</div><div class="tools">{children}</div></header>;
}

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => { ref.current?.showModal(); }, []);
  return <dialog ref={ref} aria-labelledby="dialog-title" onCancel={(e) => { e.preventDefault(); onClose(); }}
    onClick={(e) => e.target === ref.current && onClose()}>
    <div class="inner"><h2 id="dialog-title">{title}</h2>{children}</div></dialog>;
}
