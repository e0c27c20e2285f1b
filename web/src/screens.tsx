// The screens: what the rail offers, and which address shows what.
import { ComponentChildren } from "preact";
import { place } from "./state";
import { Empty, Head } from "./parts";
import { AccessScreen } from "./access";
import { AffinityScreen } from "./affinity";
import { ConfigScreen } from "./config";
import { EventsScreen } from "./events";
import { NodeScreen } from "./node";
import { NodesScreen } from "./nodes";
import { OverviewScreen } from "./overview";
import { RouteScreen } from "./route";
import { SessionScreen } from "./session";
import { SessionsScreen } from "./sessions";

export interface Screen {
  path: string; // first part of the address; "" is where one begins
  name: string;
  short?: string; // on narrow pages
  icon: string;
  key: string; // after g
  show: (second?: string) => ComponentChildren; // second part of the address
}

export const screens: Screen[] = [
  { path: "", name: "Overview", icon: "overview", key: "o", show: () => <OverviewScreen /> },
  { path: "nodes", name: "Nodes", icon: "nodes", key: "n", show: (name) => (name ? <NodeScreen key={name} name={name} /> : <NodesScreen />) },
  { path: "sessions", name: "Sessions", icon: "sessions", key: "s", show: (id) => (id ? <SessionScreen key={id} id={id} /> : <SessionsScreen />) },
  { path: "route", name: "Route tester", short: "Route", icon: "route", key: "r", show: () => <RouteScreen /> },
  { path: "affinity", name: "Affinity", icon: "affinity", key: "a", show: () => <AffinityScreen /> },
  { path: "config", name: "Config", icon: "config", key: "c", show: (part) => <ConfigScreen key="config" part={part} /> },
  { path: "events", name: "Events", icon: "events", key: "e", show: () => <EventsScreen /> },
  { path: "access", name: "Access", icon: "access", key: "u", show: (part) => <AccessScreen key="access" part={part} /> },
];

export const shows = (path: string) => screens.some((s) => s.path === path);

export function CurrentScreen() {
  const [first = "", second] = place.value.path;
  const screen = screens.find((s) => s.path === first);
  if (screen) return <>{screen.show(second)}</>;
  return <>
    <Head title="Not found" />
    <Empty title="There is no such page"><a href="#/">Go to the overview</a></Empty>
  </>;
}
