package directive

import (
	"strings"
	"testing"
)

// One line each: the words of JkOptions, what has most to say of them, and why.
func TestOptions(t *testing.T) {
	for line, want := range map[string]string{
		"+ForwardKeySize":                     "used: TLS data is always sent",
		"flushpackets FlushHeader":            "used: answers are passed on as they come",
		"+ForwardURICompat -FlushHeader":      "approximated: " + asSent + "; answers are passed on as they come all the same",
		"-DisableReuse -ForwardSSLCertChain":  "used: DisableReuse is off; ForwardSSLCertChain is off",
		"ForwardLocalAddress ForwardURIProxy": "not supported yet: the client is who it is; " + asSent,
		"-RejectUnsafeURI":                    "approximated: unsafe targets are always refused all the same",
		"ForwardURIProxy Nonsense":            "no Nonsense",
		"-ForwardURIProxy":                    "no -ForwardURIProxy",
		"++DisableReuse":                      "no ++DisableReuse",
		"+":                                   "no +",
	} {
		j := Judge(strings.Fields(line))
		got := string(j.Verdict) + ": " + j.Note
		if j.Illegal != "" {
			got = "no " + j.Illegal
		}
		if got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	if on := Judge([]string{"+DisableReuse", "-DisableReuse"}).On; len(on) != 1 || on[NoReuse] {
		t.Errorf("the last word does not count: %v", on)
	}
	if len(Options()) != len(options) || Find(strings.ToLower(Options()[0])) != nil {
		t.Error("options are no directives")
	}
}
