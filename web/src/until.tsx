import { now } from "./parts";
import { absolute, duration } from "./words";

// Until is the time that is left until something ends.
export function Until({ at }: { at?: string }) {
  if (!at) return <>–</>;
  const left = Date.parse(at) - now.value;
  return <time dateTime={at} title={absolute(at)}>{left > 0 ? duration(left) : "over"}</time>;
}
