package telemetry

import "twinhop/gateway/config/decode"

// Check warns of what has no effect.
func (t *Telemetry) Check(r *decode.Reader) {
	if m := "telemetry.trace.messages"; t.Trace.MaxBytes == 0 && r.Given(m) && !r.FailedUnder("telemetry.trace") {
		r.Warn(m, "give telemetry.trace.maxBytes some memory", "has no effect: no messages are remembered")
	}
	if h := "telemetry.hep"; t.HEP.Addr == "" && r.Given(h) && !r.FailedUnder(h) {
		r.Warn(h, `add addr:, such as "udp://192.0.2.9:9060"`, "has no effect: there is nobody to send to")
	}
}
