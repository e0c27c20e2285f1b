import { useState } from "preact/hooks";
import { ask, Problem } from "./api";
import { say } from "./state";
import { Curl, Dialog, Failure, Icon } from "./parts";
import { FormDialog } from "./pieces";
import { Reason } from "./confirm";
import { copy, draft, Draft, InForce, lines } from "./draft";
import { diff } from "./diff";
import { DiffView } from "./diffview";
import { Trial } from "./affinitytrial";

interface Given { state: { now: InForce; etag: string }; load: () => Promise<unknown>; onClose: () => void }

// Apply shows the difference once more and takes a reason. When somebody else
// was faster it compares, and nothing is overwritten unseen.
export function Apply({ d, state, trial, load, onClose }: Given & { d: Draft; trial: Trial }) {
  const [reason, setReason] = useState("");
  const [stale, setStale] = useState(false);
  const overtaken = stale || d.etag !== state.etag;
  if (overtaken) return <Overtaken d={d} state={state} onClose={onClose} onKeep={() => setStale(false)} />;
  const change = diff(lines(state.now.affinity), lines(d.affinity));
  const work = async () => {
    try {
      const { data } = await ask<{ changed: string[]; restart: string[] }>("PUT", "/affinity", { affinity: d.affinity, reason }, { "If-Match": d.etag });
      const before = state.now;
      draft.value = null;
      await load();
      say({ text: `The affinity is another one now: ${data.changed.join(", ")}.` + (data.restart.length ? ` After a restart: ${data.restart.join(", ")}.` : ""), undo: () => undo(before).then(load, failed) });
    } catch (p) {
      if (!(p instanceof Problem) || p.status !== 412) throw p;
      await load();
      if (draft.value?.etag === d.etag) setStale(true); // else it was compared meanwhile
      throw new Problem(412, "Somebody else was faster", { detail: "Compare the two first." });
    }
  };
  const p = trial.preview;
  return <FormDialog title="Apply this affinity?" verb="Apply" onClose={onClose} work={work} tools={<Curl method="PUT" path="/affinity" body={{ affinity: d.affinity, reason }} match={d.etag} cli={"affinity set -"} />}>
    <DiffView lines={change} label="What changes" />
    <ul class="impact"><li>It counts from the next message on.</li><li>Sessions keep their nodes, and the keys they are known by.</li>
      {p && p.recorded > 0 && <li>Of {p.recorded} requests of late <b>{p.wouldMove}</b> would have gone elsewhere, and <b>{p.lost}</b> would have had no key.</li>}
      {(p?.restart ?? trial.effect?.restart ?? []).length > 0 && <li class="bad"><Icon name="warn" /> After a restart only: {(p?.restart ?? trial.effect?.restart ?? []).join(", ")}.</li>}</ul>
    <Reason value={reason} onInput={setReason} /></FormDialog>;
}

const failed = (p: Problem) => say({ text: p.message + ". " + p.detail, bad: true });

// undo says again what counted before, by the configuration or by an operator.
async function undo(before: InForce) {
  const { etag } = await ask<InForce>("GET", "/affinity");
  const head = { "If-Match": etag };
  if (before.origin === "api") await ask("PUT", "/affinity", { affinity: before.affinity, reason: "undone" }, head);
  else await ask("DELETE", "/affinity", { reason: "undone" }, head);
  say({ text: "The affinity is as it was." });
}

function Overtaken({ d, state, onClose, onKeep }: { d: Draft; state: Given["state"]; onClose: () => void; onKeep: () => void }) {
  const theirs = diff(lines(d.from), lines(state.now.affinity)), mine = diff(lines(state.now.affinity), lines(d.affinity));
  const said = state.now.said;
  return <Dialog title="Somebody else changed it" onClose={onClose}>
    <p>{said ? <>{said.actor} set another affinity{said.reason && ` (“${said.reason}”)`}, after you began.</> : "Another affinity is in force than when you began."} Nothing of yours was applied.</p>
    <h3>What they changed</h3><DiffView lines={theirs} label="What they changed" />
    <h3>What your draft would change of it</h3><DiffView lines={mine} label="What your draft changes" empty="Nothing: theirs says the same." />
    <div class="buttons"><span class="grow" /><button type="button" onClick={() => { draft.value = null; onClose(); }}>Take theirs</button>
      <button type="button" class="solid" onClick={() => { draft.value = { affinity: d.affinity, etag: state.etag, from: copy(state.now.affinity) }; onKeep(); }}>Go on with mine</button></div></Dialog>;
}

// Revert lets the configuration say it again.
export function Revert({ state, load, onClose }: Given) {
  const [reason, setReason] = useState("");
  const before = state.now;
  const work = async () => {
    await ask("DELETE", "/affinity", { reason }, { "If-Match": state.etag });
    await load();
    say({ text: "The affinity is as the configuration says.", undo: () => undo(before).then(load, failed) });
  };
  return <FormDialog title="As the configuration says?" verb="Revert" onClose={onClose} work={work} tools={<Curl method="DELETE" path="/affinity" body={{ reason }} match={state.etag} cli="affinity revert" />}>
    {before.configured && <DiffView lines={diff(lines(before.affinity), lines(before.configured))} label="What changes" />}
    <p class="muted">It counts from the next message on. Sessions keep their nodes.</p>
    <Reason value={reason} onInput={setReason} /></FormDialog>;
}
