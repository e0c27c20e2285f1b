// What stands around every screen: the rail, the bar above, menus, banners.
import { useEffect, useState } from "preact/hooks";
import { call, get, Overview, Problem, Version } from "./api";
import { follow, go, live, me, place, say, setTheme, status, stranger, theme, useData, useLive } from "./state";
import { Badge, Dialog, Icon } from "./parts";
import { QuickFind } from "./find";
import { help, useKeys } from "./keys";
import { Logo } from "./login";
import { CurrentScreen, Screen, screens, shows } from "./screens";

const liveText = { live: "live", connecting: "connecting", lost: "interrupted" };
const first = 4; // screens that the bar of a narrow page has room for

function Link({ s }: { s: Screen }) {
  const here = (place.value.path[0] ?? "") === s.path;
  return <a href={"#/" + s.path} aria-current={here ? "page" : undefined} title={"g " + s.key} onClick={closeMenus}>
    <Icon name={s.icon} /><span class="long">{s.name}</span><span class="short">{s.short ?? s.name}</span></a>;
}

function Rail({ version }: { version: Version | null }) {
  const rest = screens.slice(first);
  const hidden = rest.some((s) => s.path === place.value.path[0]);
  return <nav class="rail" aria-label="Main">
    <a class="logo" href="#/"><Logo /><span>twinhop</span></a>
    <ul>
      {screens.map((s, i) => <li key={s.path} class={i < first ? "" : "late"}><Link s={s} /></li>)}
      {rest.length > 0 && <li class="rest"><button type="button" popovertarget="more-screens" aria-current={hidden ? "page" : undefined}><Icon name="more" /><span>More</span></button></li>}
    </ul>
    {rest.length > 0 && <div id="more-screens" class="menu" popover="auto">{rest.map((s) => <Link key={s.path} s={s} />)}</div>}
    {version && <p class="muted small foot" title={version.go}>{version.version}</p>}
  </nav>;
}

function closeMenus() {
  document.querySelectorAll<HTMLElement>(".menu:popover-open").forEach((m) => m.hidePopover());
}

function logOut() {
  call("POST", "/auth/logout").then(() => stranger(), (p: Problem) => say({ text: p.message, bad: true }));
}

const themes: [string, string][] = [["", "as the system"], ["light", "light"], ["dark", "dark"]];

function UserMenu({ version, onHelp }: { version: Version | null; onHelp: () => void }) {
  const who = me.value;
  return <>
    <button type="button" class="plain user" popovertarget="user-menu" aria-label={"Menu of " + (who?.name ?? "")}><Icon name="user" /><span>{who?.name}</span></button>
    <div id="user-menu" class="menu" popover="auto">
      <p><b>{who?.name}</b> <span class="muted">{who?.role}</span></p>
      {version && <p class="muted small">{version.instance} · twinhop {version.version}</p>}
      <div class="themes" role="group" aria-label="Theme">{themes.map(([value, text]) =>
        <button key={value} type="button" class="toggle" aria-pressed={theme.value === value} onClick={() => setTheme(value)}>{text}</button>)}</div>
      {shows("access") && <a href="#/access" onClick={closeMenus}><Icon name="access" />Log ins and password</a>}
      <button type="button" onClick={() => { closeMenus(); onHelp(); }}><Icon name="help" />Keyboard</button>
      <button type="button" aria-label="Log out" onClick={logOut}><Icon name="out" />Log out</button>
    </div>
  </>;
}

function Bar({ version, onHelp }: { version: Version | null; onHelp: () => void }) {
  const o = status.value;
  const mode = o?.config && [o.config.version, o.config.hash.slice(0, 6)].filter(Boolean).join(" · ");
  const list = place.value.path[0] === "sessions" && !place.value.path[1]; // it has a larger box of its own
  return <header class="topbar">
    <a class="sign-link" href="#/" aria-label="Overview"><Logo /></a>
    {version && <span class="instance" title="This gateway">{version.instance}</span>}
    {mode && (shows("config") ? <a class="mono config" href="#/config" title="The configuration in force">{mode}</a> : <span class="mono muted config" title="The configuration in force">{mode}</span>)}
    {o && <a class="state" href="#/" title={o.cause || "No node is down, and none is held back."}><Badge word={o.class} /></a>}
    <span class="grow" />
    {!list && <QuickFind />}
    <div class={"live " + live.value} role="status" title="The stream of events"><i aria-hidden="true" /><span>{liveText[live.value]}</span></div>
    <UserMenu version={version} onHelp={onHelp} />
  </header>;
}

function Insecure() {
  if (!me.value?.insecure && !status.value?.insecure) return null;
  return <div class="insecure" role="alert"><Icon name="warn" /><span><b>No TLS.</b> Passwords, tokens and what these pages show can be read on the way. Set <code>admin.tls</code>.</span></div>;
}

function Help({ onClose }: { onClose: () => void }) {
  const all = [...help.slice(0, 1), ...screens.map((s): [string, string] => ["g " + s.key, s.name.toLowerCase()]), ...help.slice(1)];
  return <Dialog title="Keyboard" onClose={onClose}>
    <dl class="help">{all.map(([k, t]) => <div key={k}><dt>{k.split(" ").map((x) => <kbd key={x}>{x}</kbd>)}</dt><dd>{t}</dd></div>)}</dl>
    <div class="buttons"><span class="grow" /><button type="button" onClick={onClose}>Close</button></div>
  </Dialog>;
}

// useStatus keeps what the bar shows, on every screen.
function useStatus() {
  const { data, reload } = useData<Overview>("/overview");
  useEffect(() => { if (data) status.value = data; }, [data]);
  useLive((event, d) => {
    if (event === "overview.tick") status.value = { ...status.value, ...d };
    if (event === "resync" || event.startsWith("config.")) reload();
  });
}

export function Inside() {
  const [version, setVersion] = useState<Version | null>(null);
  const [asked, setAsked] = useState(false);
  useKeys(screens, () => setAsked(true));
  useStatus();
  useEffect(() => {
    follow();
    get<Version>("/version").then(setVersion, () => {});
  }, []);
  useEffect(() => {
    const names = place.value.path.length ? place.value.path : ["overview"];
    document.title = ["twinhop", ...names.map((p) => p.slice(0, 20))].join(" · ");
    window.scrollTo(0, 0);
  }, [place.value.path.join("/")]);
  const skip = (e: Event) => {
    e.preventDefault();
    document.querySelector<HTMLElement>("main h1")?.focus();
  };
  return <div class="frame">
    <a class="skip" href="#main" onClick={skip}>Skip to content</a>
    <Rail version={version} />
    <div class="side">
      <Bar version={version} onHelp={() => setAsked(true)} />
      <Insecure />
      <main id="main"><CurrentScreen /></main>
    </div>
    {asked && <Help onClose={() => setAsked(false)} />}
  </div>;
}
