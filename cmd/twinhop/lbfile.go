package main

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/assembly"
	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	"twinhop/gateway/config/lbprops"
)

// lbFile is what the command line says of the file of a Mobicents or Restcomm balancer.
type lbFile struct {
	lb    string
	allow []string
	java  []string
}

func (o *lbFile) flags(f *pflag.FlagSet) {
	f.StringVar(&o.lb, "lb", "", "the `file` lb.properties or lb-configuration.xml; also -mobicents-balancer-config=FILE")
	f.StringArrayVar(&o.allow, "allow", nil, "a `network` that nodes may send heartbeats from, besides this machine's; may be repeated")
	f.StringArrayVarP(&o.java, "java", "D", nil, "a `name=value` as for java -D: logLevel; may be repeated")
}

// check complains of words that mean nothing, or that cannot be. others tells that something is said of mod_jk's files.
func (o *lbFile) check(verb string, others bool) error {
	switch {
	case o.lb == "" && len(o.allow)+len(o.java) > 0:
		return ask.Usage("%s: --allow and -D belong to the file of an old SIP balancer: give --lb, too", verb)
	case o.lb != "" && others:
		return ask.Usage("%s: --lb and mod_jk's files do not go together: convert both, and put the parts together", verb)
	}
	for _, s := range o.allow {
		if hint, err := form.Check("cidr", s); err != nil {
			return ask.Usage("%s: --allow: %v; %s", verb, err, hint)
		}
	}
	return nil
}

// read reads the file, with all that counts besides.
func (o *lbFile) read() (lbprops.Input, error) {
	text, err := config.ReadFile(o.lb)
	words := assembly.Words()
	return lbprops.Input{File: lbprops.Source{Name: o.lb, Text: text}, Java: o.java, Allow: o.allow, Networks: own,
		Class: words.OldClass, Classes: words.OldClasses}, err
}

// load reads the file, with the configuration beside it, into l.
func (o *lbFile) load(l *loaded) error {
	in, err := o.read()
	if err != nil {
		return err
	}
	var beside *lbprops.Source
	if l.extra != nil {
		beside = &lbprops.Source{Name: l.extra.Name, Text: l.extra.Text}
	}
	c, r, problems := lbprops.Load(in, beside, assembly.WordsIn(l.dir))
	l.config, l.name, l.findings, l.problems = c, o.lb, r.Findings, problems
	return nil
}

// own are the networks of this machine that have the hosts.
func own(hosts []string) []netip.Prefix {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil // what is allowed besides is told
	}
	var networks []netip.Prefix
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			networks = append(networks, p)
		}
	}
	var addrs []string
	for _, h := range hosts {
		addrs = append(addrs, addresses(h)...)
	}
	return around(addrs, networks)
}

// addresses are those of a host. A name that is not known has none: that it cannot be bound is told later.
func addresses(host string) []string {
	if _, err := netip.ParseAddr(host); err == nil {
		return []string{host}
	}
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	all, _ := net.DefaultResolver.LookupHost(ctx, host)
	return all
}

// around are those of the networks in which the hosts are; of a host that stands for every address, all. Loopback and
// what ends at the next router are left out. Each network is given with the address that this machine has in it.
func around(hosts []string, networks []netip.Prefix) (some []netip.Prefix) {
	for _, h := range hosts {
		a, err := netip.ParseAddr(h)
		if err != nil {
			continue // a name
		}
		for _, n := range networks {
			own := n.Addr().Unmap()
			if own.IsLoopback() || own.IsLinkLocalUnicast() || a.Is4() && own.Is6() || !a.IsUnspecified() && a.Unmap() != own {
				continue
			}
			if p := netip.PrefixFrom(own, n.Bits()).Masked(); !slices.Contains(some, p) {
				some = append(some, p)
			}
		}
	}
	return some
}

// javaStyle lets what stood behind "java" stay as it is: "-mobicents-balancer-config=FILE", or the file alone behind
// "-jar JAR", and "logLevel=WORD". What was for Java alone is passed over.
func javaStyle(args []string) []string {
	if len(args) == 0 || !slices.Contains([]string{"run", "serve", "check", "validate", "convert"}, args[0]) {
		return args
	}
	some, javas := []string{args[0]}, slices.ContainsFunc(args, isJavas)
	for i := 1; i < len(args); i++ {
		file, isFile := strings.CutPrefix(args[i], "-mobicents-balancer-config=")
		name, _, isOption := strings.Cut(args[i], "=")
		switch {
		case isFile:
			some = append(some, "--lb="+file)
		case args[i] == "-jar" && i+1 < len(args):
			i++
			if i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") && !strings.Contains(args[i+1], "=") {
				i++
				some = append(some, "--lb="+args[i])
			}
		case javas && (args[i] == "-cp" || args[i] == "-classpath") && i+1 < len(args):
			i++
		case javas && forJava(args[i]):
		case isOption && strings.EqualFold(name, "logLevel"):
			some = append(some, "-D"+args[i])
		default:
			some = append(some, args[i])
		}
	}
	return some
}

// isJavas tells that a line stood behind "java".
func isJavas(arg string) bool {
	return arg == "-jar" || strings.HasPrefix(arg, "-mobicents-balancer-config=")
}

// forJava tells that a word is for Java alone: memory, garbage collection, agents, the class that was run.
func forJava(arg string) bool {
	switch arg {
	case "-server", "-client", "-d64", "-ea":
		return true
	}
	for _, begin := range []string{"-X", "-javaagent:", "-agentlib:", "-verbose:", "org.mobicents.tools.sip.balancer."} {
		if strings.HasPrefix(arg, begin) {
			return true
		}
	}
	return false
}
