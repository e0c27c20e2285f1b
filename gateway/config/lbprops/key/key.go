package key

import (
	"slices"
	"strings"

	"twinhop/gateway/config/verdict"
)

// Key is a word of the old files and what becomes of it when it is used as it should be.
type Key struct {
	Name    string // in lb.properties; of what only the XML has, its path there. "*" at the end stands for anything
	XML     string // path below load-balancer-properties; "": lb.properties alone has it
	Verdict verdict.Verdict
	Note    string // the key it becomes, how it differs, or why it is ignored or refused
}

var (
	all    = slices.Concat(network, secure, balancing, signalling, rest)
	byName = index(func(k *Key) string {
		if strings.Contains(k.Name, "/") {
			return ""
		}
		return k.Name
	})
	byPath = index(func(k *Key) string { return k.XML })
	names  = known(byName)
	paths  = known(byPath)
)

func index(of func(*Key) string) map[string]*Key {
	m := map[string]*Key{}
	for i := range all {
		if name := of(&all[i]); name != "" {
			m[name] = &all[i]
		}
	}
	return m
}

// known are the names that stand for themselves alone, in the order of the table.
func known(m map[string]*Key) (some []string) {
	for i := range all {
		for _, name := range []string{all[i].Name, all[i].XML} {
			if m[name] == &all[i] && !strings.HasSuffix(name, "*") && !slices.Contains(some, name) {
				some = append(some, name)
			}
		}
	}
	return some
}

// All returns every key that is known.
func All() []Key { return slices.Clone(all) }

// Names are all keys of lb.properties, for whoever misspelt one.
func Names() []string { return names }

// Paths are all elements of the XML.
func Paths() []string { return paths }

// Find returns what is known of a key of lb.properties, nil if there is no such.
func Find(name string) *Key { return find(byName, name) }

// FindXML returns what is known of an element, by its path below load-balancer-properties, nil if there is no such.
func FindXML(path string) *Key {
	if now, ok := otherPaths[path]; ok {
		path = now
	}
	return find(byPath, path)
}

func find(m map[string]*Key, name string) *Key {
	if k := m[name]; k != nil {
		return k
	}
	for _, stem := range []string{"smpp/", "smpp", "javax.sip.", "javax.net.", "gov.nist."} {
		if k := m[stem+"*"]; k != nil && strings.HasPrefix(name, stem) {
			return k
		}
	}
	return nil
}

// otherPaths are where the XML of some versions has what others have elsewhere.
var otherPaths = map[string]string{
	"heartbeat/heartbeatConfig/rmiRegistryPort":                "common/rmiRegistryPort",
	"heartbeat/heartbeatConfig/rmiRemoteObjectPort":            "common/rmiRemoteObjectPort",
	"sip/algorithm/subclusterMap":                              "sip/subclusterMap",
	"sip/algorithm/earlyDialogWorstCase":                       "sip/earlyDialogWorstCase",
	"sip/algorithm/persistentConsistentHashCacheConfiguration": "sip/persistentConsistentHashCacheConfiguration",
}
