import { useEffect, useRef, useState } from "preact/hooks";
import { get, Node, Page, Problem, Session } from "./api";
import { find, typed } from "./find";
import { hits, Keys } from "./keychips";
import { go, link, place, useData, useLive } from "./state";
import { Age, Badge, Copy, Empty, Failure, Head, Icon, Left, NodeChip, Rule, Same, Scroll, Skeleton, Stale, word } from "./parts";
import { num, plural, spaceText } from "./words";

const drawn = 4; // parts of the list that stand on the page at once

function params(change: Record<string, string>) {
  const q = new URLSearchParams(place.value.query);
  for (const [k, v] of Object.entries(change)) v ? q.set(k, v) : q.delete(k);
  const s = q.toString();
  go("sessions" + (s ? "?" + s : ""));
}

function Filters({ nodes }: { nodes: Node[] }) {
  const q = place.value.query;
  const on = (k: string) => q.get(k) === "true";
  const names = nodes.map((n) => n.name);
  const node = q.get("node") ?? "";
  if (node && !names.includes(node)) names.push(node); // it may be gone
  return <div class="filters" role="group" aria-label="Filters">
    <select aria-label="Node" value={node} onChange={(e) => params({ node: e.currentTarget.value })}>
      <option value="">every node</option>{names.map((n) => <option key={n} value={n}>{n}</option>)}</select>
    <select aria-label="Protocols" value={q.get("legs") ?? ""} onChange={(e) => params({ legs: e.currentTarget.value })}>
      <option value="">HTTP or SIP</option><option value="http">with HTTP</option><option value="sip">with SIP</option><option value="both">HTTP and SIP</option></select>
    {[["moved", "moved"], ["split", "split"]].map(([k, text]) => <button key={k} type="button" class="toggle" aria-pressed={on(k)} onClick={() => params({ [k]: on(k) ? "" : "true" })}>{text}</button>)}
    {q.toString() && <button type="button" class="plain" onClick={() => go("sessions")}>clear</button>}
  </div>;
}

function SearchBox() {
  const q = place.value.query.get("q") ?? "";
  const [text, setText] = useState(q);
  const timer = useRef(0), asked = useRef(q);
  // What was typed since the search was sent stays; an address changed by a link or the back button counts.
  useEffect(() => {
    if (q === asked.current) return;
    asked.current = q;
    setText(q);
  }, [q]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const search = (s: string) => {
    asked.current = s.trim();
    params({ q: s.trim() });
  };
  const input = (s: string) => {
    setText(s);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => search(s), 300);
  };
  const submit = (e: Event) => {
    e.preventDefault();
    clearTimeout(timer.current);
    const text = typed(e);
    const more = [...place.value.query.keys()].some((k) => k !== "q");
    more || !text.trim() ? search(text) : find(text); // the only one it can mean is opened
  };
  return <form class="search" role="search" onSubmit={submit}>
    <Icon name="search" /><input id="search" type="search" value={text} maxLength={600} autocomplete="off" spellcheck={false} aria-label="Search sessions by any key"
      placeholder="JSESSIONID, Call-ID, user, appsession, node … or call:…" onInput={(e) => input(e.currentTarget.value)} />
    <kbd>/</kbd></form>;
}

// Kinds says by which kinds of keys a search found what it found, and narrows
// it to one of them.
const prefixes: Record<string, string> = { app: "app", call: "call", http: "http", flow: "flow" };
function Kinds({ rows, q }: { rows: Session[]; q: string }) {
  if (!q || /^[\w.-]+[:=]./.test(q)) return null;
  const counts = Object.keys(prefixes).map((space) => ({ space, n: rows.filter((s) => s.keys.some((k) => k.space === space && hits(k, q))).length })).filter((x) => x.n);
  if (!counts.length) return null;
  return <p class="kinds"><span class="muted small">found by</span> {counts.map(({ space, n }) =>
    <button key={space} type="button" class={"key " + space} title={"Only by " + spaceText(space)} onClick={() => params({ q: prefixes[space] + ":" + q })}><b>{spaceText(space)}</b>{num(n)}</button>)}</p>;
}

interface List { path: string; parts: Page<Session>[]; first: Page<Session> }

// useList keeps the parts that are shown. Rows do not move under the pointer:
// what is new waits for a click.
function useList(path: string) {
  const { data, error, at, reload } = useData<Page<Session>>(path, 5000);
  const [list, setList] = useState<List | null>(null);
  const [more, setMore] = useState<Problem | null>(null);
  const created = useRef(0);
  const show = (page: Page<Session>) => {
    created.current = 0;
    setList({ path, parts: [page], first: page });
    setMore(null);
  };
  useEffect(() => {
    if (!data) return;
    if (!list || list.path !== path || list.first.items.length === 0) return show(data);
    const fresh = new Map(data.items.map((s) => [s.id, s]));
    const renew = (p: Page<Session>) => ({ ...p, items: p.items.map((s) => fresh.get(s.id) ?? s) });
    // of what is shown by now: a part may have come since this was drawn
    setList((l) => l && l.path === path ? { ...l, parts: l.parts.map(renew), first: { ...renew(l.first), total: data.total } } : l);
  }, [data, path]);
  useLive((e, d) => {
    if (e === "session.created") created.current += d.count ?? 1;
    if (e === "resync" || e === "session.moved") reload();
  });
  const now = list?.path === path ? list : null;
  const last = now?.parts[now.parts.length - 1];
  const [busy, setBusy] = useState(false);
  const next = async () => {
    const cursor = last!.nextCursor!;
    setMore(null);
    setBusy(true);
    try {
      const page = await get<Page<Session>>(path + "&cursor=" + encodeURIComponent(cursor));
      setList((l) => l && l.path === path && l.parts[l.parts.length - 1].nextCursor === cursor ? { ...l, parts: [...l.parts, page].slice(-drawn) } : l);
    } catch (p) {
      setMore(p as Problem);
    }
    setBusy(false);
  };
  const before = new Set(now?.first.items.map((s) => s.id));
  const seen = now && data ? data.items.filter((s) => !before.has(s.id)).length : 0;
  const fresh = seen && path.split("&").length === 1 ? Math.max(seen, created.current) : seen;
  return { data, error, at, reload, show, list: now, cut: !!now && now.parts[0].items[0]?.id !== now.first.items[0]?.id, last, next, busy, more, fresh };
}

