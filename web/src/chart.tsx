// The traffic of the last minutes, stacked by node, and the same as a table.
import uPlot from "uplot";
import { useEffect, useRef, useState } from "preact/hooks";
import { Traffic } from "./api";
import { live, theme, useData } from "./state";
import { Empty, NodeChip, Skeleton } from "./parts";
import { nodeColour, rate } from "./words";
import { Missing } from "./filters";

type Proto = "http" | "sip";
const span = 900; // seconds that the chart is wide
const height = 200;

// Stack is what is drawn: the layers from the bottom up, of those who had any traffic.
interface Stack { begin: number; step: number; times: number[]; names: string[]; values: number[][] }

function stackOf(t: Traffic, proto: Proto): Stack {
  const begin = t.begin ? Date.parse(t.begin) / 1000 : 0, step = t.stepMs / 1000;
  const names = t.nodes.filter((n) => t[proto][n]?.some((v) => v > 0));
  const values = names.map((n) => t[proto][n]);
  const times = (t[proto][""] ?? []).map((_, i) => begin + (i + 1) * step);
  return { begin, step, times, names, values };
}

export function TrafficChart() {
  const { data, error, reload } = useData<Traffic>("/overview/traffic", live.value === "live" ? 5000 : 0);
  const [proto, setProto] = useState<Proto>("http");
  const [table, setTable] = useState(false);
  const stack = data && stackOf(data, proto);
  return <section class="traffic" aria-label="Traffic">
    <div class="sectionhead"><h2>Traffic of the last 15 minutes</h2><span class="grow" />
      <div class="segments" role="group" aria-label="Protocol">{(["http", "sip"] as Proto[]).map((p) =>
        <button key={p} type="button" class="toggle" aria-pressed={proto === p} onClick={() => setProto(p)}>{p.toUpperCase()}</button>)}</div>
      <button type="button" class="toggle" aria-pressed={table} onClick={() => setTable(!table)}>table</button></div>
    {!stack ? error ? <Missing problem={error} what="a past of its traffic" retry={reload} /> : <Skeleton rows={3} />
      : !stack.names.length ? <Empty title={"No " + proto.toUpperCase() + " in the last 15 minutes"}>Each node gets a layer here when messages come. A value is taken every {stack.step} s.</Empty>
        : <>{!table && <Chart stack={stack} proto={proto} />}
          <div class={table ? "panel scroll" : "hidden"}><Minutes stack={stack} proto={proto} /></div></>}
  </section>;
}

const title = (name: string) => name || "others";
const others = "refused, begun by nodes, or of nodes beyond those shown";
const clock = (seconds: number) => new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

// Minutes are the same values, each the mean of a minute, the newest first.
function Minutes({ stack, proto }: { stack: Stack; proto: Proto }) {
  const minutes = new Map<number, number[]>(); // minute -> places in the lists
  stack.times.forEach((at, i) => {
    const m = Math.floor((at - stack.step) / 60) * 60;
    minutes.set(m, [...(minutes.get(m) ?? []), i]);
  });
  return <table class="dense"><caption class="hidden">{proto.toUpperCase()} messages per second by node, a row per minute</caption>
    <thead><tr><th scope="col">Minute</th>{stack.names.map((n) => <th scope="col" class="n" key={n} title={n ? undefined : others}>{title(n)}</th>)}<th scope="col" class="n">All</th></tr></thead>
    <tbody>{[...minutes].reverse().map(([m, places]) => {
      const means = stack.values.map((v) => places.reduce((sum, i) => sum + v[i], 0) / places.length);
      return <tr key={m}><th scope="row">{clock(m)}</th>{means.map((v, i) => <td class="n" key={stack.names[i]}>{rate(v)}</td>)}<td class="n">{rate(means.reduce((a, b) => a + b, 0))}</td></tr>;
    })}</tbody></table>;
}

// Chart draws. What the pointer is at stands in the legend, else the last values.
function Chart({ stack, proto }: { stack: Stack; proto: Proto }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const layers = stack.names.join("\n");
  useEffect(() => {
    const here = box.current!; // which a late call of the observer still finds when the chart has left the page
    const u = (plot.current = new uPlot(options(stack.names, here, setAt), cumulated(stack), here));
    const watch = new ResizeObserver(() => u.setSize({ width: here.clientWidth, height }));
    watch.observe(here);
    const dark = matchMedia("(prefers-color-scheme: dark)"), redraw = () => u.redraw(false);
    dark.addEventListener("change", redraw);
    return () => { watch.disconnect(); dark.removeEventListener("change", redraw); u.destroy(); plot.current = null; };
  }, [layers]);
  useEffect(() => plot.current?.setData(cumulated(stack)), [stack]);
  useEffect(() => plot.current?.redraw(false), [theme.value]);
  const i = at !== null && at < stack.times.length ? at : stack.times.length - 1;
  return <div class="panel">
    <div ref={box} class="chart" role="img" aria-label={proto.toUpperCase() + " messages per second by node; a table with the numbers follows"} />
    <ul class="legend"><li class="muted">{at !== null ? new Date(stack.times[i] * 1000).toLocaleTimeString() : "now"}</li>
      {stack.names.map((n, k) => <li key={n} title={n ? undefined : others}>{n ? <NodeChip name={n} plain /> : <span class="chip"><span class="swatch rest" aria-hidden="true" />{title(n)}</span>} {rate(stack.values[k][i])}<small>/s</small></li>)}</ul>
  </div>;
}

// cumulated are the upper edges of the layers.
function cumulated(s: Stack): uPlot.AlignedData {
  const sum = s.times.map(() => 0);
  return [s.times, ...s.values.map((v) => v.map((x, i) => (sum[i] += x)))];
}

function options(names: string[], box: HTMLElement, point: (i: number | null) => void): uPlot.Options {
  // A canvas knows no tokens: they are looked up when it is drawn, in the theme of that moment.
  const look = (property: "color" | "borderTopColor") => () => getComputedStyle(box)[property];
  const colour = (name: string) => () => (name ? getComputedStyle(box).getPropertyValue("--n" + nodeColour(name)).trim() : look("color")());
  const axis = { stroke: look("color"), grid: { stroke: look("borderTopColor"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  return {
    width: box.clientWidth, height, legend: { show: false }, padding: [8, 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { range: (_u, _min, max) => [max - span, max] }, y: { range: (_u, _min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [{ ...axis, size: 28, values: (_u, list) => list.map(clock), space: 70, incrs: [60, 120, 300] }, { ...axis, size: 48, values: (_u, list) => list.map(rate) }],
    series: [{}, ...names.map((name) => ({ stroke: colour(name), fill: colour(name), width: 1, points: { show: false } }))],
    bands: names.slice(1).map((_, i) => ({ series: [i + 2, i + 1] as [number, number] })),
    hooks: { setCursor: [(u) => point(u.cursor.left! >= 0 ? u.cursor.idx ?? null : null)] },
  };
}
