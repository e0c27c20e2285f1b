package assembly

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	"twinhop/http/ajp"
)

// ajpNodes are the settings of the nodes that speak AJP13, by address. spec has
// the nodes of c in their order, their names resolved.
func ajpNodes(c *config.Config, p places, spec *cluster.Spec) (map[string]ajp.Settings, error) {
	all := map[string]ajp.Settings{}
	for i := range c.Nodes {
		n := &c.Nodes[i]
		if !n.SpeaksAJP() {
			continue
		}
		s, err := ajpSettings(&n.AJP, p)
		if err != nil {
			return nil, fmt.Errorf("%s: ajp.secretFile: %w", n.Name, err)
		}
		for _, a := range spec.Nodes[i].HTTP {
			all[a.Addr.String()] = s
		}
	}
	return all, nil
}

// ajpSettings says the same as the configuration in the words of the client.
func ajpSettings(a *config.AJP, p places) (ajp.Settings, error) {
	s := ajp.Settings{Secret: a.Secret, PacketSize: int(a.PacketSize), ConnectTimeout: off(a.ConnectTimeout), HeaderTimeout: off(a.ReplyTimeout),
		BodyTimeout: a.BodyTimeout, IdleTimeout: off(a.IdleTimeout), MaxIdle: off(a.MaxIdle), MinIdle: a.MinIdle, MaxConns: a.Connections,
		AcquireTimeout: off(a.AcquireTimeout), PingConnect: a.Ping.Connect, PingRequest: a.Ping.Request, PingInterval: a.Ping.Interval,
		PingTimeout: a.Ping.Timeout, PingConnectTimeout: a.Ping.ConnectTimeout, PingRequestTimeout: a.Ping.RequestTimeout, Variables: a.Variables, CertChain: a.CertChain}
	s.Source, _ = netip.ParseAddr(a.Source) // "": the system's choice
	for _, one := range a.Attributes {
		s.Attributes = append(s.Attributes, ajp.Attribute{Name: one.Name, Value: one.Value})
	}
	if a.SecretFile == "" {
		return s, nil
	}
	var err error
	s.Secret, err = firstLine(p.file(a.SecretFile))
	return s, err
}

// errNoSecret is why the file of a secret is not taken.
var errNoSecret = errors.New("its first line is no secret of 1 to 255 visible characters")

// firstLine reads a secret from its file.
func firstLine(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	line, err := bufio.NewReader(io.LimitReader(f, 1024)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	line = strings.TrimRight(line, "\r\n")
	if !form.IsSecret(line) {
		return "", fmt.Errorf("%s: %w", name, errNoSecret)
	}
	return line, nil
}
