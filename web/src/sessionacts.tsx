// What an operator may do with a session.
import { useState } from "preact/hooks";
import { call, Detail, Node, Page } from "./api";
import { Confirm } from "./confirm";
import { go, may, say, useData } from "./state";
import { Icon, word } from "./parts";
import { plural } from "./words";

const path = (s: Detail, action = "") => "/sessions/" + encodeURIComponent(s.id) + action;

export function SessionActions({ s, onDone }: { s: Detail; onDone: () => void }) {
  const [ask, setAsk] = useState("");
  const allowed = may("operator");
  const title = (text: string) => (allowed ? text : "needs the role operator");
  const share = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      say({ text: "The link is copied." });
    } catch {
      say({ text: "The browser does not allow copying here.", bad: true });
    }
  };
  return <div class="actions wide">
    <button type="button" disabled={!allowed} title={title("Let another node serve it from its next message on.")} onClick={() => setAsk("move")}><Icon name="move" />Move…</button>
    <button type="button" class="danger" disabled={!allowed} title={title("Drop it from the table: its next message is placed anew.")} onClick={() => setAsk("forget")}><Icon name="bad" />Forget…</button>
    <button type="button" onClick={share}><Icon name="copy" />Copy link</button>
    {ask === "move" && <Move s={s} onDone={onDone} onClose={() => setAsk("")} />}
    {ask === "forget" && <Forget s={s} onClose={() => setAsk("")} />}
  </div>;
}

const why = (reason: string) => (reason ? " --reason " + word(reason) : "");

interface Dry { dryRun: boolean; from?: string; to?: string; node?: string; calls: number; http: number }

function Legs({ http, calls }: { http: number; calls: number }) {
  return <><b>{plural(http, "HTTP session id")}</b> and <b>{plural(calls, "call")}</b></>;
}

function Move({ s, onDone, onClose }: { s: Detail; onDone: () => void; onClose: () => void }) {
  const others = (useData<Page<Node>>("/nodes").data?.items ?? []).filter((n) => n.name !== s.node);
  const [picked, setPicked] = useState("");
  const to = picked || others.find((n) => n.activation === "active")?.name || others[0]?.name || "";
  const preview = async () => {
    const d = await call<Dry>("POST", path(s, "/actions/move?dryRun=true"), { to });
    return <ul class="impact">
      <li><Legs http={d.http} calls={d.calls} /> leave {s.node} for {to}.</li>
      {d.http > 0 && <li>The next HTTP request goes to {to}, whatever its cookie says; what the session holds in the memory of {s.node} is not there, unless the nodes share it.</li>}
      {d.calls > 0 && <li>The next request of a call goes to {to}: it can go on there only if that node knows the dialog.</li>}</ul>;
  };
  const act = async (reason: string) => {
    await call("POST", path(s, "/actions/move"), { to, reason });
    const from = s.node;
    say({ text: `The session lives on ${to} now.`, undo: () => call("POST", path(s, "/actions/move"), { to: from, reason: "undone", force: true }).then(onDone, () => say({ text: "It could not be moved back.", bad: true })) });
    onDone();
  };
  return <Confirm title="Move this session?" verb="Move" about={to} preview={to ? preview : undefined} act={act} onClose={onClose}
    same={(reason) => ({ method: "POST", path: path(s, "/actions/move"), body: { to, reason }, cli: `sessions move ${s.id} ${word(to)}` + why(reason) })}>
    <label>To<select value={to} onChange={(e) => setPicked(e.currentTarget.value)}>
      {others.map((n) => <option key={n.name} value={n.name}>{n.name}{n.activation !== "active" && " (" + n.activation + ")"}</option>)}</select></label>
    {!others.length && <p class="muted">There is no other node.</p>}
  </Confirm>;
}

function Forget({ s, onClose }: { s: Detail; onClose: () => void }) {
  const preview = async () => {
    const d = await call<Dry>("DELETE", path(s, "?dryRun=true"), {});
    return <ul class="impact"><li><Legs http={d.http} calls={d.calls} /> are not known any more.</li>
      <li>The next message is placed anew, unless it names its node itself: a cookie with a route, or a Route header of a call, still lead to {s.node}.</li></ul>;
  };
  const act = async (reason: string) => {
    await call("DELETE", path(s), { reason });
    say({ text: "The session is forgotten." });
    go("sessions");
  };
  return <Confirm title="Forget this session?" verb="Forget" danger preview={preview} act={act} onClose={onClose}
    same={(reason) => ({ method: "DELETE", path: path(s), body: { reason }, cli: "sessions forget " + s.id + why(reason) })} />;
}
