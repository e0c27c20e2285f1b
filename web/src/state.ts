// What the whole page shares: who is here, which screen, the theme, the stream.
import { signal } from "@preact/signals";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get, hooks, Me, Overview, Problem } from "./api";

export const me = signal<Me | null>(null);
export const setup = signal(false); // the first user is still to be made
export const spent = signal(false); // the link that led here does not log in any more
export const known = signal(false); // whether we asked already who is here
export const status = signal<Overview | null>(null); // what the frame shows of the cluster

const ranks = ["", "viewer", "operator", "admin"];
export const may = (role: string) => ranks.indexOf(me.value?.role ?? "") >= ranks.indexOf(role);

// entry is what the fragment of a printed link carries: #t= logs in once,
// #setup= makes the first user. It is taken out of the address at once; a path
// behind it is the screen to open.
export const entry = (() => {
  const m = /^#(t|setup)=([\w-]+)(\/[\w/-]*)?$/.exec(location.hash);
  if (m) history.replaceState(null, "", location.pathname + (m[3] ? "#" + m[3] : ""));
  return m ? { kind: m[1], token: m[2] } : null;
})();

// The screen is the fragment: #/sessions/s_1?q=alice. Nothing of it is sent.
export interface Place { path: string[]; query: URLSearchParams }
const decode = (s: string) => { try { return decodeURIComponent(s); } catch { return s; } };
function read(): Place {
  const text = location.hash.replace(/^#\/?/, "");
  const [path, query = ""] = text.split("?", 2);
  return { path: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}
export const place = signal<Place>(read());
addEventListener("hashchange", () => (place.value = read()));
export const go = (to: string) => (location.hash = "#/" + to);
export const link = (...path: string[]) => "#/" + path.map(encodeURIComponent).join("/");

const stored = (() => { try { return localStorage.getItem("theme") ?? ""; } catch { return ""; } })();
export const theme = signal(stored);
export function setTheme(to: string) {
  theme.value = to;
  try { localStorage.setItem("theme", to); } catch { /* private mode: lasts as long as the page */ }
  applyTheme();
}
export function applyTheme() {
  if (theme.value) document.documentElement.dataset.theme = theme.value;
  else delete document.documentElement.dataset.theme;
}

export interface Toast { text: string; bad?: boolean; undo?: () => void }
export const toast = signal<Toast | null>(null);
let toastTimer = 0;
export function say(t: Toast) {
  toast.value = t;
  clearTimeout(toastTimer);
  toastTimer = window.setTimeout(() => (toast.value = null), 10000);
}

// The stream. Screens listen to its events; when it is lost they poll.
export type Live = "connecting" | "live" | "lost";
export const live = signal<Live>("connecting");
type Listener = (event: string, data: any) => void;
const listeners = new Set<Listener>();
let source: EventSource | null = null;
let topics = "";
let retry = 0;
let attempts = 0;
const names = ["overview.tick", "node.added", "node.changed", "node.removed", "operation.progress", "session.created", "session.moved", "session.ended",
  "session.event", "session.message", "config.reloaded", "config.rejected", "event", "resync", "auth.expired"];

export function follow(more = "") {
  const want = "overview,nodes,sessions" + (more ? "," + more : "");
  if (want === topics && source) return;
  topics = want;
  connect();
}
function connect() {
  unfollow();
  source = new EventSource("/api/v1/stream?topics=" + encodeURIComponent(topics));
  const mine = source;
  source.addEventListener("hello", () => {
    const back = live.value === "lost";
    live.value = "live";
    attempts = 0;
    if (back) listeners.forEach((l) => l("resync", {}));
  });
  for (const name of names)
    source.addEventListener(name, (e) => {
      if (name === "auth.expired") return stranger();
      const data = JSON.parse((e as MessageEvent).data);
      listeners.forEach((l) => l(name, data));
    });
  source.onerror = () => {
    if (mine !== source) return;
    live.value = "lost";
    if (mine.readyState === EventSource.CLOSED) {
      // Refused, not merely cut: the browser does not try again by itself.
      source = null;
      attempts++;
      retry = window.setTimeout(() => { if (me.value && !source) connect(); }, Math.min(30000, 1000 * 2 ** attempts));
      get("/version").catch(() => {}); // a 401 leads to the log in
    }
  };
}
export function unfollow() {
  clearTimeout(retry);
  source?.close();
  source = null;
}
export function listen(l: Listener): () => void {
  listeners.add(l);
  return () => listeners.delete(l);
}

export function stranger(p?: Problem) {
  unfollow();
  setup.value = p?.setup ?? false;
  me.value = null;
}
hooks.onStranger = stranger;

// useData fetches a path and keeps the old data while it fetches again. It
// polls while the stream is lost, or always when every is given.
export interface Data<T> { data: T | null; error: Problem | null; at: number; reload: () => void; set: (t: T) => void }
export function useData<T>(path: string, every = 0): Data<T> {
  const [state, setState] = useState<{ path: string; data: T | null; error: Problem | null; at: number }>({ path, data: null, error: null, at: 0 });
  const current = useRef(path);
  current.current = path;
  const reload = useCallback(() => {
    get<T>(path).then(
      (data) => current.current === path && setState({ path, data, error: null, at: Date.now() }),
      (error) => current.current === path && setState((s) => ({ ...s, path, data: s.path === path ? s.data : null, error })),
    );
  }, [path]);
  useEffect(reload, [reload]);
  const period = every || (live.value === "lost" ? 5000 : 0);
  useEffect(() => {
    if (!period) return;
    const t = setInterval(reload, period);
    return () => clearInterval(t);
  }, [reload, period]);
  const fresh = state.path === path;
  return { data: fresh ? state.data : null, error: fresh ? state.error : null, at: state.at, reload,
    set: (data) => setState({ path, data, error: null, at: Date.now() }) };
}

// useLive calls back for every event of the stream while the screen is shown.
export function useLive(l: Listener) {
  const latest = useRef(l);
  latest.current = l;
  useEffect(() => listen((e, d) => latest.current(e, d)), []);
}
