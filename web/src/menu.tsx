import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./parts";

export interface Item { label: string; off?: string; danger?: boolean; run: () => void }

// Menu is a button with a list behind it, above everything else on the page.
export function Menu({ label, items }: { label: string; items: Item[] }) {
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const entries = () => [...(list.current?.querySelectorAll<HTMLButtonElement>("button") ?? [])];
  const place = () => {
    const b = button.current!.getBoundingClientRect(), l = list.current!;
    l.style.left = Math.max(8, Math.min(b.right - l.offsetWidth, innerWidth - l.offsetWidth - 8)) + "px";
    l.style.top = (b.bottom + 4 + l.offsetHeight > innerHeight ? Math.max(8, b.top - l.offsetHeight - 4) : b.bottom + 4) + "px";
  };
  useEffect(() => { // it does not follow what it belongs to, so it goes
    const away = () => list.current?.matches(":popover-open") && list.current.hidePopover();
    addEventListener("scroll", away, true);
    return () => removeEventListener("scroll", away, true);
  }, []);
  const open = () => {
    list.current!.showPopover();
    place();
    entries().find((e) => !e.disabled)?.focus();
  };
  const keys = (e: KeyboardEvent) => {
    const all = entries().filter((b) => !b.disabled), at = all.indexOf(document.activeElement as HTMLButtonElement);
    const to = e.key === "ArrowDown" ? at + 1 : e.key === "ArrowUp" ? at - 1 + all.length : e.key === "Home" ? 0 : e.key === "End" ? all.length - 1 : -1;
    if (to < 0 || !all.length) return;
    e.preventDefault();
    all[to % all.length].focus();
  };
  return <span class="rowmenu">
    <button type="button" ref={button} class="plain" data-menu aria-haspopup="menu" aria-label={label} title="More (.)" onClick={open}><Icon name="more" /></button>
    <div ref={list} class="menulist" role="menu" aria-label={label} popover="auto" onKeyDown={keys}>{items.map((i) =>
      <button key={i.label} type="button" role="menuitem" class={i.danger ? "danger" : ""} disabled={!!i.off} title={i.off} onClick={() => { list.current!.hidePopover(); button.current!.focus(); i.run(); }}>{i.label}</button>)}</div></span>;
}
