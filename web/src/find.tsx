// The search that stands above every screen: whatever id is at hand leads to
// its session.
import { useState } from "preact/hooks";
import { get, Page, Session } from "./api";
import { go } from "./state";
import { Icon } from "./parts";

// find opens the session that a text means, or the list of those it may mean.
export async function find(text: string) {
  const q = text.trim();
  if (!q) return go("sessions");
  try {
    const page = await get<Page<Session>>("/sessions?" + new URLSearchParams({ q, limit: "2" }));
    if (page.items.length === 1 && page.total.value === 1 && page.total.relation === "eq") return go("sessions/" + page.items[0].id);
  } catch {
    // the list says what is wrong
  }
  go("sessions?" + new URLSearchParams({ q }));
}

// typed is what stands in the box of a form, even if it was drawn just now.
export const typed = (e: Event) => (e.currentTarget as HTMLFormElement).querySelector("input")!.value;

export function QuickFind() {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (e: Event) => {
    e.preventDefault();
    const asked = typed(e);
    setBusy(true);
    await find(asked);
    setBusy(false);
    setText("");
    document.querySelector<HTMLInputElement>(".quick input")?.blur();
  };
  return <form class="quick" role="search" onSubmit={submit} aria-busy={busy}>
    <Icon name="search" />
    <input id="search" type="search" value={text} maxLength={600} autocomplete="off" spellcheck={false} aria-label="Find a session by any key"
      placeholder="Call-ID, JSESSIONID, user …" onInput={(e) => setText(e.currentTarget.value)} />
    <kbd>/</kbd>
  </form>;
}
