import { useEffect, useRef, useState } from "preact/hooks";
import { get, Key, Node, Page, Problem, Session } from "./api";
import { go, link, place, useData, useLive } from "./state";
import { Age, Badge, Curl, Empty, Failure, Head, Icon, NodeChip, Skeleton, Stale } from "./parts";
import { middle, num, plural, spaceText } from "./words";

export function KeyChip({ k }: { k: Key }) {
  return <span class={"key " + k.space} title={`${spaceText(k.space)} ${k.value}`}><b>{spaceText(k.space)}</b>{middle(k.value, 22)}</span>;
}

function Keys({ keys }: { keys: Key[] }) {
  const order = ["app", "http", "flow", "call"];
  const sorted = [...keys].sort((a, b) => order.indexOf(a.space) - order.indexOf(b.space));
  return <span class="keys">{sorted.slice(0, 4).map((k, i) => <KeyChip key={i} k={k} />)}{sorted.length > 4 && <span class="muted">+{sorted.length - 4}</span>}</span>;
}

function params(change: Record<string, string>) {
  const q = new URLSearchParams(place.value.query);
  for (const [k, v] of Object.entries(change)) v ? q.set(k, v) : q.delete(k);
  const s = q.toString();
  go("sessions" + (s ? "?" + s : ""));
}

function Filters({ nodes }: { nodes: Node[] }) {
  const q = place.value.query;
  const on = (k: string) => q.get(k) === "true";
  return <div class="filters" role="group" aria-label="Filters">
    <select aria-label="Node" value={q.get("node") ?? ""} onChange={(e) => params({ node: e.currentTarget.value })}>
      <option value="">every node</option>{nodes.map((n) => <option key={n.name} value={n.name}>{n.name}</option>)}</select>
    <select aria-label="Protocols" value={q.get("legs") ?? ""} onChange={(e) => params({ legs: e.currentTarget.value })}>
      <option value="">HTTP or SIP</option><option value="http">with HTTP</option><option value="sip">with SIP</option><option value="both">HTTP and SIP</option></select>
    {[["moved", "moved"], ["split", "split"]].map(([k, text]) => <button key={k} type="button" class="toggle" aria-pressed={on(k)} onClick={() => params({ [k]: on(k) ? "" : "true" })}>{text}</button>)}
    {q.toString() && <button type="button" class="plain" onClick={() => go("sessions")}>clear</button>}
  </div>;
}

export function SearchBox() {
  const q = place.value.query.get("q") ?? "";
  const [text, setText] = useState(q);
  const timer = useRef(0), asked = useRef(q);
  // What was typed since the search was sent stays; an address changed by a link or the back button counts.
  useEffect(() => { if (q !== asked.current) { asked.current = q; setText(q); } }, [q]);
  const search = (s: string) => { clearTimeout(timer.current); asked.current = s.trim(); params({ q: s.trim() }); };
  return <form class="search" role="search" onSubmit={(e) => { e.preventDefault(); search(text); }}>
    <Icon name="search" /><input id="search" type="search" value={text} maxLength={600} autocomplete="off" spellcheck={false} aria-label="Search sessions by any key"
      placeholder="JSESSIONID, Call-ID, user, appsession, node … or call:…"
      onInput={(e) => { const s = e.currentTarget.value; setText(s); clearTimeout(timer.current); timer.current = window.setTimeout(() => search(s), 300); }} />
    <kbd>/</kbd></form>;
}