export function SessionsScreen() {
  const query = place.value.query, q = query.toString(), sought = query.get("q") ?? "";
  const path = "/sessions?limit=50" + (q ? "&" + q : "");
  const l = useList(path);
  const nodes = useData<Page<Node>>("/nodes");
  const rows = l.list?.parts.flatMap((p) => p.items) ?? [];
  const flags = [["node", "--node"], ["legs", "--legs"]].filter(([k]) => query.get(k)).map(([k, flag]) => ` ${flag} ${word(query.get(k)!)}`).join("") + (query.get("moved") ? " --moved" : "");
  const first = l.list?.first;
  const sub = first ? (first.total.relation === "gte" ? "at least " : "") + plural(first.total.value, "application session") + (first.match === "exact" ? ", found by key" : "") : "";
  return <>
    <Head title="Sessions" sub={sub}><Same path={path} cli={sought ? "sessions find " + word(sought) : "sessions list" + flags} /></Head>
    <SearchBox />
    <Filters nodes={nodes.data?.items ?? []} />
    <Stale at={l.at} error={first ? l.error : null} />
    <Kinds rows={rows} q={sought} />
    {l.cut ? <button type="button" class="fresh" onClick={() => l.data && l.show(l.data)}>Back to the newest</button>
      : l.fresh > 0 && <button type="button" class="fresh" onClick={() => l.data && l.show(l.data)}>{num(l.fresh)} new: show</button>}
    {!first ? l.error ? <Failure problem={l.error} retry={l.reload} /> : <Skeleton rows={8} />
      : first.items.length === 0 ? <Nothing q={q} /> : <Table rows={rows} sought={sought} />}
    {l.more && <Failure problem={l.more} retry={l.next} />}
    {l.last?.nextCursor && <button type="button" class="more" disabled={l.busy} onClick={l.next}>Show more</button>}
  </>;
}

function Nothing({ q }: { q: string }) {
  if (q) return <Empty title="No session fits"><p>A whole JSESSIONID (with or without its route), a Call-ID, a user, an appsession value or a session's own id finds its session at once. Parts of session ids are not searched: they are secrets.</p>
    <button type="button" onClick={() => go("sessions")}>Clear search and filters</button></Empty>;
  const example = "curl -i 'http://localhost:8080/?appsession=alice'";
  return <Empty title="No sessions yet">Send a request or place a call through the gateway: <code>{example}</code><Copy text={example} label="Copy the command" /></Empty>;
}

function Table({ rows, sought }: { rows: Session[]; sought: string }) {
  const open = (s: Session) => (e: Event) => {
    if (!(e.target as Element).closest("a,button")) go("sessions/" + s.id);
  };
  const leg = (kind: "http" | "sip", n: number, title: string) => n > 0 && <span class={"leg " + kind} title={title}>{kind.toUpperCase()}{n > 1 && " ×" + n}</span>;
  const ruled = rows.some((s) => s.rule);
  return <Scroll label="Application sessions, newest first"><table class="list cardable hover"><caption class="hidden">Application sessions, newest first</caption>
    <thead><tr><th scope="col">Session</th><th scope="col">Keys</th><th scope="col">Node</th>{ruled && <th scope="col" class="wide">Why</th>}<th scope="col">Legs</th><th scope="col">State</th>
      <th scope="col" class="n wide">Age</th><th scope="col" class="n">Idle</th><th scope="col" class="n wide">Ends in</th></tr></thead>
    <tbody>{rows.map((s) => <tr key={s.id} data-row={link("sessions", s.id)} onClick={open(s)}>
      <th scope="row"><a class="mono" href={link("sessions", s.id)}>{s.id.slice(0, 10)}</a></th>
      <td data-label="Keys"><Keys keys={s.keys} sought={sought} /></td><td data-label="Node"><NodeChip name={s.node} /></td>
      {ruled && <td class="wide">{s.rule && <Rule code={s.rule} />}</td>}
      <td data-label="Legs" class="legs">{leg("http", s.legs.http, plural(s.legs.http, "HTTP session id"))}{leg("sip", s.legs.sip, plural(s.legs.sip, "call"))}</td>
      <td data-label="State" class="badges"><States s={s} /></td>
      <td class="n wide"><Age at={s.born} /></td><td data-label="Idle" class="n"><Age at={s.seen} /></td><td class="n wide"><Left at={s.expires} /></td></tr>)}</tbody></table></Scroll>;
}

export function States({ s }: { s: Session }) {
  return <>{s.split && <Badge word="degraded" text="split" title="Some of its keys lead to another node" />}
    {s.moved && <Badge word="moved" text="moved" title={s.left?.length ? "away from " + s.left.join(", ") : "a call was moved"} />}
    {s.anonymous && <Badge word="anonymous" text="anonymous" title="No identity is known: it is named by its HTTP session id or Call-ID" />}</>;
}
