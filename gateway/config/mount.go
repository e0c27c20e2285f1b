package config

import (
	"slices"
	"strings"
	"time"
)

// Mount maps a URI pattern to a pool as mod_jk's URI map does: "/app/*",
// "/app|/*", exact paths; "!" in front excludes, and its pool may be "*". Or
// it maps it to a status worker. The other words are those of mod_jk's rule
// extensions; what is nil is as the pool says.
type Mount struct {
	Path   string `yaml:"path" form:"mount" required:"true"`
	Pool   string `yaml:"pool" form:"poolRef"` // without it and Status: "default"
	Status string `yaml:"status" form:"name"`

	StickyIgnore bool     `yaml:"stickyIgnore"` // session ids say nothing here
	Stateless    bool     `yaml:"stateless"`    // what comes without a session id begins none
	Active       []string `yaml:"active" form:"name" max:"256"`
	Disabled     []string `yaml:"disabled" form:"name" max:"256"`
	Stopped      []string `yaml:"stopped" form:"name" max:"256"`

	ReplyTimeout *time.Duration `yaml:"replyTimeout" max:"24h"`
	FailOnStatus *[]int         `yaml:"failOnStatus" max:"64" each:"min:\"-599\" max:\"599\""`
	ServerErrors *int           `yaml:"serverErrors" min:"0" max:"599"`
	Session      MountSession   `yaml:"session"`
}

// Variant is what the mount asks of its pool other than the pool has it, ""
// when it asks for nothing. Mounts of a pool that ask for the same share one.
func (m *Mount) Variant() string {
	var words []string
	if m.StickyIgnore {
		words = append(words, "stickyIgnore")
	}
	if m.Stateless {
		words = append(words, "stateless")
	}
	for _, list := range m.activations() {
		if len(list.nodes) > 0 {
			words = append(words, list.word+"="+strings.Join(slices.Sorted(slices.Values(list.nodes)), ","))
		}
	}
	return strings.Join(words, " ")
}

// activated are nodes with the activation that a mount gives them.
type activated struct {
	word  string // also the key
	nodes []string
}

func (m *Mount) activations() []activated {
	return []activated{{"active", m.Active}, {"disabled", m.Disabled}, {"stopped", m.Stopped}}
}

// MaxVariants is how many variants pools may have in all.
const MaxVariants = 256

// MountSession is Session in a mount.
type MountSession struct {
	Cookie  *string `yaml:"cookie" form:"token"`
	Path    *string `yaml:"path" form:"sessionPath"`
	Set     *bool   `yaml:"set"`
	SetPath *string `yaml:"setPath" form:"cookiePath"`
}

// Status is mod_jk's status worker, with its directives.
type Status struct {
	Name                string   `yaml:"-" form:"name"`
	ReadOnly            bool     `yaml:"readOnly"`
	Users               []string `yaml:"users" form:"text" max:"256"` // who may look; empty: everybody
	UserCaseInsensitive bool     `yaml:"userCaseInsensitive"`
	Allow               []string `yaml:"allow" form:"cidr" max:"64"` // networks that may change something without a login
	Good                []string `yaml:"good" form:"rating" max:"64"`
	Bad                 []string `yaml:"bad" form:"rating" max:"64"`
	CSS                 string   `yaml:"css" form:"text"`
	Prefix              string   `yaml:"prefix" form:"text"`
	NS                  string   `yaml:"ns" form:"text"`
	XMLNS               string   `yaml:"xmlns" form:"text"`
	Doctype             string   `yaml:"doctype" form:"text"`
}

// SetDefaults is called for each element of the list before it is read.
func (s *Status) SetDefaults() {
	s.ReadOnly, s.Prefix, s.NS, s.XMLNS = true, "worker", "jk:", `xmlns:jk="http://tomcat.apache.org"`
	s.Good, s.Bad = []string{"a.o", "a.n", "a.b", "a.r"}, []string{"s", "e"}
}
