package balance

import (
	"testing"

	"twinhop/gateway/cluster"
)

func TestStandby(t *testing.T) {
	members := pool(t, 1, 1, 1).Members
	for _, tt := range []struct {
		name     string
		failback bool
		want     string // who has it after each of the events
	}{
		{"stays where it went", false, "node1 node2 node2 node3 node3 node1 node1"},
		{"goes back", true, "node1 node2 node1 node3 node1 node1 node1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &Standby{}
			if err := s.Configure(Params{Failback: tt.failback}); err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, gone := range [][]string{{}, {"node1"}, {}, {"node1", "node2"}, {}, {"node3"}, {}} {
				left := members
				for _, name := range gone {
					left = without(left, name)
				}
				if s.Pick(without(left, left[0].Name), &Question{}) == left[0] { // as for a message that was tried on it
					t.Error("one that is not eligible was picked")
				}
				if dry := s.Home(left, &Question{Dry: true}); s.Home(left, &Question{}) != dry {
					t.Errorf("without %v: dry said %s", gone, dry.Name)
				}
				for _, m := range members {
					if active := s.Home(left, &Question{}); s.Value(m) != map[bool]int64{true: 1}[m == active] {
						t.Errorf("%s is active, %s says %d", active.Name, m.Name, s.Value(m))
					}
				}
				got += s.Pick(left, &Question{Service: cluster.SIP}).Name + " "
			}
			if got = got[:len(got)-1]; got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if s := (&Standby{}); s.Pick(nil, &Question{}) != nil {
		t.Error("one out of none")
	}
}
