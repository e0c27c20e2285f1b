import { useState } from "preact/hooks";
import { call, Limits, Problem, SIPLimits } from "./api";
import { may, say, useData } from "./state";
import { absolute, duration, num, plural, shedText } from "./words";
import { Curl, Empty, Failure, Icon, now, Skeleton, Stale } from "./parts";

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);

// SIPSection shows whom and what the SIP front keeps out, and what it has in
// hand; nothing when the gateway has no SIP listener.
export function SIPSection() {
  const { data, error, at, reload } = useData<Limits>("/limits", 5000);
  const s = data?.sip;
  if (data && !s) return null;
  return <section class="sip" aria-labelledby="sip-title">
    <div class="sectionhead"><h2 id="sip-title">SIP: in hand and kept out</h2><Curl path="/limits" /></div>
    {data && error && <Stale at={at} error={error} />}
    {!s ? error ? <Failure problem={error} retry={reload} /> : <Skeleton rows={3} /> : <>
      <InHand s={s} />
      <div class="columns">
        <section><h3>Banned sources</h3><Bans s={s} reload={reload} /></section>
        <section><h3>Dropped and refused</h3><Shed s={s} /></section>
      </div></>}
  </section>;
}

function InHand({ s }: { s: SIPLimits }) {
  const p = s.pending, left = sum(p.left);
  const open = s.connections.reduce((n, c) => n + c.open, 0), refused = s.connections.reduce((n, c) => n + c.refused, 0);
  const causes = Object.entries(p.left).filter(([, n]) => n).map(([cause, n]) => num(n) + " " + cause).join(", ");
  const fact = (name: string, value: string, more: string, title = "") => <div title={title}><dt>{name}</dt><dd>{value}<small> {more}</small></dd></div>;
  return <dl class="facts big panel">
    {fact("unanswered INVITEs", num(p.live), "of " + num(p.max), p.stateless ? num(p.stateless) + " were forwarded without failover: there were too many" : "those kept for their repetitions included")}
    {fact("left a node", num(left), "of " + num(p.opened), causes || "no INVITE has left a node")}
    {fact("answered 503 here", num(p.answers["503"] ?? 0), "", "no node took the call in time")}
    {s.connections.length > 0 && fact("TCP connections", num(open), refused ? num(refused) + " refused" : "",
      s.connections.map((c) => `${c.listener}: ${num(c.accepted)} accepted, ${num(c.dialled)} dialled, ${num(c.refused)} refused, ${num(c.timedOut)} timed out, ${num(c.garbled)} garbled`).join("\n"))}
    {fact("sources known", num(s.sources), "", "whose rate is watched")}
  </dl>;
}

function Bans({ s, reload }: { s: SIPLimits; reload: () => void }) {
  const [busy, setBusy] = useState("");
  const allowed = may("operator");
  const lift = async (source: string) => {
    setBusy(source);
    try {
      await call("DELETE", "/limits/bans/" + encodeURIComponent(source.replace(/\/\d+$/, "")));
      say({ text: source + " is let in again." });
    } catch (p) {
      say({ text: (p as Problem).message + ". " + (p as Problem).detail, bad: true });
    }
    setBusy("");
    reload();
  };
  if (!s.bans.length) return <Empty title="Nobody is banned">Who sends more than <code>limits.sip.rate</code> for 3 s is not heard for a while.</Empty>;
  return <>
    <table class="list"><caption class="hidden">Banned sources</caption>
      <thead><tr><th scope="col">Source</th><th scope="col" class="n">Dropped</th><th scope="col" class="n">Ends in</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
      <tbody>{s.bans.slice(0, 20).map((b) => <tr key={b.source}><th scope="row" class={"mono " + (b.source.includes(":") ? "break" : "whole")}>{b.source}</th><td class="n">{num(b.dropped)}</td>
        <td class="n"><time dateTime={b.until} title={absolute(b.until)}>{duration(Date.parse(b.until) - now.value)}</time></td>
        <td class="last"><button type="button" disabled={!allowed || busy === b.source} title={allowed ? "Take what it sends again, from now on" : "needs the role operator"}
          aria-label={"Lift the ban of " + b.source} onClick={() => lift(b.source)}><Icon name="ok" />Lift</button></td></tr>)}</tbody></table>
    {s.banned > 20 && <p class="muted small">and {plural(s.banned - 20, "more source")}; the API lists {s.bans.length}.</p>}
    <p class="muted small">Senders of UDP can be forged: a ban may hit somebody who sent nothing. Trunks belong in <code>limits.trusted</code>.</p>
  </>;
}

function Shed({ s }: { s: SIPLimits }) {
  const rows = Object.entries(s.shed).filter(([, n]) => n).sort((a, b) => b[1] - a[1]);
  const hits = s.scanners.filter((h) => h.hits);
  if (!rows.length) return <Empty title="Nothing was turned away">What is malformed, too much or from strangers is counted here.</Empty>;
  return <>
    <table class="dense"><caption class="hidden">Messages dropped or refused, by reason, since the start</caption>
      <thead><tr><th scope="col">Reason</th><th scope="col" class="n">Messages</th></tr></thead>
      <tbody>{rows.slice(0, 8).map(([r, n]) => <tr key={r}><th scope="row"><code class="rule">{r}</code><span class="explain">{shedText(r)}</span></th><td class="n">{num(n)}</td></tr>)}</tbody></table>
    {rows.length > 8 && <p class="muted small">and {num(sum(Object.fromEntries(rows.slice(8))))} for {plural(rows.length - 8, "other reason")}.</p>}
    {hits.length > 0 && <p class="scanners"><span class="muted small">scanners by word </span>{hits.map((h) => <span class="key" key={h.word}><b>{num(h.hits)}</b>{h.word}</span>)}</p>}
  </>;
}
