import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call, get, Me, Problem, Version } from "./api";
import { applyTheme, entry, follow, go, known, live, me, place, say, setTheme, setup, spent, stranger, theme, toast } from "./state";
import { Dialog, Empty, Failure, Head, Icon } from "./parts";
import { Logo, LoginScreen, SetupScreen } from "./login";
import { OverviewScreen } from "./overview";
import { NodeScreen, NodesScreen } from "./nodes";
import { SessionsScreen } from "./sessions";
import { SessionScreen } from "./session";
import { RouteScreen } from "./route";

const screens = [
  { path: "", name: "Overview", icon: "overview", key: "o" },
  { path: "nodes", name: "Nodes", icon: "nodes", key: "n" },
  { path: "sessions", name: "Sessions", icon: "sessions", key: "s" },
  { path: "route", name: "Route tester", icon: "route", key: "r" },
];

function Screen() {
  const [first, second] = place.value.path;
  if (!first) return <OverviewScreen />;
  if (first === "nodes") return second ? <NodeScreen key={second} name={second} /> : <NodesScreen />;
  if (first === "sessions") return second ? <SessionScreen key={second} id={second} /> : <SessionsScreen />;
  if (first === "route") return <RouteScreen />;
  return <><Head title="Not found" /><Empty title="There is no such page"><a href="#/">Go to the overview</a></Empty></>;
}

const liveText = { live: "live", connecting: "connecting", lost: "interrupted" };

function Rail({ version, onHelp }: { version: Version | null; onHelp: () => void }) {
  const here = place.value.path[0] ?? "";
  const themes = ["", "dark", "light"];
  const next = themes[(themes.indexOf(theme.value) + 1) % 3];
  return <nav class="rail" aria-label="Main">
    <a class="logo" href="#/"><Logo /><span>twinhop</span></a>
    <ul>{screens.map((s) => <li key={s.path}><a href={"#/" + s.path} aria-current={here === s.path ? "page" : undefined} title={"g " + s.key}><Icon name={s.icon} /><span>{s.name}</span></a></li>)}</ul>
    <div class="foot">
      <div class={"live " + live.value} role="status" title="The stream of events"><i aria-hidden="true" /><span>{liveText[live.value]}</span></div>
      {version && <p class="muted small" title={version.go}>{version.instance}<br />{version.version}</p>}
      <div class="row"><button type="button" class="plain" title={"Theme: " + (theme.value || "as the system")} aria-label={"Theme: " + (theme.value || "as the system") + ". Change it"} onClick={() => setTheme(next)}><Icon name="sun" /></button>
        <button type="button" class="plain" title="Keyboard (?)" aria-label="Keyboard" onClick={onHelp}><Icon name="help" /></button>
        <button type="button" class="plain" title="Log out" aria-label="Log out" onClick={() => call("POST", "/auth/logout").then(() => stranger(), (p: Problem) => say({ text: p.message, bad: true }))}><Icon name="out" /></button></div>
      <p class="small who">{me.value?.name} <span class="muted">{me.value?.role}</span></p>
    </div></nav>;
}

const help: [string, string][] = [["/", "search sessions"], ["g o", "overview"], ["g n", "nodes"], ["g s", "sessions"], ["g r", "route tester"], ["j k", "next, previous row"], ["Enter", "open the row"], ["↑ ↓", "rows of the ladder, once it has the focus"], ["?", "this list"], ["Esc", "close"]];

// Keys are read only when nobody is typing.
function useKeys(onHelp: () => void) {
  useEffect(() => {
    let lead = 0;
    const row = (step: number) => {
      const rows = [...document.querySelectorAll<HTMLElement>("tr[data-row]")];
      const at = rows.findIndex((r) => r.contains(document.activeElement));
      rows[Math.max(0, Math.min(rows.length - 1, at + step))]?.querySelector<HTMLElement>("th a")?.focus();
    };
    const on = (e: KeyboardEvent) => {
      const t = e.target as HTMLElement;
      if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
      if (t.matches("input,textarea,select")) { if (e.key === "Escape") t.blur(); return; }
      if (Date.now() - lead < 1200) {
        lead = 0;
        const s = screens.find((s) => s.key === e.key);
        if (s) { e.preventDefault(); go(s.path); return; }
      }
      if (e.key === "g") lead = Date.now();
      else if (e.key === "/") {
        e.preventDefault();
        if (place.value.path[0] !== "sessions" || place.value.path[1]) go("sessions");
        setTimeout(() => document.querySelector<HTMLInputElement>("#search")?.focus(), 30);
      } else if (e.key === "?") onHelp();
      else if (e.key === "j") row(1);
      else if (e.key === "k") row(-1);
    };
    addEventListener("keydown", on);
    return () => removeEventListener("keydown", on);
  }, []);
}

function Inside() {
  const [version, setVersion] = useState<Version | null>(null);
  const [asked, setAsked] = useState(false);
  useKeys(() => setAsked(true));
  useEffect(() => { follow(); get<Version>("/version").then(setVersion, () => {}); }, []);
  useEffect(() => {
    document.title = ["twinhop", ...(place.value.path.length ? place.value.path : ["overview"]).map((p) => p.slice(0, 20))].join(" · ");
    window.scrollTo(0, 0);
  }, [place.value.path.join("/")]);
  return <div class="frame"><a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.querySelector<HTMLElement>("main h1")?.focus(); }}>Skip to content</a>
    <Rail version={version} onHelp={() => setAsked(true)} /><main id="main"><Screen /></main>
    {asked && <Dialog title="Keyboard" onClose={() => setAsked(false)}><dl class="help">{help.map(([k, t]) => <div key={k}><dt>{k.split(" ").map((x) => <kbd key={x}>{x}</kbd>)}</dt><dd>{t}</dd></div>)}</dl>
      <div class="buttons"><span class="grow" /><button type="button" onClick={() => setAsked(false)}>Close</button></div></Dialog>}
  </div>;
}

function Toasts() {
  const t = toast.value;
  return <div class="toasts" role="status" aria-live="polite">{t && <div class={"toast" + (t.bad ? " bad" : "")}><span>{t.text}</span>
    {t.undo && <button type="button" onClick={() => { toast.value = null; t.undo!(); }}>Undo</button>}<button type="button" class="plain" aria-label="Close" onClick={() => (toast.value = null)}><Icon name="bad" /></button></div>}</div>;
}

function App() {
  const [problem, setProblem] = useState<Problem | null>(null);
  const ask = () => {
    setProblem(null);
    const who = entry?.kind === "t" ? call<Me>("POST", "/auth/login", { token: entry.token }).catch((p: Problem) => get<Me>("/auth/me").catch((q: Problem) => { spent.value = p.status === 401; throw p.status === 429 ? p : q; })) : get<Me>("/auth/me");
    who.then((m) => { me.value = m; known.value = true; }, (p: Problem) => {
      if (p.status !== 401) return setProblem(p);
      setup.value = p.setup ?? false;
      known.value = true;
    });
  };
  useEffect(ask, []);
  if (problem) return <main class="door"><Failure problem={problem} retry={ask} /></main>;
  if (!known.value) return <p class="boot">twinhop</p>;
  return <>{me.value ? <Inside /> : setup.value && entry?.kind === "setup" ? <SetupScreen token={entry.token} /> : <LoginScreen />}<Toasts /></>;
}

applyTheme();
const root = document.getElementById("app")!;
root.textContent = "";
render(<App />, root);
