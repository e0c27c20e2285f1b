package balance

import "testing"

func TestOldClasses(t *testing.T) {
	for word, want := range map[string]Class{
		"CallIDAffinityBalancerAlgorithm":                                  {Name: "round-robin"},
		"org.mobicents.tools.sip.balancer.CallIDAffinityBalancerAlgorithm": {Name: "round-robin"},
		"org.mobicens.tools.UserBasedAlgorithm":                            {Name: "round-robin"},
		"ClusterSubdomainAffinityAlgorithm":                                {Name: "round-robin", Group: true},
		"a.b.PersistentConsistentHashBalancerAlgorithm":                    {Name: "hash"},
		"HeaderConsistentHashBalancerAlgorithm":                            {Name: "pure-hash"},
		"PureConsistentHashBalancerAlgorithm":                              {Name: "pure-hash"},
		"ActiveStandbyAlgorithm":                                           {Name: "active-standby"},
	} {
		c, ok := OldClass(word)
		if !ok || c != want {
			t.Errorf("%s: %+v %v", word, c, ok)
		}
		if _, ok := New(c.Name); !ok {
			t.Errorf("%s: there is no %q", word, c.Name)
		}
	}
	if len(OldClasses()) != len(classes) {
		t.Errorf("%d names of %d classes", len(OldClasses()), len(classes))
	}
	for _, name := range OldClasses() {
		if _, ok := OldClass(name); !ok {
			t.Errorf("there is no %s", name)
		}
	}
	if c, ok := OldClass("WorstCaseUdpTestAffinityAlgorithm"); !ok || c.Refused == "" || c.Name != "" {
		t.Errorf("%+v %v", c, ok)
	}
	for _, word := range []string{"", "hash", "CallIDAffinity", "Algorithm", "x.", "BalancerAlgorithm"} {
		if c, ok := OldClass(word); ok {
			t.Errorf("%q: %+v", word, c)
		}
	}
}