export function SessionsScreen() {
  const q = place.value.query.toString();
  const path = "/sessions?limit=50" + (q ? "&" + q : "");
  const { data, error, at, reload } = useData<Page<Session>>(path, 5000);
  const nodes = useData<Page<Node>>("/nodes");
  // Rows do not move under the pointer: what is new waits for a click.
  const [shown, setShown] = useState<{ path: string; page: Page<Session> } | null>(null);
  const [older, setOlder] = useState<Session[]>([]);
  const [cursor, setCursor] = useState<string | undefined>();
  const [more, setMore] = useState<Problem | null>(null);
  const show = (page: Page<Session>) => { setShown({ path, page }); setOlder([]); setCursor(page.nextCursor); setMore(null); };
  useEffect(() => {
    if (!data) return;
    if (!shown || shown.path !== path || shown.page.items.length === 0) return show(data);
    const fresh = new Map(data.items.map((s) => [s.id, s]));
    setShown({ path, page: { ...data, items: shown.page.items.map((s) => fresh.get(s.id) ?? s) } });
  }, [data, path]);
  useLive((e) => { if (e === "resync" || e === "session.moved") reload(); });
  const page = shown && shown.path === path ? shown.page : null;
  const before = new Set(page?.items.map((s) => s.id));
  const fresh = page && data ? data.items.filter((s) => !before.has(s.id)).length : 0;
  const next = () => get<Page<Session>>(path + "&cursor=" + cursor).then((p) => { setOlder([...older, ...p.items]); setCursor(p.nextCursor); }, setMore);
  return <>
    <Head title="Sessions" sub={page ? (page.total.relation === "gte" ? "at least " : "") + plural(page.total.value, "application session") + (page.match === "exact" ? ", found by key" : "") : ""}><Curl path={path} /></Head>
    <SearchBox />
    <Filters nodes={nodes.data?.items ?? []} />
    <Stale at={at} error={page ? error : null} />
    {fresh > 0 && <button type="button" class="fresh" onClick={() => data && show(data)}>{num(fresh)} new: show</button>}
    {!page ? error ? <Failure problem={error} retry={reload} /> : <Skeleton rows={8} />
      : page.items.length === 0 ? <Nothing q={q} /> : <Table rows={[...page.items, ...older]} />}
    {more && <Failure problem={more} retry={next} />}
    {page && cursor && <button type="button" class="more" onClick={next}>Show more</button>}
  </>;
}

function Nothing({ q }: { q: string }) {
  if (q) return <Empty title="No session fits"><p>A whole JSESSIONID (with or without its route), a Call-ID, a user, an appsession value or a session's own id finds its session at once. Parts of session ids are not searched: they are secrets.</p>
    <button type="button" onClick={() => go("sessions")}>Clear search and filters</button></Empty>;
  return <Empty title="No sessions yet">Send a request or place a call through the gateway: <code>curl -i 'http://localhost:8080/?appsession=alice'</code></Empty>;
}

function Table({ rows }: { rows: Session[] }) {
  return <div class="scroll"><table class="list cardable hover"><caption class="hidden">Application sessions, newest first</caption>
    <thead><tr><th scope="col">Session</th><th scope="col">Keys</th><th scope="col">Node</th><th scope="col">Legs</th><th scope="col">State</th><th scope="col" class="n wide">Age</th><th scope="col" class="n">Idle</th></tr></thead>
    <tbody>{rows.map((s) => <tr key={s.id} data-row={link("sessions", s.id)} onClick={(e) => { if (!(e.target as Element).closest("a,button")) go("sessions/" + s.id); }}>
      <th scope="row"><a class="mono" href={link("sessions", s.id)}>{s.id.slice(0, 10)}</a></th>
      <td data-label="Keys"><Keys keys={s.keys} /></td><td data-label="Node"><NodeChip name={s.node} /></td>
      <td data-label="Legs" class="legs">{s.legs.http > 0 && <span class="leg http" title={plural(s.legs.http, "HTTP session id")}>HTTP{s.legs.http > 1 && " ×" + s.legs.http}</span>}{s.legs.sip > 0 && <span class="leg sip" title={plural(s.legs.sip, "call")}>SIP{s.legs.sip > 1 && " ×" + s.legs.sip}</span>}</td>
      <td data-label="State" class="badges"><States s={s} /></td>
      <td class="n wide"><Age at={s.born} /></td><td data-label="Idle" class="n"><Age at={s.seen} /></td></tr>)}</tbody></table></div>;
}

export function States({ s }: { s: Session }) {
  return <>{s.split && <Badge word="degraded" text="split" title="Some of its keys lead to another node" />}
    {s.moved && <Badge word="moved" text="moved" title={s.left?.length ? "away from " + s.left.join(", ") : "a call was moved"} />}
    {s.anonymous && <Badge word="anonymous" text="anonymous" title="No identity is known: it is named by its HTTP session id or Call-ID" />}</>;
}
