package balance

import (
	"maps"
	"slices"
	"strings"
)

// algorithms is every algorithm by the name that the configuration uses.
var algorithms = map[string]func() Algorithm{
	"round-robin": func() Algorithm { return &RoundRobin{} },
	"requests":    func() Algorithm { return &Requests{} },
	"sessions":    func() Algorithm { return &Requests{OnlyNew: true} },
	"next":        func() Algorithm { return &Next{} },
	"traffic":     func() Algorithm { return &Traffic{} },
	"busyness":    func() Algorithm { return &Busyness{} },
	"random":      func() Algorithm { return &Random{} },
	"hash":        func() Algorithm { return &Hash{} },
	"pure-hash":   func() Algorithm { return &PureHash{} },
	"least-load":  func() Algorithm { return &Reported{} },

	"resources":      func() Algorithm { return &Resources{} },
	"active-standby": func() Algorithm { return &Standby{} },
}

// deterministic are the algorithms that give one key the same node on every
// gateway.
var deterministic = []string{"hash", "pure-hash"}

// homes are the algorithms that say where a key belongs, whatever the table
// knows.
var homes = []string{"active-standby", "pure-hash"}

// takes says which algorithms heed which parameter of the configuration.
var takes = map[string][]string{
	"failback":  {"active-standby"},
	"reportAge": {"least-load"},
	"rampUp":    {"busyness", "least-load", "next", "random", "requests", "round-robin", "sessions", "traffic"},
}

// New returns an algorithm of that name, for one pool: it must not serve two.
// ok is false when there is none.
func New(name string) (a Algorithm, ok bool) {
	make, ok := algorithms[name]
	if !ok {
		return nil, false
	}
	return make(), true
}

// Names lists all algorithms, sorted.
func Names() []string { return slices.Sorted(maps.Keys(algorithms)) }

// Deterministic lists the algorithms that give one key the same node on every
// gateway.
func Deterministic() []string { return slices.Clone(deterministic) }

// Homes lists the algorithms that say where a key belongs, whatever the table
// knows.
func Homes() []string { return slices.Clone(homes) }

// Takes tells which algorithms heed which parameter of the configuration.
func Takes() map[string][]string { return maps.Clone(takes) }

// Class is what a class of the Mobicents and Restcomm SIP balancer is here.
type Class struct {
	Name    string // the algorithm that does the same
	Group   bool   // with group failover (Heirs)
	Refused string // why there is none
}

// classes are the old ones by their simple names, without "Algorithm" and
// "BalancerAlgorithm" at their ends. What is sticky in them is the affinity
// table's business: what is left is how new work is placed.
var classes = map[string]Class{
	"CallIDAffinity":           {Name: "round-robin"},
	"UserBased":                {Name: "round-robin"}, // and Pins
	"ClusterSubdomainAffinity": {Name: "round-robin", Group: true},
	"PersistentConsistentHash": {Name: "hash"},
	"HeaderConsistentHash":     {Name: "pure-hash"},
	"PureConsistentHash":       {Name: "pure-hash"},
	"ActiveStandby":            {Name: "active-standby"},
	"WorstCaseUdpTestAffinity": {Refused: "it gives each message of a call to another node, to test whether nodes replicate: calls break on it"},
}

// OldClasses lists the names of the old classes, without their packages.
func OldClasses() []string {
	return []string{"ActiveStandbyAlgorithm", "CallIDAffinityBalancerAlgorithm", "ClusterSubdomainAffinityAlgorithm", "HeaderConsistentHashBalancerAlgorithm",
		"PersistentConsistentHashBalancerAlgorithm", "PureConsistentHashBalancerAlgorithm", "UserBasedAlgorithm", "WorstCaseUdpTestAffinityAlgorithm"}
}

// OldClass finds what was called by the name of a Java class, with or without
// its package.
func OldClass(word string) (Class, bool) {
	word = word[strings.LastIndexByte(word, '.')+1:]
	stem, ok := strings.CutSuffix(word, "Algorithm")
	if !ok {
		return Class{}, false
	}
	c, ok := classes[strings.TrimSuffix(stem, "Balancer")]
	return c, ok
}
